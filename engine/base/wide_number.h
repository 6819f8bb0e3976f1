// Whole numbers of up to 256 bits, as decimals are made of: magnitudes, with their signs apart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace engine {

using WideNumber = std::array<uint64_t, 4>;  // least significant word first

inline constexpr size_t wide_digits_max = 76;  // any number of 76 decimal digits fits, and so does its two's complement

// number * factor + addend. False when that does not fit; then `number` means nothing.
[[nodiscard]] bool multiply_add(WideNumber& number, uint64_t factor, uint64_t addend);

// Divides by `divisor`, and returns the remainder.
uint64_t divide(WideNumber& number, uint64_t divisor);

// `exponent` is at most wide_digits_max.
const WideNumber& wide_power_of_ten(size_t exponent);

bool is_zero(const WideNumber& number);
bool is_less(const WideNumber& a, const WideNumber& b);

// In two's complement: a number becomes its opposite.
WideNumber negated(const WideNumber& number);

struct SignedWide {
  WideNumber magnitude{};
  bool negative = false;
};

// `bytes` are at most 32, in two's complement and little-endian.
SignedWide read_signed(std::span<const std::byte> bytes);

// Appends the number divided by 10^scale, with exactly so many digits behind the point: "-0.500", without one "12".
void append_decimal(std::string& target, SignedWide number, size_t scale);

}  // namespace engine
