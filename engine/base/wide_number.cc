#include "engine/base/wide_number.h"

#include <algorithm>
#include <cstring>

#include "engine/base/verify.h"

namespace engine {
namespace {

__extension__ using DoubleWord = unsigned __int128;

constexpr unsigned word_bits = 64;

constexpr bool multiply_add_words(WideNumber& number, uint64_t factor, uint64_t addend) {
  uint64_t carry = addend;
  for (uint64_t& word : number) {
    const DoubleWord product = DoubleWord{word} * factor + carry;
    word = static_cast<uint64_t>(product);
    carry = static_cast<uint64_t>(product >> word_bits);
  }
  return carry == 0;
}

constexpr std::array<WideNumber, wide_digits_max + 1> powers_of_ten = [] {
  std::array<WideNumber, wide_digits_max + 1> powers{};
  powers[0][0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) {
    powers[i] = powers[i - 1];
    multiply_add_words(powers[i], 10, 0);
  }
  return powers;
}();
static_assert(powers_of_ten.back().back() >> (word_bits - 1) == 0);  // room for a sign

}  // namespace

bool multiply_add(WideNumber& number, uint64_t factor, uint64_t addend) { return multiply_add_words(number, factor, addend); }

uint64_t divide(WideNumber& number, uint64_t divisor) {
  VERIFY_DEBUG(divisor != 0);
  uint64_t remainder = 0;
  for (size_t i = number.size(); i-- > 0;) {
    const DoubleWord dividend = DoubleWord{remainder} << word_bits | number[i];
    number[i] = static_cast<uint64_t>(dividend / divisor);
    remainder = static_cast<uint64_t>(dividend % divisor);
  }
  return remainder;
}

const WideNumber& wide_power_of_ten(size_t exponent) {
  VERIFY_LE(exponent, wide_digits_max);
  return powers_of_ten[exponent];
}

bool is_zero(const WideNumber& number) { return number == WideNumber{}; }

bool is_less(const WideNumber& a, const WideNumber& b) {
  for (size_t i = a.size(); i-- > 0;) {
    if (a[i] != b[i]) return a[i] < b[i];
  }
  return false;
}

WideNumber negated(const WideNumber& number) {
  WideNumber opposite{};
  uint64_t carry = 1;
  for (size_t i = 0; i < number.size(); ++i) {
    opposite[i] = ~number[i] + carry;
    carry = carry != 0 && opposite[i] == 0 ? 1 : 0;
  }
  return opposite;
}

SignedWide read_signed(std::span<const std::byte> bytes) {
  VERIFY(!bytes.empty());
  SignedWide number{.magnitude = {}, .negative = (bytes.back() & std::byte{0x80}) != std::byte{0}};
  VERIFY_LE(bytes.size(), sizeof(number.magnitude));
  number.magnitude.fill(number.negative ? UINT64_MAX : 0);
  std::memcpy(number.magnitude.data(), bytes.data(), bytes.size());
  if (number.negative) number.magnitude = negated(number.magnitude);
  return number;
}

void append_decimal(std::string& target, SignedWide number, size_t scale) {
  if (number.negative) target += '-';
  const size_t start = target.size();
  for (size_t digits = 0; digits <= scale || !is_zero(number.magnitude); ++digits) {
    if (digits == scale && scale != 0) target += '.';
    target += static_cast<char>('0' + divide(number.magnitude, 10));
  }
  std::reverse(target.begin() + static_cast<std::ptrdiff_t>(start), target.end());
}

}  // namespace engine
