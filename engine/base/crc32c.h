// CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of everything on disk. The processor's crc32 instruction where
// there is one (found at run time), a table elsewhere; all give the same value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace engine {

// The checksum of A followed by B, from the checksum of A and the bytes of B. The checksum of nothing is 0.
uint32_t crc32c_extend(uint32_t crc, std::span<const std::byte> bytes);

inline uint32_t crc32c(std::span<const std::byte> bytes) { return crc32c_extend(0, bytes); }

// The same by table: what crc32c_extend falls back to, and what tests compare it with.
uint32_t crc32c_extend_portable(uint32_t crc, std::span<const std::byte> bytes);

}  // namespace engine
