// xoshiro256++ (Blackman, Vigna 2019), seeded by splitmix64. Small, fast, and the same on every machine: a seed is a run.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "engine/base/verify.h"

namespace engine {

class Prng {
 public:
  explicit constexpr Prng(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15U;
      uint64_t mixed = seed;
      mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
      word = mixed ^ (mixed >> 31);
    }
  }

  constexpr uint64_t next() {
    const uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // Uniform in [0, bound), bound > 0. The bias of the multiply-shift is below 2^-32 for the bounds in use.
  constexpr uint64_t below(uint64_t bound) {
    VERIFY_GT(bound, 0U);
    return static_cast<uint64_t>((static_cast<__uint128_t>(next()) * bound) >> 64);
  }

  // Uniform in [low, high], both included.
  constexpr uint64_t between(uint64_t low, uint64_t high) {
    VERIFY_LE(low, high);
    return low + below(high - low + 1);
  }

  // True with probability numerator / denominator.
  constexpr bool chance(uint64_t numerator, uint64_t denominator) { return below(denominator) < numerator; }

 private:
  std::array<uint64_t, 4> state_{};
};

}  // namespace engine
