// 128 bits that stand for a text, and where they differ the texts do: XXH3-128 with a seed. It is fed piece by piece, and how a
// text was cut makes no difference. What it gives is stored: function and byte order stay what they are.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace engine {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;

  friend constexpr auto operator<=>(const Hash128&, const Hash128&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const Hash128& hash) {
    return H::combine(std::move(state), hash.low, hash.high);
  }
};

class Hasher128 {
 public:
  explicit Hasher128(uint64_t seed);
  ~Hasher128();

  void add(std::string_view piece);

  // Of all pieces so far.
  Hash128 hash() const;

 private:
  struct State;

  std::unique_ptr<State> state_;
};

Hash128 hash_128(std::string_view text, uint64_t seed);

}  // namespace engine
