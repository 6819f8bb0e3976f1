// What each byte of line protocol text may do to the token it stands in. Loops over a token stop at some classes and only
// remember that they met the others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "net/line/name_rules.h"

namespace net {

inline constexpr uint8_t class_separator = 1;   // , = space LF CR, and NUL: ends every token outside of quotes
inline constexpr uint8_t class_backslash = 2;   // takes the next byte with it
inline constexpr uint8_t class_slash = 4;       // rejected outside of values
inline constexpr uint8_t class_string_end = 8;  // the quote, and the raw LF that breaks a string
inline constexpr uint8_t class_wide = 16;       // part of a UTF-8 sequence
inline constexpr uint8_t class_bad_column = 32;
inline constexpr uint8_t class_bad_table = 64;
inline constexpr uint8_t class_dot = 128;  // a table name with one is looked at more closely

inline constexpr std::array<uint8_t, 256> byte_classes = [] {
  std::array<uint8_t, 256> classes{};
  for (size_t i = 0; i < classes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(i);
    unsigned bits = 0;
    if (byte == ',' || byte == '=' || byte == ' ' || byte == '\n' || byte == '\r' || byte == 0) bits |= class_separator;
    if (byte == '\\') bits |= class_backslash;
    if (byte == '/') bits |= class_slash;
    if (byte == '"' || byte == '\n') bits |= class_string_end;
    if (byte >= 0x80) bits |= class_wide;
    if (!name_byte(byte).column_allows) bits |= class_bad_column;
    if (!name_byte(byte).table_allows) bits |= class_bad_table;
    if (byte == '.') bits |= class_dot;
    classes[i] = static_cast<uint8_t>(bits);
  }
  return classes;
}();

inline constexpr uint8_t class_of(char byte) { return byte_classes[static_cast<uint8_t>(byte)]; }

inline constexpr bool is_line_end(char byte) { return byte == '\n' || byte == '\r'; }

// The first CR or LF, or `end`.
inline const char* find_line_end(const char* begin, const char* end) {
  if (begin == end) return end;
  const void* feed = std::memchr(begin, '\n', static_cast<size_t>(end - begin));
  if (feed != nullptr) end = static_cast<const char*>(feed);
  const void* carriage_return = begin == end ? nullptr : std::memchr(begin, '\r', static_cast<size_t>(end - begin));
  return carriage_return != nullptr ? static_cast<const char*>(carriage_return) : end;
}

}  // namespace net
