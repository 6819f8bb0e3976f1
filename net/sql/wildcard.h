// LIKE and GLOB: whether a text is like a pattern, in SQLite's meaning of both (func.c, patternCompare).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/sql/end_check.h"

namespace net {

enum class WildcardKind : uint8_t {
  like,  // % any text, _ one character; letters of ASCII in any case
  glob,  // * any text, ? one character, [a-z] [^a-z] one of these
};

// Bytes of the UTF-8 character at the front of a text that is not empty. Of bytes that are none each is a character.
size_t character_size(std::string_view text);

class WildcardMatcher {
 public:
  // `escape` is the character that makes the next one of the pattern mean itself, or empty.
  WildcardMatcher(WildcardKind kind, std::string_view pattern, std::string_view escape)
      : kind_(kind), pattern_(pattern), escape_(escape) {}

  // Nothing when `end` ended it: the work may be the product of both sizes.
  std::optional<bool> matches(std::string_view text, EndCheck& end);

 private:
  static constexpr size_t no_match = SIZE_MAX;

  bool is_any_text(size_t at) const;
  size_t match_one(size_t at, std::string_view character) const;
  size_t match_set(size_t at, std::string_view character) const;
  bool is_same(std::string_view a, std::string_view b) const;

  WildcardKind kind_;
  std::string_view pattern_;
  std::string_view escape_;
};

}  // namespace net
