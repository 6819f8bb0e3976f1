#include "engine/base/hash_128.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace engine {
namespace {

Hash128 hash_of(const XXH128_hash_t& hash) { return {.low = hash.low64, .high = hash.high64}; }

}  // namespace

struct Hasher128::State {
  XXH3_state_t xxh;
};

Hasher128::Hasher128(uint64_t seed) : state_(std::make_unique<State>()) { XXH3_128bits_reset_withSeed(&state_->xxh, seed); }

Hasher128::~Hasher128() = default;

void Hasher128::add(std::string_view piece) { XXH3_128bits_update(&state_->xxh, piece.data(), piece.size()); }

Hash128 Hasher128::hash() const { return hash_of(XXH3_128bits_digest(&state_->xxh)); }

Hash128 hash_128(std::string_view text, uint64_t seed) {
  return hash_of(XXH3_128bits_withSeed(text.data(), text.size(), seed));
}

}  // namespace engine
