// From what a line sends to what a column holds: which kinds of values fit which types, and what they become. The matrix is
// QuestDB's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "net/judge/judged_cell.h"
#include "net/line/value.h"
#include "storage/schema/schema.h"

namespace net {

enum class Cast : uint8_t {
  none,       // does not fit
  as_sent,    // the word or the text is the value already; the least long is null
  token,      // the text of the value, without its suffix
  narrowed,   // an integer within the range of the type
  real,       // of an integer or a boolean
  real32,     // of a double: it becomes infinite beyond a float's range
  time,       // in the column's unit
  character,  // of one byte of ASCII
  long256,    // of a token, or of text with its prefix and an even number of digits
  uuid,       // of its 36 characters
  ipv4,       // of four numbers with dots; empty, "null" and 0.0.0.0 are null
  geohash,    // of at least as many letters as the column has bits for; anything else is null
  decimal,    // brought to the scale of the column
  array,      // of as many dimensions as the column has
};

enum class CastResult : uint8_t {
  value,
  null,
  mismatch,        // this text, or this array, does not fit
  out_of_bounds,   // the column's type has no such number
  precision_loss,  // nor one with as many digits behind the point
  time_overflow,   // in the column's unit it is no long any more
};

using CastMatrix = std::array<std::array<Cast, storage::column_types.size() + 1>, static_cast<size_t>(ValueKind::decimal) + 1>;
extern const CastMatrix cast_matrix;  // by kind of value and type of column

// What a column makes of a value that is not null. Inline, as each cell of each row comes by.
inline Cast cast_of(ValueKind kind, storage::ColumnType type) {
  return cast_matrix[static_cast<size_t>(kind)][static_cast<size_t>(type)];
}

// Memory for the values that casts make of one line's cells. They stay where they are until the next line begins.
class CastRoom {
 public:
  static constexpr size_t value_size_max = 32;

  // Of a line with as many values.
  void begin(size_t values_max) {
    values_max_ = values_max;
    used_ = 0;
  }
  char* take(size_t size);
  std::string_view keep(std::span<const std::byte> bytes);  // copied

 private:
  size_t values_max_ = 0;
  size_t used_ = 0;  // bytes of the line
  size_t size_ = 0;
  std::unique_ptr<char[]> bytes_;
};

// Of a value that is not null, by the cast that cast_of gave. `target` comes with the word and the text that were sent.
CastResult cast_value(Cast cast, const LineValue& value, const storage::Column& column, CastRoom& room, JudgedCell& target);

}  // namespace net
