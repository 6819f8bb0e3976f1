// Stored values of every type but symbols, as SQL and people see them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/schema/column_type.h"
#include "storage/schema/full_type.h"

namespace net {

enum class ValueForm : uint8_t {
  boolean,
  integer,
  real,    // and real32
  real32,  // of a float
  text,    // stored as such, or made of the value
  json,    // an array
};

ValueForm form_of(storage::ColumnType type);

// A value that is there, as a ColumnVector holds it.
struct StoredValue {
  uint64_t word = 0;       // of kinds up to 8 bytes
  std::string_view bytes;  // of the other kinds
};

int64_t integer_of(storage::ColumnType type, StoredValue value);  // form integer; boolean: 0 or 1
double real_of(storage::ColumnType type, StoredValue value);      // forms real and real32

// Forms text and json, as QuestDB writes them:
//   TIMESTAMP 2022-01-01T00:00:00.000000Z, 9 decimals of TIMESTAMP_NS, 3 of DATE    LONG256 0x1f    UUID in small letters
//   IPv4 192.168.0.1    GEOHASH(5c) u33dc    GEOHASH(4b) 0100    DECIMAL(18,3) -0.500
//   DOUBLE[][] [[1.0,2.0],[null,4.0]]    BINARY []
// Bytes that are no value of the type, on a damaged disk, become an empty text or array.
void append_value(std::string& target, storage::FullType type, StoredValue value);

}  // namespace net
