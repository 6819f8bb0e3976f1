// One value of a line: what was sent, before any column is looked at.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <string_view>

#include "net/line/error.h"
#include "net/line/timestamp.h"

namespace net {

// The least integer of 64 bits, which stands for none.
inline constexpr int64_t null_long = std::numeric_limits<int64_t>::min();

enum class ValueKind : uint8_t { null, symbol, integer, real, string, boolean, long256, timestamp, array, decimal };

// What stands behind the '=' of a tag or field.
struct LineValue {
  ValueKind kind = ValueKind::null;
  engine::TimeUnit unit = engine::TimeUnit::unspecified;  // never unspecified in a timestamp
  uint64_t bits = 0;  // integer, real, boolean or timestamp: the least long as it is; array: how many dimensions, 0 for null
  // symbol, string: the content, unescaped; array: its dimensions and values, as they lie in a binary value; decimal: what
  // read_decimal takes; others: the token as sent, with suffix and 0x, and nothing when it came in binary
  std::string_view text;

  int64_t integer() const { return static_cast<int64_t>(bits); }  // integer, timestamp
  double real() const { return std::bit_cast<double>(bits); }
  bool boolean() const { return bits != 0; }
};

// Reads an unescaped field value that did not begin with a quote and is not empty: its last byte says what it is. Sets `value`,
// whose text then points into `text`, or returns why it is none.
LineError read_field(std::string_view text, LineValue& value);

}  // namespace net
