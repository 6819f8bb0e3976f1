#include "net/sql/wildcard.h"

#include <algorithm>

#include "engine/base/ascii.h"

namespace net {
namespace {

constexpr size_t work_between_checks = size_t{1} << 16U;  // bytes looked at

bool continues_character(char c) { return (static_cast<uint8_t>(c) & 0xC0U) == 0x80; }

}  // namespace

size_t character_size(std::string_view text) {
  constexpr size_t size_max = 4;
  if (static_cast<uint8_t>(text.front()) < 0xC0) return 1;
  size_t size = 1;
  while (size < std::min(text.size(), size_max) && continues_character(text[size])) ++size;
  return size;
}

bool WildcardMatcher::is_same(std::string_view a, std::string_view b) const {
  return a == b ||
         (kind_ == WildcardKind::like && a.size() == 1 && b.size() == 1 && engine::to_lower(a[0]) == engine::to_lower(b[0]));
}

bool WildcardMatcher::is_any_text(size_t at) const {
  const char c = pattern_[at];
  if (!escape_.empty() && pattern_.substr(at).starts_with(escape_)) return false;
  return c == (kind_ == WildcardKind::like ? '%' : '*');
}

// Behind the part of the pattern at `at` that stands for one character, when that may be `character`; else no_match.
size_t WildcardMatcher::match_one(size_t at, std::string_view character) const {
  const bool is_escaped = !escape_.empty() && pattern_.substr(at).starts_with(escape_);
  if (is_escaped) at += escape_.size();
  if (at == pattern_.size()) return no_match;
  const std::string_view own = pattern_.substr(at, character_size(pattern_.substr(at)));
  if (!is_escaped && own == (kind_ == WildcardKind::like ? "_" : "?")) return at + 1;
  if (!is_escaped && kind_ == WildcardKind::glob && own == "[") return match_set(at + 1, character);
  return is_same(own, character) ? at + own.size() : no_match;
}

// `at` is behind the bracket. A bracket that closes at once belongs to the set, and so does a minus at its end.
size_t WildcardMatcher::match_set(size_t at, std::string_view character) const {
  bool found = false;
  bool inverted = false;
  std::string_view previous;
  if (at < pattern_.size() && pattern_[at] == '^') {
    inverted = true;
    ++at;
  }
  for (const size_t start = at; at < pattern_.size();) {
    const std::string_view own = pattern_.substr(at, character_size(pattern_.substr(at)));
    at += own.size();
    if (own == "]" && at > start + 1) return found != inverted ? at : no_match;
    if (own == "-" && !previous.empty() && at < pattern_.size() && pattern_[at] != ']') {
      const std::string_view last = pattern_.substr(at, character_size(pattern_.substr(at)));
      at += last.size();
      found |= previous <= character && character <= last;  // UTF-8 sorts as its code points do
      previous = {};
    } else {
      found |= own == character;
      previous = own;
    }
  }
  return no_match;
}

// A part that stands for any text takes as little as it can, and one character more each time that the rest does not match.
// Only the last such part ever has to: what those before it took is as good as any more would be.
std::optional<bool> WildcardMatcher::matches(std::string_view text, EndCheck& end) {
  size_t at = 0;
  size_t place = 0;
  size_t retry_at = no_match;  // behind the last part that stands for any text
  size_t retry_place = 0;      // where what follows it is tried next
  size_t work = 0;
  while (place < text.size()) {
    if (work >= work_between_checks) {
      if (end.must_end()) return std::nullopt;
      work = 0;
    }
    ++work;
    if (at < pattern_.size() && is_any_text(at)) {
      retry_at = ++at;
      retry_place = place;
      continue;
    }
    const std::string_view character = text.substr(place, character_size(text.substr(place)));
    const size_t behind = at < pattern_.size() ? match_one(at, character) : no_match;
    if (behind != no_match) {
      work += behind - at;
      at = behind;
      place += character.size();
      continue;
    }
    if (at < pattern_.size() && pattern_[at] == '[') work += pattern_.size() - at;
    if (retry_at == no_match) return false;
    if (retry_at == pattern_.size()) return true;
    at = retry_at;
    retry_place += character_size(text.substr(retry_place));
    place = retry_place;
  }
  while (at < pattern_.size() && is_any_text(at)) ++at;
  return at == pattern_.size();
}

}  // namespace net
