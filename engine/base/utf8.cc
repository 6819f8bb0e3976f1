#include "engine/base/utf8.h"

#include <algorithm>
#include <cstdint>

namespace engine {
namespace {

constexpr bool is_continuation(uint8_t byte) { return (byte & 0xc0U) == 0x80U; }

// Size of the sequence at the front of `bytes`, 0 when it is malformed or cut. The table is Unicode's 3-7: only the second byte
// has ranges of its own.
size_t sequence_size(const uint8_t* bytes, size_t size) {
  const uint8_t lead = bytes[0];
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (size < length || !std::all_of(bytes + 1, bytes + length, is_continuation)) return 0;
  const uint8_t second = bytes[1];
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool out_of_range = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
  return overlong || out_of_range ? 0 : length;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  size_t left = text.size();
  while (left > 0) {
    const size_t length = sequence_size(bytes, left);
    if (length == 0) return false;
    bytes += length;
    left -= length;
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
