// What the parser says of one line: a row as it was sent, or why it is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "net/line/error.h"
#include "net/line/timestamp.h"
#include "net/line/value.h"

namespace net {

struct LineEntity {
  std::string_view name;  // unescaped, a valid column name
  LineValue value;
};

// One line. All views hold until the parser is called again.
struct ParsedLine {
  std::string_view table;                // unescaped, a valid table name
  std::span<const LineEntity> entities;  // tags, then fields, in the order sent; at least one
  size_t tag_count = 0;
  bool has_timestamp = false;  // false too for the least long, QuestDB's null
  int64_t timestamp = 0;
  engine::TimeUnit timestamp_unit = engine::TimeUnit::unspecified;
  std::string_view raw;  // as sent, without the line end
  uint64_t offset = 0;   // of the line's first byte in the stream
};

// A rejected line, with the words that its message needs. All views hold until the parser is called again.
struct BadLine {
  LineError error = LineError::none;
  std::string_view table;  // empty while the table name is not read
  std::string_view name;   // the table, column or lonely token that the error is about
  std::string_view value;  // of a field or timestamp that is none, as sent
  std::string_view raw;    // as sent, up to the end of the line or, with at_detection, to the byte found wrong; may be a prefix
  uint64_t size = 0;       // of the whole line; `raw` is shorter when the line did not fit
  uint64_t offset = 0;     // of the line's first byte in the stream
};

}  // namespace net
