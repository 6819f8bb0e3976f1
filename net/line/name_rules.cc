#include "net/line/name_rules.h"

#include <algorithm>

#include "engine/base/utf8.h"

namespace net {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";  // U+FEFF

bool has_valid_size(std::string_view name) { return !name.empty() && engine::utf16_size(name) <= name_size_max; }

bool begins_or_ends_with(std::string_view name, char byte) { return name.front() == byte || name.back() == byte; }

}  // namespace

bool is_valid_table_name(std::string_view name) {
  return has_valid_size(name) && !begins_or_ends_with(name, '.') && !begins_or_ends_with(name, ' ') &&
         name.find("..") == std::string_view::npos && name.find(byte_order_mark) == std::string_view::npos &&
         std::all_of(name.begin(), name.end(), [](char byte) { return name_byte(static_cast<uint8_t>(byte)).table_allows; });
}

bool is_valid_column_name(std::string_view name) {
  return has_valid_size(name) && name.find(byte_order_mark) == std::string_view::npos &&
         std::all_of(name.begin(), name.end(), [](char byte) { return name_byte(static_cast<uint8_t>(byte)).column_allows; });
}

}  // namespace net
