// Values as SQL sees them, and their texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "storage/schema/schema.h"

namespace net {

// A value that a table function computes; monostate is NULL.
using SqlValue = std::variant<std::monostate, bool, int64_t, std::string>;

// One cell of a result. Texts are borrowed from the query that runs.
struct SqlCell {
  enum class Kind : uint8_t { null, boolean, integer, real, real32, text, json };

  Kind kind = Kind::null;
  int64_t integer = 0;    // and booleans
  double real = 0;        // and real32; always finite: NaN and infinities become null
  std::string_view text;  // UTF-8 as stored; of types that JSON has no values for; json: an array as JSON has it

  static SqlCell of_boolean(bool value) { return {.kind = Kind::boolean, .integer = value ? 1 : 0}; }
  static SqlCell of_integer(int64_t value) { return {.kind = Kind::integer, .integer = value}; }
  static SqlCell of_real(double value);
  static SqlCell of_real32(double value);  // has the digits of a float
  static SqlCell of_text(std::string_view value) { return {.kind = Kind::text, .text = value}; }
  static SqlCell of_json(std::string_view value) { return {.kind = Kind::json, .text = value}; }

  bool has_text() const { return kind == Kind::text || kind == Kind::json; }
};

// A column of a result: its name, and QuestDB's name of its type.
struct SqlColumn {
  std::string name;
  std::string type;
};

// Appends the fewest digits that read back as the same double, always with a point or an exponent: "1.0", "-0.0", "1e+22".
void append_double(std::string& target, double value);

// Appends a cell as text: "true", "-5", "1.5", or the text as it is; nothing for null.
void append_cell(std::string& target, const SqlCell& cell);

}  // namespace net
