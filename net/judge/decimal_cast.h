// Whatever a decimal can be made of, brought to the scale and the width of a column.
#pragma once

#include "net/judge/casts.h"

namespace net {

// Of an integer, a double, a string or a decimal.
CastResult cast_decimal(const LineValue& value, const storage::Column& column, CastRoom& room, JudgedCell& target);

}  // namespace net
