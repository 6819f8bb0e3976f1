#include "storage/schema/full_type.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "engine/base/verify.h"
#include "storage/schema/parse_number.h"

namespace storage {
namespace {

constexpr unsigned bits_per_letter = 5;
constexpr TypeParameters decimal_default{.size = 18, .scale = 3};
constexpr std::array decimal_types{ColumnType::decimal64, ColumnType::decimal128, ColumnType::decimal256};
constexpr std::string_view array_brackets = "[]";

bool is_decimal(ColumnType type) { return std::ranges::find(decimal_types, type) != decimal_types.end(); }

char upper(char letter) { return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter; }

bool equal_names(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char left, char right) { return upper(left) == upper(right); });
}

// Without parameters.
std::optional<FullType> parse_plain(std::string_view name) {
  for (const ColumnTypeRow& row : column_types) {
    if (row.size_max == 0 && equal_names(row.name, name)) return FullType{row.type};
  }
  return std::nullopt;
}

std::optional<FullType> parse_array(std::string_view name) {
  TypeParameters parameters;
  while (name.ends_with(array_brackets)) {
    name.remove_suffix(array_brackets.size());
    if (++parameters.size > row_of(ColumnType::array).size_max) return std::nullopt;
  }
  if (!equal_names(name, type_name(ColumnType::float64))) return std::nullopt;
  return FullType{.type = ColumnType::array, .parameters = parameters};
}

std::optional<FullType> parse_geohash(std::string_view size) {
  if (size.empty()) return std::nullopt;
  const char unit = upper(size.back());
  const std::optional<uint8_t> count = parse_number<uint8_t>(size.substr(0, size.size() - 1));
  if (!count || (unit != 'C' && unit != 'B')) return std::nullopt;
  const unsigned bits = unit == 'C' ? *count * bits_per_letter : *count;
  if (bits == 0 || bits > row_of(ColumnType::geohash).size_max) return std::nullopt;
  return FullType{.type = ColumnType::geohash, .parameters = {.size = static_cast<uint8_t>(bits)}};
}

std::optional<FullType> parse_decimal_type(std::string_view digits) {
  const size_t comma = digits.find(',');
  const std::optional<uint8_t> precision = parse_number<uint8_t>(digits.substr(0, comma));
  const std::optional<uint8_t> scale =
      comma == std::string_view::npos ? uint8_t{0} : parse_number<uint8_t>(digits.substr(comma + 1));
  if (!precision || !scale || *precision == 0 || *precision > row_of(ColumnType::decimal256).size_max) return std::nullopt;
  if (*scale > *precision) return std::nullopt;
  return FullType{.type = decimal_type(*precision), .parameters = {.size = *precision, .scale = *scale}};
}

}  // namespace

bool are_parameters(ColumnType type, TypeParameters parameters) {
  const uint8_t size_max = row_of(type).size_max;
  if (size_max == 0) return parameters == TypeParameters{};
  if (parameters.size == 0 || parameters.size > size_max) return false;
  if (!is_decimal(type)) return parameters.scale == 0;
  return decimal_type(parameters.size) == type && parameters.scale <= parameters.size;
}

ColumnType decimal_type(uint8_t precision) {
  VERIFY_GT(precision, 0);
  for (const ColumnType type : decimal_types) {
    if (precision <= row_of(type).size_max) return type;
  }
  UNREACHABLE("digits of a decimal");
}

std::string full_type_name(ColumnType type, TypeParameters parameters) {
  std::string name(type_name(type));
  if (parameters.size == 0) return name;
  if (type == ColumnType::array) {
    for (unsigned i = 1; i < parameters.size; ++i) name += array_brackets;
  } else if (type == ColumnType::geohash) {
    const bool is_letters = parameters.size % bits_per_letter == 0;
    name += '(' + std::to_string(is_letters ? parameters.size / bits_per_letter : parameters.size) + (is_letters ? "c)" : "b)");
  } else {
    name += '(' + std::to_string(parameters.size) + ',' + std::to_string(parameters.scale) + ')';
  }
  return name;
}

std::optional<FullType> parse_full_type(std::string_view name) {
  std::string compact(name);
  std::erase(compact, ' ');
  name = compact;
  if (name.ends_with(array_brackets)) return parse_array(name);
  if (equal_names(name, type_name(ColumnType::decimal64))) {
    return FullType{.type = decimal_type(decimal_default.size), .parameters = decimal_default};
  }
  const size_t open = name.find('(');
  if (open == std::string_view::npos) return parse_plain(name);
  if (!name.ends_with(')')) return std::nullopt;
  const std::string_view inside = name.substr(open + 1, name.size() - open - 2);
  const std::string_view front = name.substr(0, open);
  if (equal_names(front, type_name(ColumnType::geohash))) return parse_geohash(inside);
  if (equal_names(front, type_name(ColumnType::decimal64))) return parse_decimal_type(inside);
  return std::nullopt;
}

}  // namespace storage
