// Texts of clients in JSON.
#pragma once

#include <cstddef>
#include <string_view>

#include "net/query/exec_json.h"  // append_json_text

namespace net {

// The front of `text`, of at most `size_max` bytes; where it is cut, no letter of UTF-8 is.
inline std::string_view cut_text(std::string_view text, size_t size_max) {
  if (text.size() <= size_max) return text;
  size_t size = size_max;
  while (size > 0 && size_max - size < 3 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  return text.substr(0, size);
}

}  // namespace net
