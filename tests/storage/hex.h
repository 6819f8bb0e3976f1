// Bytes as golden images and models have them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tests {

inline std::string hex_text(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += digits[static_cast<size_t>(byte) >> 4];
    text += digits[static_cast<size_t>(byte) & 15];
  }
  return text;
}

}  // namespace tests
