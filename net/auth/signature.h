// Signatures by ECDSA on the curve P-256 with SHA-256.
#pragma once

#include <array>
#include <string_view>

namespace net {

// | 0x04 | x, 32 bytes | y, 32 bytes |: a point of the curve.
using PublicKey = std::array<unsigned char, 65>;

// It lies on the curve.
bool is_point(const PublicKey& key);

// `signature`: 64 bytes are r and s side by side, anything else is read as DER. Only zeros are no signature.
bool is_signed(std::string_view message, std::string_view signature, const PublicKey& key);

}  // namespace net
