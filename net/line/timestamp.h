// Timestamps as lines write them: a number, and the unit that its suffix names.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace net {

enum class TimestampUnit : uint8_t {
  unspecified,  // no suffix: the transport has a default
  ns,
  us,
  ms,
  seconds,  // this and the longer ones only as an HTTP request's default
  minutes,
  hours,
};

struct TimestampToken {
  int64_t value = 0;
  TimestampUnit unit = TimestampUnit::unspecified;
};

// A long with one suffix n, t (microseconds) or m (milliseconds), or none.
std::optional<TimestampToken> parse_timestamp(std::string_view token);

}  // namespace net
