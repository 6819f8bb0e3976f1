// Why a line is rejected. The parser finds the first ones, the judgement against a table's columns the others. The text here
// names the error in logs, counters and, where the protocol has no better sentence, in answers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace net {

enum class LineError : uint8_t {
  none,

  // Syntax. Codes and their meaning are QuestDB's.
  no_fields,
  incomplete_tag,
  incomplete_field,
  missing_tag_value,
  missing_field_value,
  invalid_field_separator,
  invalid_field_value,
  invalid_timestamp,
  invalid_table_name,
  invalid_column_name,
  unsupported_binary_format,
  array_invalid_type,
  array_too_many_dimensions,
  array_too_large,
  decimal_invalid_scale,
  decimal_overflow,
  invalid_utf8,  // in a name, symbol or string
  line_too_large,
  line_too_wide,  // more values than line_values_max

  // Judgement.
  cast,                // the column has another type
  out_of_bounds,       // the column's type has no such number
  precision_loss,      // the column's decimals have fewer digits behind the point
  untyped_column,      // an empty value, or a null array, for a column that does not exist
  decimal_column,      // a decimal for a column that does not exist
  too_many_columns,    // the table would have more than storage::columns_max
  designated_type,     // something else than a timestamp for the designated column
  timestamp_negative,  // designated, before 1970
  timestamp_too_late,  // designated, beyond the last year
  timestamp_overflow,  // in the column's unit it is no long any more

  // Limits.
  symbol_too_long,  // storage::symbol_size_max
  limit_reached,    // of tables, columns, or runs of a partition

  // Settings.
  creation_disabled,  // line.auto.create.new.tables, line.auto.create.new.columns

  // Of a stream.
  foreign_protocol,  // it does not begin as lines do
};

inline constexpr size_t line_error_count = static_cast<size_t>(LineError::foreign_protocol) + 1;

constexpr std::string_view line_error_text(LineError error) {
  constexpr std::array<std::string_view, line_error_count> texts = {
      "NONE",
      "NO_FIELDS",
      "INCOMPLETE_TAG",
      "INCOMPLETE_FIELD",
      "MISSING_TAG_VALUE",
      "MISSING_FIELD_VALUE",
      "INVALID_FIELD_SEPARATOR",
      "INVALID_FIELD_VALUE",
      "INVALID_TIMESTAMP",
      "INVALID_TABLE_NAME",
      "INVALID_COLUMN_NAME",
      "UNSUPPORTED_BINARY_FORMAT",
      "ARRAY_INVALID_TYPE",
      "ARRAY_TOO_MANY_DIMENSIONS",
      "ARRAY_TOO_LARGE",
      "DECIMAL_INVALID_SCALE",
      "DECIMAL_OVERFLOW",
      "INVALID_UTF8",
      "LINE_TOO_LARGE",
      "LINE_TOO_WIDE",
      "CAST",
      "OUT_OF_BOUNDS",
      "PRECISION_LOSS",
      "UNTYPED_COLUMN",
      "DECIMAL_COLUMN",
      "TOO_MANY_COLUMNS",
      "DESIGNATED_TYPE",
      "TIMESTAMP_NEGATIVE",
      "TIMESTAMP_TOO_LATE",
      "TIMESTAMP_OVERFLOW",
      "SYMBOL_TOO_LONG",
      "LIMIT_REACHED",
      "CREATION_DISABLED",
      "FOREIGN_PROTOCOL",
  };
  return texts[static_cast<size_t>(error)];
}

}  // namespace net
