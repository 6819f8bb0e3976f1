#include "net/judge/rejection_text.h"

#include <fmt/format.h>

#include <string_view>

#include "engine/base/verify.h"
#include "net/line/decimal.h"
#include "net/line/scanner.h"

namespace net {
namespace {

std::string_view protocol_type_name(ValueKind kind) {
  switch (kind) {
    case ValueKind::symbol:
      return "TAG";
    case ValueKind::integer:
      return "INTEGER";
    case ValueKind::real:
      return "FLOAT";
    case ValueKind::string:
      return "STRING";
    case ValueKind::boolean:
      return "BOOLEAN";
    case ValueKind::long256:
      return "LONG256";
    case ValueKind::timestamp:
      return "TIMESTAMP";
    case ValueKind::array:
      return "ARRAY";
    case ValueKind::decimal:
      return "DECIMAL";
    case ValueKind::null:
      return "NULL";
  }
  UNREACHABLE("kind of a value");
}

// What was sent, for a column that takes only certain kinds of it.
std::string protocol_type_name(const LineRejection& rejection) {
  const LineValue& value = rejection.value;
  const bool is_other_array = value.kind == ValueKind::array && rejection.full_type.type == storage::ColumnType::array;
  if (is_other_array) return storage::full_type_name(storage::ColumnType::array, {.size = static_cast<uint8_t>(value.bits)});
  return std::string(protocol_type_name(value.kind));
}

std::string column_type_name(const LineRejection& rejection) {
  return storage::full_type_name(rejection.full_type.type, rejection.full_type.parameters);
}

// A number as sent, without its suffix; as the sender would have written it when it came in binary.
std::string number_text(const LineValue& value) {
  if (value.kind == ValueKind::decimal) {
    Decimal decimal;
    VERIFY(read_decimal(value.text, decimal) == LineError::none);
    std::string text;
    engine::append_decimal(text, {decimal.magnitude, decimal.negative}, decimal.scale);
    return text;
  }
  if (value.text.empty())
    return value.kind == ValueKind::real ? fmt::format("{}", value.real()) : fmt::format("{}", value.integer());
  return std::string(value.text.substr(0, value.text.size() - (value.kind == ValueKind::integer ? 1 : 0)));
}

std::string too_late_detail(const LineRejection& rejection) {
  const std::string_view reason = rejection.full_type.type == storage::ColumnType::timestamp_ns
                                      ? "designated timestamp overflow, max[9214646399999999999]"
                                      : "designated timestamp beyond 9999-12-31 is not allowed";
  return fmt::format("table: {}, timestamp: {}; {}", rejection.table, rejection.value.integer(), reason);
}

}  // namespace

std::string line_detail(const BadLine& line, const LineSizeLimit& limit) {
  switch (line.error) {
    case LineError::no_fields:
      return "No fields were provided";
    case LineError::missing_tag_value:
      return fmt::format("Could not parse entire line. Symbol value is missing: {}", line.name);
    case LineError::missing_field_value:
      return fmt::format("Could not parse entire line. Field value is missing: {}", line.name);
    case LineError::invalid_timestamp:
      return fmt::format("Could not parse timestamp: {}", line.value);
    case LineError::invalid_field_value:
      return fmt::format("Could not parse entire line, field value is invalid. Field: {}; value: {}", line.name, line.value);
    case LineError::decimal_overflow:
      return fmt::format("DECIMAL_OVERFLOW: a decimal has more than {} digits. Field: {}", engine::wide_digits_max, line.name);
    case LineError::decimal_invalid_scale:
      return fmt::format("DECIMAL_INVALID_SCALE: a decimal has more than {} digits behind the point. Field: {}",
                         decimal_scale_max, line.name);
    case LineError::invalid_table_name:
      return fmt::format("table: {}; invalid table name (INVALID_TABLE_NAME)", line.name);
    case LineError::invalid_column_name:
      if (line.name.empty()) return fmt::format("table: {}; invalid column name, from its first byte on", line.table);
      return fmt::format("table: {}; invalid column name: {}", line.table, line.name);
    case LineError::invalid_utf8:
      return fmt::format("table: {}; invalid UTF-8 in: {}", line.table, line.name);
    case LineError::line_too_large:
      return fmt::format("a line of {} bytes or more, at most {} are taken: {} sets the limit", line.size, limit.size_max,
                         limit.key);
    case LineError::line_too_wide:
      return fmt::format("a line of more than {} values, a limit that no setting changes", line_values_max);
    default:
      return std::string(line_error_text(line.error));
  }
}

std::string line_detail(const LineRejection& rejection) {
  switch (rejection.error) {
    case LineError::cast:
    case LineError::designated_type:
      return fmt::format("table: {}, column: {}; cast error from protocol type: {} to column type: {}", rejection.table,
                         rejection.column, protocol_type_name(rejection), column_type_name(rejection));
    case LineError::out_of_bounds:
      return fmt::format("table: {}, column: {}; line protocol value: {} is out bounds of column type: {}", rejection.table,
                         rejection.column, number_text(rejection.value), column_type_name(rejection));
    case LineError::precision_loss:
      return fmt::format("table: {}, column: {}; value error: converting {} to {} will result in loss of precision",
                         rejection.table, rejection.column, number_text(rejection.value), column_type_name(rejection));
    case LineError::untyped_column:
      return fmt::format("table: {}; invalid column type: {}", rejection.table, rejection.column);
    case LineError::decimal_column:
      return fmt::format("table: {}; decimal columns must be created manually: {}", rejection.table, rejection.column);
    case LineError::too_many_columns:
      return fmt::format("table: {}; more than {} columns, a limit that no setting changes: {}", rejection.table,
                         storage::columns_max, rejection.column);
    case LineError::timestamp_negative:
      return fmt::format("table: {}, timestamp: {}; designated timestamp before 1970-01-01 is not allowed", rejection.table,
                         rejection.value.integer());
    case LineError::timestamp_too_late:
      return too_late_detail(rejection);
    case LineError::timestamp_overflow:
      return fmt::format("long overflow, timestamp: {}", rejection.value.integer());
    default:
      UNREACHABLE("error of a judge");
  }
}

}  // namespace net
