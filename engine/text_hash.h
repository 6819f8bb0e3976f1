// Hash and equality for maps keyed by text that clients chose, searchable with std::string_view whatever abseil's own
// string_view is. XXH3 with a seed, so that colliding names cannot be prepared without knowing it; the server draws the seed at
// start.
#pragma once

#define XXH_INLINE_ALL  // no library to link, and short texts are hashed without a call
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace engine {

struct TextHash {
  using is_transparent = void;

  uint64_t seed = 0;

  size_t operator()(std::string_view text) const { return XXH3_64bits_withSeed(text.data(), text.size(), seed); }
};

struct TextEqual {
  using is_transparent = void;

  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
};

}  // namespace engine
