// What both row shapes of the load generator are made of: expected cells, and pieces of text that are copied without a size.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <variant>

#include "engine/base/verify.h"

namespace tools {

// What must be read back: LONG, DOUBLE, or the text of a SYMBOL or VARCHAR.
using CellValue = std::variant<int64_t, double, std::string>;

struct Cell {
  std::string column;
  CellValue value;
};

// A short text that is copied whole, at a size the compiler knows: two or three vector moves instead of a call. `append` writes
// `capacity` bytes, of which only the first size() count.
template <size_t capacity>
class TextPiece {
 public:
  TextPiece() = default;
  explicit TextPiece(std::string_view text) : size_(static_cast<uint32_t>(text.size())) {
    VERIFY_LE(text.size(), capacity);
    std::copy(text.begin(), text.end(), text_.begin());
  }

  char* append(char* out) const {
    std::memcpy(out, text_.data(), capacity);
    return out + size_;
  }

 private:
  std::array<char, capacity> text_{};
  uint32_t size_ = 0;
};

// The finalizer of splitmix64: every bit of the input changes every bit of the result with probability one half.
constexpr uint64_t mix_bits(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

// The low `bits` bits of `random`, scaled to [0, bound).
constexpr uint32_t scale_bits(uint64_t random, uint32_t bits, uint32_t bound) {
  return static_cast<uint32_t>(((random & ((uint64_t{1} << bits) - 1)) * bound) >> bits);
}

}  // namespace tools
