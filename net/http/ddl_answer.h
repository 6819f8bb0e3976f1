// What /exec answers to a statement that is no query, in QuestDB's JSON.
//
//   {"ddl":"OK"}
//   {"ddl":"OK","notice":"..."}: a wish of it has no effect here
//   400 {"query":"drop table 'nosuch'","error":"table does not exist [table=nosuch]","position":11}
#pragma once

#include <optional>
#include <string_view>

#include "net/ddl/statement.h"
#include "net/http/exchange.h"

namespace net {

// What whoever sent it should know of a statement that is carried out; empty: nothing.
std::string_view ddl_notice(const DdlStatement& statement);

// Positions are told in UTF-16 code units, as QuestDB counts characters.
HttpAnswer make_ddl_answer(std::string_view query, const std::optional<DdlError>& error, std::string_view notice = {});

}  // namespace net
