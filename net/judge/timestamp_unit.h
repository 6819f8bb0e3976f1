// Timestamps between the unit they were sent in and the unit of their column.
#pragma once

#include <cstdint>
#include <optional>

#include "net/line/timestamp.h"
#include "storage/schema/schema.h"

namespace net {

// `value` in the unit of a column of `type`, rounded towards zero; nothing when it does not fit. `unit` is not unspecified.
std::optional<int64_t> convert_timestamp(int64_t value, engine::TimeUnit unit, storage::ColumnType type);

// What a timestamp must be when nobody said: the unit in which it is less than about 158 years away from 1970.
engine::TimeUnit guess_time_unit(int64_t timestamp);

}  // namespace net
