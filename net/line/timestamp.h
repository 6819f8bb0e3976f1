// Timestamps as lines write them: a number, and the unit that its suffix names.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/time.h"

namespace net {

struct TimestampToken {
  int64_t value = 0;
  engine::TimeUnit unit = engine::TimeUnit::unspecified;
};

// A long with one suffix n, t (microseconds) or m (milliseconds), or none.
std::optional<TimestampToken> parse_timestamp(std::string_view token);

}  // namespace net
