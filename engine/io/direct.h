// What O_DIRECT asks of a read or a write, whoever makes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace engine {

// The place in the file, the one in memory and the size lie on blocks.
inline void verify_direct(uint64_t offset, std::span<const std::byte> bytes) {
  VERIFY_EQ(offset % block_size, 0U);
  VERIFY_EQ(bytes.size() % block_size, 0U);
  VERIFY_EQ(reinterpret_cast<uintptr_t>(bytes.data()) % block_size, 0U);
}

}  // namespace engine
