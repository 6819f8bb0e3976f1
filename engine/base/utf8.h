// UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace engine {

// Bytes of the sequence at the front of `text`, which is not empty; 0 when it is malformed or cut.
size_t utf8_size_at(std::string_view text);

struct CodePoint {
  char32_t value = 0;
  size_t size = 0;  // bytes; 0: no UTF-8
};

// The code point at the front of `text`, which is not empty.
CodePoint decode_utf8(std::string_view text);

// `value` is a code point that UTF-8 can say: no surrogate, at most U+10FFFF.
void append_utf8(std::string& text, char32_t value);

bool is_valid_utf8(std::string_view text);

// Length of valid UTF-8 in UTF-16 code units: what the limit of a name is counted in.
size_t utf16_size(std::string_view text);

}  // namespace engine
