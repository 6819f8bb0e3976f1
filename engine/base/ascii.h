// Letters of ASCII, for words whose case says nothing, whatever the locale is.
#pragma once

#include <algorithm>
#include <string_view>

namespace engine {

constexpr char to_lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace engine
