// Which names a table and a column may have, after unescaping. The rules are QuestDB's, so that its clients and its servers
// agree. How names compare is storage's business (storage::fold_name).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace net {

inline constexpr size_t name_size_max = 127;  // UTF-16 code units

// What an ASCII byte does to a name that holds it.
struct NameByte {
  bool table_allows = true;  // '.' and space have rules of place on top
  bool column_allows = true;
};

constexpr NameByte name_byte(uint8_t byte) {
  constexpr std::string_view rejected = "?,'\"\\/:)(+*%~\x7f";
  if (byte < 0x10 || rejected.find(static_cast<char>(byte)) != std::string_view::npos) return {false, false};
  return {true, byte != '.' && byte != '-'};
}

// Both take valid UTF-8.
bool is_valid_table_name(std::string_view name);
bool is_valid_column_name(std::string_view name);

}  // namespace net
