// What /exec answers to a statement that is no query, in QuestDB's JSON.
//
//   {"ddl":"OK"}
//   400 {"query":"drop table 'nosuch'","error":"table does not exist [table=nosuch]","position":11}
#pragma once

#include <optional>
#include <string_view>

#include "net/ddl/statement.h"
#include "net/http/exchange.h"

namespace net {

// Positions are told in UTF-16 code units, as QuestDB counts characters.
HttpAnswer make_ddl_answer(std::string_view query, const std::optional<DdlError>& error);

}  // namespace net
