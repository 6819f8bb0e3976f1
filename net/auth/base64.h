// Base64 as credentials come in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace net {

enum class Base64 : uint8_t {
  standard,  // + and /
  url,       // - and _
};

// Nothing for a text that has other characters in it, or is no whole number of bytes. '=' may stand at its end, or be missing.
std::optional<std::string> decode_base64(std::string_view text, Base64 alphabet);

}  // namespace net
