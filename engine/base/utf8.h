// UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace engine {

bool is_valid_utf8(std::string_view text);

// Length of valid UTF-8 in UTF-16 code units: what the limit of a name is counted in.
size_t utf16_size(std::string_view text);

}  // namespace engine
