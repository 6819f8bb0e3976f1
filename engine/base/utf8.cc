#include "engine/base/utf8.h"

#include <cstdint>

#include "engine/base/verify.h"

namespace engine {
namespace {

constexpr bool is_continuation(uint8_t byte) { return (byte & 0xc0U) == 0x80U; }

}  // namespace

// The table is Unicode's 3-7: only the second byte has ranges of its own.
size_t utf8_size_at(std::string_view text) {
  VERIFY(!text.empty());
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if (!is_continuation(byte(i))) return 0;
  }
  const uint8_t second = byte(1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool out_of_range = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
  return overlong || out_of_range ? 0 : size;
}

CodePoint decode_utf8(std::string_view text) {
  const size_t size = utf8_size_at(text);
  if (size == 0) return {};
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  if (size == 1) return {.value = byte(0), .size = 1};
  char32_t value = byte(0) & (0xffU >> (size + 1));
  for (size_t i = 1; i < size; ++i) value = value << 6U | (byte(i) & 0x3fU);
  return {.value = value, .size = size};
}

void append_utf8(std::string& text, char32_t value) {
  VERIFY_LE(static_cast<uint32_t>(value), 0x10ffffU);
  VERIFY(value < 0xd800 || value > 0xdfff);
  const auto put = [&text](unsigned byte) { text += static_cast<char>(byte); };
  if (value < 0x80) return put(value);
  if (value < 0x800) {
    put(0xc0U | value >> 6U);
  } else {
    if (value < 0x10000) {
      put(0xe0U | value >> 12U);
    } else {
      put(0xf0U | value >> 18U);
      put(0x80U | (value >> 12U & 0x3fU));
    }
    put(0x80U | (value >> 6U & 0x3fU));
  }
  put(0x80U | (value & 0x3fU));
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t size = utf8_size_at(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

size_t utf16_size(std::string_view text) {
  size_t units = 0;
  for (const char character : text) {
    const auto byte = static_cast<uint8_t>(character);
    if (!is_continuation(byte)) units += byte >= 0xf0 ? 2U : 1U;  // four bytes of UTF-8 are a surrogate pair
  }
  return units;
}

}  // namespace engine
