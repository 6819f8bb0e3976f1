#include "net/ddl/type_parser.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace net {
namespace {

using storage::ColumnType;
using storage::TypeParameters;

constexpr uint32_t decimal_precision_max = storage::row_of(ColumnType::decimal256).size_max;
constexpr uint32_t geohash_bits_max = storage::row_of(ColumnType::geohash).size_max;
constexpr uint32_t bits_of_geohash_character = 5;
constexpr uint32_t dimensions_max = storage::row_of(ColumnType::array).size_max;

struct TypeName {
  std::string_view name;  // QuestDB's, or an alias, in upper case
  ColumnType type;        // a decimal's is known by its digits
};

constexpr std::array type_names{
    TypeName{"BOOLEAN", ColumnType::boolean}, TypeName{"BYTE", ColumnType::int8},
    TypeName{"SHORT", ColumnType::int16},     TypeName{"CHAR", ColumnType::character},
    TypeName{"INT", ColumnType::int32},       TypeName{"LONG", ColumnType::int64},
    TypeName{"DATE", ColumnType::date},       TypeName{"TIMESTAMP", ColumnType::timestamp_us},
    TypeName{"FLOAT", ColumnType::float32},   TypeName{"TIMESTAMP_NS", ColumnType::timestamp_ns},
    TypeName{"DOUBLE", ColumnType::float64},  TypeName{"STRING", ColumnType::string},
    TypeName{"SYMBOL", ColumnType::symbol},   TypeName{"LONG256", ColumnType::long256},
    TypeName{"BINARY", ColumnType::binary},   TypeName{"UUID", ColumnType::uuid},
    TypeName{"IPV4", ColumnType::ipv4},       TypeName{"VARCHAR", ColumnType::varchar},
    TypeName{"GEOHASH", ColumnType::geohash}, TypeName{"DECIMAL", ColumnType::decimal64},
    TypeName{"TEXT", ColumnType::string},     TypeName{"SMALLINT", ColumnType::int16},
    TypeName{"INTEGER", ColumnType::int32},   TypeName{"BIGINT", ColumnType::int64},
    TypeName{"REAL", ColumnType::float32},    TypeName{"BYTEA", ColumnType::binary},
};

TypeParameters make_parameters(uint32_t size, uint32_t scale = 0) {
  return {.size = static_cast<uint8_t>(size), .scale = static_cast<uint8_t>(scale)};
}

// DECIMAL is DECIMAL(18,3), and DECIMAL(10) has no digits behind the point.
storage::FullType take_decimal(TokenReader& reader) {
  TokenReader::Number precision{.value = 18, .unit = {}};
  TokenReader::Number scale{.value = 3, .unit = {}};
  if (reader.take_mark('(')) {
    precision = reader.take_number("precision of DECIMAL");
    scale = reader.take_mark(',') ? reader.take_number("scale of DECIMAL") : TokenReader::Number{};
    reader.expect_mark(')');
  }
  const bool is_plain = precision.unit.empty() && scale.unit.empty();
  if (!is_plain || precision.value < 1 || precision.value > decimal_precision_max || scale.value > precision.value) {
    reader.fail_at(precision.position, "DECIMAL(precision, scale): precision is 1 to 76, scale at most that");
    return {.type = ColumnType::decimal64};
  }
  const TypeParameters parameters = make_parameters(precision.value, scale.value);
  return {.type = storage::decimal_type(parameters.size), .parameters = parameters};
}

storage::FullType take_geohash(TokenReader& reader) {
  reader.expect_mark('(');
  const TokenReader::Number size = reader.take_number("size of GEOHASH");
  reader.expect_mark(')');
  const bool in_characters = size.unit == "c" || size.unit == "C";
  const bool in_bits = size.unit == "b" || size.unit == "B";
  const uint32_t value_max = in_characters ? geohash_bits_max / bits_of_geohash_character : geohash_bits_max;
  if ((!in_characters && !in_bits) || size.value < 1 || size.value > value_max) {
    reader.fail_at(size.position, "GEOHASH has 1c to 12c characters, or 1b to 60b bits");
    return {.type = ColumnType::geohash};
  }
  return {.type = ColumnType::geohash,
          .parameters = make_parameters(in_characters ? size.value * bits_of_geohash_character : size.value)};
}

}  // namespace

DdlType take_type(TokenReader& reader) {
  const DdlName word = reader.take_word("column type");
  DdlType type{.full = {}, .position = word.position};
  if (!reader.ok()) return type;
  const auto known = std::ranges::find(type_names, word.text, &TypeName::name);
  if (known == type_names.end()) {
    reader.fail_at(word.position, "unsupported column type: " + word.text);
    return type;
  }
  type.full.type = known->type;
  if (known->type == ColumnType::decimal64) type.full = take_decimal(reader);
  if (known->type == ColumnType::geohash) type.full = take_geohash(reader);
  uint32_t dimensions = 0;
  while (reader.take_brackets()) ++dimensions;
  if (dimensions == 0) return type;
  if (dimensions > dimensions_max) reader.fail_at(word.position, "an array has at most 32 dimensions");
  if (known->type != ColumnType::float64) reader.fail_at(word.position, "arrays are of DOUBLE, as DOUBLE[]");
  type.full = {.type = ColumnType::array, .parameters = make_parameters(dimensions)};
  return type;
}

}  // namespace net
