// The column types, a row of `column_types` each. Storage asks only for what the row says, above all for the kind: how values
// lie in memory, in batches and in files. What a value means is known to net/judge, which makes it of what was sent, and to
// those who write it as text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/time.h"
#include "engine/base/verify.h"

namespace storage {

// Values are stored in frames, manifests and schema files.
enum class ColumnType : uint8_t {
  boolean = 1,
  int64 = 2,
  float64 = 3,
  timestamp_us = 4,  // since 1970 in UTC
  timestamp_ns = 5,
  symbol = 6,   // dictionary-coded text
  varchar = 7,  // UTF-8 text
  long256 = 8,  // least significant 64-bit word first
  int8 = 9,
  int16 = 10,
  int32 = 11,
  float32 = 12,
  character = 13,   // a UTF-16 code unit
  string = 14,      // a varchar by another name
  uuid = 15,        // bytes in the order of its text
  ipv4 = 16,        // a number: the first byte of its text is the highest
  geohash = 17,     // a number: its bits, the last one lowest
  date = 18,        // milliseconds since 1970 in UTC
  decimal64 = 19,   // numbers in two's complement, to be divided by 10^scale: up to 18 digits,
  decimal128 = 20,  // up to 38,
  decimal256 = 21,  // up to 76
  array = 22,       // of doubles: i32 a dimension, then the values, row-major
  binary = 23,      // any bytes
};

// What says such a type in full. Zeros for types that have none.
struct TypeParameters {
  uint8_t size = 0;   // geohash: bits; decimals: digits; array: dimensions
  uint8_t scale = 0;  // decimals: digits behind the point

