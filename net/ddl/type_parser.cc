#include "net/ddl/type_parser.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace net {
namespace {

constexpr uint32_t decimal_precision_max = 76;
constexpr uint32_t geohash_bits_max = 60;
constexpr uint32_t bits_of_geohash_character = 5;
constexpr uint32_t dimensions_max = 32;

struct TypeAlias {
  std::string_view alias;
  std::string_view name;
};

constexpr std::array type_names{
    TypeAlias{"BOOLEAN", "BOOLEAN"}, TypeAlias{"BYTE", "BYTE"},
    TypeAlias{"SHORT", "SHORT"},     TypeAlias{"CHAR", "CHAR"},
    TypeAlias{"INT", "INT"},         TypeAlias{"LONG", "LONG"},
    TypeAlias{"DATE", "DATE"},       TypeAlias{"TIMESTAMP", "TIMESTAMP"},
    TypeAlias{"FLOAT", "FLOAT"},     TypeAlias{"TIMESTAMP_NS", "TIMESTAMP_NS"},
    TypeAlias{"DOUBLE", "DOUBLE"},   TypeAlias{"STRING", "STRING"},
    TypeAlias{"SYMBOL", "SYMBOL"},   TypeAlias{"LONG256", "LONG256"},
    TypeAlias{"BINARY", "BINARY"},   TypeAlias{"UUID", "UUID"},
    TypeAlias{"IPV4", "IPv4"},       TypeAlias{"VARCHAR", "VARCHAR"},
    TypeAlias{"GEOHASH", "GEOHASH"}, TypeAlias{"DECIMAL", "DECIMAL"},
    TypeAlias{"TEXT", "STRING"},     TypeAlias{"SMALLINT", "SHORT"},
    TypeAlias{"INTEGER", "INT"},     TypeAlias{"BIGINT", "LONG"},
    TypeAlias{"REAL", "FLOAT"},      TypeAlias{"BYTEA", "BINARY"},
};

// DECIMAL is DECIMAL(18,3), and DECIMAL(10) has no digits behind the point.
void take_decimal(TokenReader& reader, DdlType& type) {
  type.parameters = {18, 3};
  if (!reader.take_mark('(')) return;
  const TokenReader::Number precision = reader.take_number("precision of DECIMAL");
  TokenReader::Number scale;
  if (reader.take_mark(',')) scale = reader.take_number("scale of DECIMAL");
  reader.expect_mark(')');
  const bool is_plain = precision.unit.empty() && scale.unit.empty();
  if (!is_plain || precision.value < 1 || precision.value > decimal_precision_max || scale.value > precision.value) {
    reader.fail_at(precision.position, "DECIMAL(precision, scale): precision is 1 to 76, scale at most that");
  }
  type.parameters = {precision.value, scale.value};
}

void take_geohash(TokenReader& reader, DdlType& type) {
  reader.expect_mark('(');
  const TokenReader::Number size = reader.take_number("size of GEOHASH");
  reader.expect_mark(')');
  const bool in_characters = size.unit == "c" || size.unit == "C";
  const bool in_bits = size.unit == "b" || size.unit == "B";
  const uint32_t value_max = in_characters ? geohash_bits_max / bits_of_geohash_character : geohash_bits_max;
  if ((!in_characters && !in_bits) || size.value < 1 || size.value > value_max) {
    reader.fail_at(size.position, "GEOHASH has 1c to 12c characters, or 1b to 60b bits");
  }
  type.parameters = {in_characters ? size.value * bits_of_geohash_character : size.value};
}

}  // namespace

DdlType take_type(TokenReader& reader) {
  DdlType type;
  const DdlName word = reader.take_word("column type");
  type.position = word.position;
  if (!reader.ok()) return type;
  const auto known = std::ranges::find(type_names, word.text, &TypeAlias::alias);
  if (known == type_names.end()) {
    reader.fail_at(word.position, "unsupported column type: " + word.text);
    return type;
  }
  type.name = known->name;
  if (type.name == "DECIMAL") take_decimal(reader, type);
  if (type.name == "GEOHASH") take_geohash(reader, type);
  while (reader.take_brackets()) ++type.dimensions;
  if (type.dimensions > dimensions_max) reader.fail_at(word.position, "an array has at most 32 dimensions");
  if (type.dimensions != 0 && type.name != "DOUBLE") reader.fail_at(word.position, "arrays are of DOUBLE, as DOUBLE[]");
  return type;
}

}  // namespace net
