#include "net/line/decimal.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "engine/base/verify.h"
#include "net/line/plain_number.h"

namespace net {
namespace {

constexpr int64_t exponent_max = 1'000'000;  // larger ones mean the same: no decimal has such a scale

struct Digits256 {
  engine::WideNumber magnitude{};
  int64_t count = 0;
  bool fits = true;
};

// The digits at the front of `text`, which they are removed from, as further ones of `digits`.
void take_digits(std::string_view& text, Digits256& digits) {
  size_t count = 0;
  for (; count < text.size() && is_digit(text[count]); ++count) {
    digits.fits = digits.fits && engine::multiply_add(digits.magnitude, 10, static_cast<uint64_t>(text[count] - '0'));
  }
  digits.count += static_cast<int64_t>(count);
  text.remove_prefix(count);
}

// `text` follows the 'e'.
std::optional<int64_t> read_exponent(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  int64_t exponent = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, exponent);
  if (stop != end) return std::nullopt;
  if (error == std::errc::result_out_of_range || exponent > exponent_max) exponent = exponent_max;
  return negative ? -exponent : exponent;
}

}  // namespace

LineError parse_decimal(std::string_view text, Decimal& decimal) {
  decimal = {};
  decimal.negative = text.starts_with('-');
  if (decimal.negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "NaN" || text == "Infinity") {
    decimal.is_null = true;
    return LineError::none;
  }
  Digits256 digits;
  take_digits(text, digits);
  int64_t scale = -digits.count;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    take_digits(text, digits);
  }
  scale += digits.count;
  if (digits.count == 0) return LineError::invalid_field_value;
  if (!text.empty()) {
    if (text.front() != 'e' && text.front() != 'E') return LineError::invalid_field_value;
    const std::optional<int64_t> exponent = read_exponent(text.substr(1));
    if (!exponent) return LineError::invalid_field_value;
    scale -= *exponent;
  }
  if (engine::is_zero(digits.magnitude)) scale = std::max<int64_t>(scale, 0);
  for (; digits.fits && scale < 0; ++scale) {
    digits.fits = engine::multiply_add(digits.magnitude, 10, 0);
  }
  if (!digits.fits || !engine::is_less(digits.magnitude, engine::wide_power_of_ten(engine::wide_digits_max))) {
    return LineError::decimal_overflow;
  }
  if (scale > static_cast<int64_t>(decimal_scale_max)) return LineError::decimal_invalid_scale;
  decimal.magnitude = digits.magnitude;
  decimal.scale = static_cast<uint8_t>(scale);
  return LineError::none;
}

LineError read_decimal(std::string_view text, Decimal& decimal) {
  VERIFY_DEBUG(!text.empty());
  if (text.front() == decimal_binary_type) return read_binary_decimal(text.substr(1), decimal);
  return parse_decimal(text.substr(0, text.size() - 1), decimal);
}

LineError read_binary_decimal(std::string_view payload, Decimal& decimal) {
  constexpr size_t header_size = 2;
  constexpr size_t word_bytes = sizeof(uint64_t);
  VERIFY_DEBUG(payload.size() >= header_size);
  decimal = {};
  decimal.scale = static_cast<uint8_t>(payload[0]);
  const std::string_view number = payload.substr(header_size);
  if (number.empty()) {
    decimal.is_null = true;
    return LineError::none;
  }
  decimal.negative = (static_cast<uint8_t>(number.front()) & 0x80U) != 0;
  const uint8_t sign_byte = decimal.negative ? 0xff : 0;
  engine::WideNumber value{};
  value.fill(decimal.negative ? UINT64_MAX : 0);
  for (size_t i = 0; i < number.size(); ++i) {
    const auto byte = static_cast<uint8_t>(number[number.size() - 1 - i]);
    if (i < sizeof(value)) {
      uint64_t& word = value[i / word_bytes];
      const size_t shift = i % word_bytes * 8;
      word = (word & ~(uint64_t{0xff} << shift)) | uint64_t{byte} << shift;
    } else if (byte != sign_byte) {
      return LineError::decimal_overflow;
    }
  }
  if ((value.back() >> 63U != 0) != decimal.negative) return LineError::decimal_overflow;
  decimal.magnitude = decimal.negative ? engine::negated(value) : value;
  return LineError::none;
}

}  // namespace net
