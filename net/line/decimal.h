// Decimals as lines send them: digits with a suffix, or scale and two's complement in binary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/wide_number.h"
#include "net/line/error.h"

namespace net {

inline constexpr char decimal_binary_type = 23;  // no digit, nor anything else that a text begins with
inline constexpr size_t decimal_scale_max = engine::wide_digits_max;

// magnitude / 10^scale.
struct Decimal {
  engine::WideNumber magnitude{};
  bool negative = false;
  bool is_null = false;
  uint8_t scale = 0;
};

// [+-] digits ['.' digits] [e [+-] digits], or [+-] NaN, Infinity, which are null. Zeros behind the point count towards the
// scale. Text that is none is invalid_field_value.
LineError parse_decimal(std::string_view text, Decimal& decimal);

// payload := | scale u8 | size u8 | number in two's complement, most significant byte first |
// A size of 0, or beyond 127, is null and has no number. `payload` is whole and its scale is good.
LineError read_binary_decimal(std::string_view payload, Decimal& decimal);

// Text of either form as a LineValue holds it: with the suffix, or with the type byte in front of the payload.
LineError read_decimal(std::string_view text, Decimal& decimal);

}  // namespace net
