// Decimal printing for generated rows: no locale, no allocation, no division per digit. Every function writes at `out`, returns
// the end, and has written nothing beyond it.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace tools {

namespace detail {

inline constexpr std::array<char, 200> digit_pairs = [] {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

}  // namespace detail

// value < 100
inline char* append_digits_2(char* out, uint32_t value) {
  std::memcpy(out, &detail::digit_pairs[size_t{2} * value], 2);
  return out + 2;
}

// value < 10^8
inline char* append_digits_8(char* out, uint32_t value) {
  const uint32_t high = value / 10'000;
  const uint32_t low = value % 10'000;
  out = append_digits_2(out, high / 100);
  out = append_digits_2(out, high % 100);
  out = append_digits_2(out, low / 100);
  return append_digits_2(out, low % 100);
}

// value < 10^16
inline char* append_digits_16(char* out, uint64_t value) {
  out = append_digits_8(out, static_cast<uint32_t>(value / 100'000'000));
  return append_digits_8(out, static_cast<uint32_t>(value % 100'000'000));
}

// Without leading zeros.
inline char* append_number(char* out, uint32_t value) {
  uint32_t size = 1;
  for (uint32_t rest = value; rest >= 10; rest /= 10) ++size;
  char* const end = out + size;
  char* write = end;
  for (; value >= 100; value /= 100) {
    write -= 2;
    append_digits_2(write, value % 100);
  }
  if (value >= 10) {
    append_digits_2(write - 2, value);
  } else {
    *(write - 1) = static_cast<char>('0' + value);
  }
  return end;
}

// hundredths / 100 with two decimals.
inline char* append_hundredths(char* out, uint32_t hundredths) {
  out = append_number(out, hundredths / 100);
  *out++ = '.';
  return append_digits_2(out, hundredths % 100);
}

}  // namespace tools
