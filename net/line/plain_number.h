// Decimal digits, and the plainest numbers of line protocol text, which are most of them: read in one pass that also finds
// where they end. Whatever else a number may be written like is number.h's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace net {

inline constexpr size_t digits_exact_max = 19;  // any 19 digits fit an uint64_t

constexpr bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// True when all eight bytes of the word are '0'..'9': the high nibble is 3, and stays 3 after adding 6.
constexpr bool is_eight_digits(uint64_t word) {
  return ((word & 0xf0f0f0f0f0f0f0f0U) | (((word + 0x0606060606060606U) & 0xf0f0f0f0f0f0f0f0U) >> 4)) == 0x3333333333333333U;
}

// Adds neighbours in three steps: 8 digits -> 4 pairs -> 2 quads -> 1 number. The first digit is the lowest byte.
constexpr uint64_t eight_digits(uint64_t word) {
  word -= 0x3030303030303030U;
  word = word * 10 + (word >> 8);
  return (((word & 0x000000ff000000ffU) * 0x000f424000000064U) +
          (((word >> 16) & 0x000000ff000000ffU) * 0x0000271000000001U)) >>
         32;
}

struct Digits {
  const char* end = nullptr;
  uint64_t value = 0;  // modulo 2^64
};

// The digits from `at` on, as further ones of `value`. By value, which stays in a register.
inline Digits read_digits(const char* at, const char* end, uint64_t value) {
  while (end - at >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    if (!is_eight_digits(word)) break;
    value = value * 100'000'000 + eight_digits(word);
    at += 8;
  }
  for (; at != end && is_digit(*at); ++at) value = value * 10 + static_cast<uint64_t>(*at - '0');
  return {at, value};
}

inline constexpr uint64_t exact_mantissa_max = uint64_t{1} << 53;
inline constexpr int64_t exact_power_max = 22;

// mantissa x 10^exponent. Mantissa and power of ten both are exact doubles, so it is one correctly rounded operation
// (Clinger 1990): `mantissa` is at most exact_mantissa_max, `exponent` from -exact_power_max to exact_power_max.
inline double exact_double(uint64_t mantissa, int64_t exponent) {
  static constexpr std::array<double, exact_power_max + 1> powers_of_ten{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                                         1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                                         1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const auto magnitude = static_cast<double>(mantissa);
  return exponent < 0 ? magnitude / powers_of_ten[static_cast<size_t>(-exponent)]
                      : magnitude * powers_of_ten[static_cast<size_t>(exponent)];
}

// [-] digits ['.' digits] with at least one digit, exact both as a long and, with the point, as a double.
struct PlainNumber {
  const char* end = nullptr;  // behind the last digit; null: this is no such number, or `end` cuts it
  uint64_t mantissa = 0;      // at most exact_mantissa_max
  int64_t fraction_digits = 0;
  bool has_point = false;
  bool negative = false;

  int64_t integer() const {
    const auto magnitude = static_cast<int64_t>(mantissa);
    return negative ? -magnitude : magnitude;
  }

  double real() const {
    const double magnitude = exact_double(mantissa, -fraction_digits);
    return negative ? -magnitude : magnitude;
  }
};

inline PlainNumber read_plain_number(const char* at, const char* end) {
  PlainNumber number;
  number.negative = at != end && *at == '-';
  if (number.negative) ++at;
  Digits digits = read_digits(at, end, 0);
  auto digit_count = static_cast<size_t>(digits.end - at);
  if (digits.end != end && *digits.end == '.') {
    const char* const fraction = digits.end + 1;
    digits = read_digits(fraction, end, digits.value);
    number.has_point = true;
    number.fraction_digits = digits.end - fraction;
    digit_count += static_cast<size_t>(number.fraction_digits);
  }
  number.mantissa = digits.value;
  if (digit_count != 0 && digit_count <= digits_exact_max && digits.value <= exact_mantissa_max && digits.end != end) {
    number.end = digits.end;
  }
  return number;
}

}  // namespace net
