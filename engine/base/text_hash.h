// Hash and equality for maps keyed by text that clients chose, searchable with std::string_view whatever abseil's own
// string_view is. XXH3 with a seed, so that colliding names cannot be prepared without knowing it; the server draws the seed at
// start.
#pragma once

#define XXH_INLINE_ALL  // no library to link, and short texts are hashed without a call
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace engine {

struct TextHash {
  using is_transparent = void;

  uint64_t seed = 0;

  size_t operator()(std::string_view text) const { return XXH3_64bits_withSeed(text.data(), text.size(), seed); }
};

// Names and symbols are mostly short: up to 16 bytes are compared as two words that may overlap, without a call.
[[gnu::always_inline]] inline bool equal_text(std::string_view a, std::string_view b) {
  const size_t size = a.size();
  if (size != b.size()) return false;
  const auto differ = [&]<typename Word>(Word) {
    Word words[4];
    std::memcpy(&words[0], a.data(), sizeof(Word));
    std::memcpy(&words[1], b.data(), sizeof(Word));
    std::memcpy(&words[2], a.data() + size - sizeof(Word), sizeof(Word));
    std::memcpy(&words[3], b.data() + size - sizeof(Word), sizeof(Word));
    return ((words[0] ^ words[1]) | (words[2] ^ words[3])) != 0;
  };
  if (size > 16) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 8) return !differ(uint64_t{});
  if (size >= 4) return !differ(uint32_t{});
  for (size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

struct TextEqual {
  using is_transparent = void;

  bool operator()(std::string_view a, std::string_view b) const { return equal_text(a, b); }
};

}  // namespace engine
