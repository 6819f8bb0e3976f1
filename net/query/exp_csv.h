// Answers of GET /exp: CSV in QuestDB's shape.
//
//   "symbol","price","timestamp"\r\n
//   "a ""b""",1.5,"2026-12-01T00:00:00.000000Z"\r\n
//
// Names, texts, times, arrays and decimals stand in double quotes, in which a double quote is written twice and everything else
// as it is; numbers, booleans and characters do not. A null is nothing at all, and so can be told from an empty text.
#pragma once

#include <memory>
#include <string>

#include "net/query/answer_form.h"

namespace net {

std::unique_ptr<AnswerFormat> make_exp_csv(const AnswerForm& form);

// Appends the fewest digits that read back as the same number, as Java writes them: "1.0", "1.0E-7", "1.23456789125E8". The
// value is finite.
void append_csv_double(std::string& target, double value);
void append_csv_float(std::string& target, float value);

}  // namespace net
