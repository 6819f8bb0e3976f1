// The type of a column, as it is written: DOUBLE, DECIMAL(18,3), GEOHASH(8c), DOUBLE[][].
#pragma once

#include "net/ddl/statement.h"
#include "net/ddl/token_reader.h"

namespace net {

// Of those that QuestDB has, by its name or an alias. Something is wrong with any other.
DdlType take_type(TokenReader& reader);

}  // namespace net