  friend constexpr bool operator==(const TypeParameters&, const TypeParameters&) = default;
};

using Long256 = std::array<uint64_t, 4>;  // as values of long256 are

enum class Kind : uint8_t { bits, fixed1, fixed2, fixed4, fixed8, fixed16, fixed32, texts };

// How the words of a type compare, which says how a batch narrows them.
enum class WordOrder : uint8_t { none, unsigned_number, signed_number };

struct ColumnTypeRow {
  ColumnType type;
  std::string_view name;  // QuestDB's
  Kind kind;
  bool has_null = true;  // false: a row without a value has 0
  WordOrder order = WordOrder::none;
  bool is_symbol = false;                                 // values are ids of a dictionary
  engine::TimeUnit unit = engine::TimeUnit::unspecified;  // of a point in time
  uint8_t size_max = 0;                                   // of TypeParameters, from 1
};

// By type, from 1.
inline constexpr std::array column_types{
    ColumnTypeRow{ColumnType::boolean, "BOOLEAN", Kind::bits, false, WordOrder::unsigned_number},
    ColumnTypeRow{ColumnType::int64, "LONG", Kind::fixed8, true, WordOrder::signed_number},
    ColumnTypeRow{ColumnType::float64, "DOUBLE", Kind::fixed8},
    ColumnTypeRow{ColumnType::timestamp_us, "TIMESTAMP", Kind::fixed8, true, WordOrder::signed_number, false,
                  engine::TimeUnit::us},
    ColumnTypeRow{ColumnType::timestamp_ns, "TIMESTAMP_NS", Kind::fixed8, true, WordOrder::signed_number, false,
                  engine::TimeUnit::ns},
    ColumnTypeRow{ColumnType::symbol, "SYMBOL", Kind::fixed4, true, WordOrder::unsigned_number, true},
    ColumnTypeRow{ColumnType::varchar, "VARCHAR", Kind::texts},
    ColumnTypeRow{ColumnType::long256, "LONG256", Kind::fixed32},
    ColumnTypeRow{ColumnType::int8, "BYTE", Kind::fixed1, false, WordOrder::signed_number},
    ColumnTypeRow{ColumnType::int16, "SHORT", Kind::fixed2, false, WordOrder::signed_number},
    ColumnTypeRow{ColumnType::int32, "INT", Kind::fixed4, true, WordOrder::signed_number},
    ColumnTypeRow{ColumnType::float32, "FLOAT", Kind::fixed4},
    ColumnTypeRow{ColumnType::character, "CHAR", Kind::fixed2, true, WordOrder::unsigned_number},
    ColumnTypeRow{ColumnType::string, "STRING", Kind::texts},
    ColumnTypeRow{ColumnType::uuid, "UUID", Kind::fixed16},
    ColumnTypeRow{ColumnType::ipv4, "IPv4", Kind::fixed4, true, WordOrder::unsigned_number},
    ColumnTypeRow{.type = ColumnType::geohash,
                  .name = "GEOHASH",
                  .kind = Kind::fixed8,
                  .order = WordOrder::unsigned_number,
                  .size_max = 60},
    ColumnTypeRow{ColumnType::date, "DATE", Kind::fixed8, true, WordOrder::signed_number, false, engine::TimeUnit::ms},
    ColumnTypeRow{.type = ColumnType::decimal64,
                  .name = "DECIMAL",
                  .kind = Kind::fixed8,
                  .order = WordOrder::signed_number,
                  .size_max = 18},
    ColumnTypeRow{.type = ColumnType::decimal128, .name = "DECIMAL", .kind = Kind::fixed16, .size_max = 38},
    ColumnTypeRow{.type = ColumnType::decimal256, .name = "DECIMAL", .kind = Kind::fixed32, .size_max = 76},
    ColumnTypeRow{.type = ColumnType::array, .name = "DOUBLE[]", .kind = Kind::texts, .size_max = 32},
    ColumnTypeRow{ColumnType::binary, "BINARY", Kind::texts},
};

// False for bytes that are no ColumnType; readers of files and frames check before they cast.
constexpr bool is_column_type(uint8_t value) { return value >= 1 && value <= column_types.size(); }

constexpr const ColumnTypeRow& row_of(ColumnType type) {
  VERIFY_DEBUG(is_column_type(static_cast<uint8_t>(type)));
  return column_types[static_cast<size_t>(type) - 1];
}

static_assert([] {
  for (size_t i = 0; i < column_types.size(); ++i) {
    if (static_cast<size_t>(column_types[i].type) != i + 1) return false;
  }
  return true;
}());

constexpr std::string_view type_name(ColumnType type) { return row_of(type).name; }
constexpr Kind kind_of(ColumnType type) { return row_of(type).kind; }
constexpr engine::TimeUnit unit_of(ColumnType type) { return row_of(type).unit; }
constexpr bool is_time(ColumnType type) { return unit_of(type) != engine::TimeUnit::unspecified; }
// May order the rows of a table.
constexpr bool is_timestamp(ColumnType type) {
  return unit_of(type) == engine::TimeUnit::us || unit_of(type) == engine::TimeUnit::ns;
}
constexpr bool is_symbol(ColumnType type) { return row_of(type).is_symbol; }

// Bytes of a value in memory and, but for bits, in files; 0 for texts.
constexpr size_t width_of(Kind kind) {
  switch (kind) {
    case Kind::bits:
    case Kind::fixed1:
      return 1;
    case Kind::fixed2:
      return 2;
    case Kind::fixed4:
      return 4;
    case Kind::fixed8:
      return 8;
    case Kind::fixed16:
      return 16;
    case Kind::fixed32:
      return 32;
    case Kind::texts:
      return 0;
  }
  UNREACHABLE("Kind");
}

inline constexpr size_t value_width_max = 32;

// A value fits into a 64-bit word.
constexpr bool is_word(Kind kind) { return kind != Kind::texts && width_of(kind) <= sizeof(uint64_t); }

// Bytes of `count` values of a fixed width in a file.
constexpr uint64_t values_size(Kind kind, uint64_t count) {
  return kind == Kind::bits ? engine::div_ceil(count, uint64_t{8}) : count * width_of(kind);
}

}  // namespace storage
