// Answers of GET /exec in QuestDB's JSON shape, and its JSON of errors.
//
//   {"query":"...","columns":[{"name":"s","type":"SYMBOL"},...],"timestamp":1,"dataset":[[...],...],"count":2}
//   {"query":"...","error":"table does not exist [table=nosuch]","position":14}
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "net/query/answer_form.h"
#include "net/sql/value.h"

namespace net {

std::unique_ptr<AnswerFormat> make_exec_json();

// Appends `text` in double quotes with JSON's escapes. Bytes that are not UTF-8 become U+FFFD, so that the result always is.
void append_json_text(std::string& target, std::string_view text);

// What is answered to a statement that fails; `position` in UTF-16 code units, as QuestDB counts characters.
std::string make_error_json(std::string_view query, std::string_view error, size_t position);

// Appends a cell as a JSON value.
void append_json_cell(std::string& target, const SqlCell& cell);

}  // namespace net
