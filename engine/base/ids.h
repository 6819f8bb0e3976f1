// Strong integer ids: a ShardId is not a FileId, although both are small numbers.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace engine {

// `Value` is the stored width; ids compare, hash and print by `value`.
template <typename Tag, typename Value>
struct Id {
  Value value = 0;

  friend constexpr auto operator<=>(const Id&, const Id&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const Id& id) {
    return H::combine(std::move(state), id.value);
  }
};

using ShardId = Id<struct ShardTag, uint16_t>;
using FileId = Id<struct FileTag, uint32_t>;  // a slot in one backend's file table; means nothing to another backend

inline constexpr FileId file_none{UINT32_MAX};

}  // namespace engine
