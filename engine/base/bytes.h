// Little-endian loads and stores at any alignment, and the rounding helpers that on-disk layouts need.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "engine/base/verify.h"

namespace engine {

static_assert(std::endian::native == std::endian::little, "on-disk layouts are little-endian and are stored without swapping");

inline constexpr size_t block_size = 4096;  // unit of O_DIRECT I/O: offset, size and memory are multiples of it

template <typename T>
  requires std::is_trivially_copyable_v<T>
T load(const std::byte* source) {
  T value;
  std::memcpy(&value, source, sizeof(T));
  return value;
}

template <typename T>
  requires std::is_trivially_copyable_v<T>
void store(std::byte* target, const T& value) {
  std::memcpy(target, &value, sizeof(T));
}

// `alignment` is a power of two.
constexpr uint64_t align_up(uint64_t value, uint64_t alignment) {
  VERIFY(std::has_single_bit(alignment));
  return (value + alignment - 1) & ~(alignment - 1);
}
constexpr uint64_t align_down(uint64_t value, uint64_t alignment) {
  VERIFY(std::has_single_bit(alignment));
  return value & ~(alignment - 1);
}
constexpr uint64_t div_ceil(uint64_t value, uint64_t divisor) { return (value + divisor - 1) / divisor; }

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace engine
