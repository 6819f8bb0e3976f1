#include "net/line/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <system_error>

#include "fast_float/fast_float.h"
#include "net/line/plain_number.h"

namespace net {
namespace {

std::optional<int64_t> with_sign(uint64_t magnitude, bool negative) {
  constexpr auto positive_max = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (magnitude > positive_max + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
}

// Underscores, a trailing L, more than 19 digits.
std::optional<int64_t> parse_long_slowly(std::string_view digits, bool negative) {
  if (!digits.empty() && (digits.back() == 'L' || digits.back() == 'l')) digits.remove_suffix(1);
  if (digits.empty()) return std::nullopt;
  uint64_t magnitude = 0;
  bool digit_before = false;
  for (const char byte : digits) {
    if (byte == '_' && digit_before) {
      digit_before = false;
      continue;
    }
    if (!is_digit(byte)) return std::nullopt;
    if (__builtin_mul_overflow(magnitude, 10U, &magnitude)) return std::nullopt;
    if (__builtin_add_overflow(magnitude, static_cast<uint64_t>(byte - '0'), &magnitude)) return std::nullopt;
    digit_before = true;
  }
  if (!digit_before) return std::nullopt;
  return with_sign(magnitude, negative);
}

// The one exit for finite values: text that is too large or too small for a double is rejected, not bent.
std::optional<double> in_range(double magnitude, bool is_zero, bool negative) {
  if (std::isinf(magnitude) || (magnitude == 0 && !is_zero)) return std::nullopt;
  return negative ? -magnitude : magnitude;
}

bool is_exponent(std::string_view text) {
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  return !text.empty() && read_digits(text.data(), end, 0).end == end;
}

// `digits` follows 0x. The standard library reads the value, the grammar is ours: 'p' and its digits are not optional.
std::optional<double> parse_hex_double(std::string_view digits, bool negative) {
  const size_t exponent_at = digits.find_first_of("pP");
  if (exponent_at == std::string_view::npos || !is_exponent(digits.substr(exponent_at + 1))) return std::nullopt;
  const std::string_view mantissa = digits.substr(0, exponent_at);
  if (mantissa.starts_with('-')) return std::nullopt;  // from_chars takes a sign of its own
  const bool is_zero = mantissa.find_first_not_of("0.") == std::string_view::npos;
  double magnitude = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, magnitude, std::chars_format::hex);
  if (stop != end || error != std::errc{}) return std::nullopt;
  return in_range(magnitude, is_zero, negative);
}

std::optional<double> parse_decimal_double(std::string_view token, bool negative) {
  const char* const begin = token.data();
  const char* const end = begin + token.size();
  auto [at, mantissa] = read_digits(begin, end, 0);
  auto digit_count = static_cast<size_t>(at - begin);
  int64_t exponent = 0;
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    const Digits all = read_digits(at, end, mantissa);
    at = all.end;
    mantissa = all.value;
    digit_count += static_cast<size_t>(at - fraction);
    exponent = fraction - at;
  }
  if (digit_count == 0) return std::nullopt;
  const char* const mantissa_end = at;
  if (at != end) {
    const std::string_view power(at + 1, static_cast<size_t>(end - at - 1));
    if ((*at != 'e' && *at != 'E') || !is_exponent(power)) return std::nullopt;
    constexpr size_t power_size_max = 6;  // longer ones are left to the slow path
    if (power.size() > power_size_max) {
      digit_count = digits_exact_max + 1;
    } else {
      int64_t power_value = 0;
      std::from_chars(power.data() + (power.front() == '+' ? 1 : 0), end, power_value);
      exponent += power_value;
    }
  }
  if (digit_count <= digits_exact_max && mantissa <= exact_mantissa_max && std::abs(exponent) <= exact_power_max) {
    const double magnitude = exact_double(mantissa, exponent);
    return negative ? -magnitude : magnitude;
  }
  const std::string_view mantissa_text(begin, static_cast<size_t>(mantissa_end - begin));
  const bool is_zero = mantissa_text.find_first_not_of("0.") == std::string_view::npos;
  double magnitude = 0;
  const auto [stop, error] = fast_float::from_chars(begin, end, magnitude);
  if (stop != end) return std::nullopt;
  return in_range(magnitude, is_zero, negative);
}

}  // namespace

std::optional<int64_t> parse_long(std::string_view token) {
  const bool negative = !token.empty() && token.front() == '-';
  if (negative) token.remove_prefix(1);
  const char* const end = token.data() + token.size();
  if (token.empty() || token.size() > digits_exact_max) return parse_long_slowly(token, negative);
  const Digits digits = read_digits(token.data(), end, 0);
  return digits.end == end ? with_sign(digits.value, negative) : parse_long_slowly(token, negative);
}

std::optional<double> parse_double(std::string_view token) {
  const bool negative = !token.empty() && token.front() == '-';
  if (negative || (!token.empty() && token.front() == '+')) token.remove_prefix(1);
  if (token.empty()) return std::nullopt;
  if (token == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (token == "Infinity") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    return negative ? -infinity : infinity;
  }
  if (token.back() == 'D') token.remove_suffix(1);
  if (token.starts_with("0x") || token.starts_with("0X")) return parse_hex_double(token.substr(2), negative);
  return parse_decimal_double(token, negative);
}

std::optional<std::array<uint64_t, 4>> parse_long256(std::string_view digits) {
  constexpr size_t word_digits = 16;
  std::array<uint64_t, 4> words{};
  if (digits.empty() || digits.size() > words.size() * word_digits) return std::nullopt;
  for (uint64_t& word : words) {
    if (digits.empty()) break;
    const std::string_view low = digits.substr(digits.size() - std::min(digits.size(), word_digits));
    const char* const end = low.data() + low.size();
    const auto [stop, error] = std::from_chars(low.data(), end, word, 16);
    if (stop != end || error != std::errc{}) return std::nullopt;
    digits.remove_suffix(low.size());
  }
  return words;
}

}  // namespace net
