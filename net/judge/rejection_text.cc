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

std::string too_late_detail(const LineRejection& rejection) {
  const std::string_view reason = rejection.column_type == storage::ColumnType::timestamp_ns
                                      ? "designated timestamp overflow, max[9214646399999999999]"
                                      : "designated timestamp beyond 9999-12-31 is not allowed";
  return fmt::format("table: {}, timestamp: {}; {}", rejection.table, rejection.timestamp, reason);
}

}  // namespace

std::string line_detail(const BadLine& line, size_t line_size_max) {
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
      return fmt::format("Could not parse entire line, a decimal has more than {} digits. Field: {}", engine::wide_digits_max,
                         line.name);
    case LineError::decimal_invalid_scale:
      return fmt::format("Could not parse entire line, a decimal has more than {} digits behind the point. Field: {}",
                         decimal_scale_max, line.name);
    case LineError::invalid_table_name:
      return fmt::format("table: {}; invalid table name", line.name);
    case LineError::invalid_column_name:
      if (line.name.empty()) return fmt::format("table: {}; invalid column name, from its first byte on", line.table);
      return fmt::format("table: {}; invalid column name: {}", line.table, line.name);
    case LineError::invalid_utf8:
      return fmt::format("table: {}; invalid UTF-8 in: {}", line.table, line.name);
    case LineError::line_too_large:
      return fmt::format("a line of {} bytes or more, at most {} are taken: line.tcp.max.recv.buffer.size sets the limit",
                         line.size, line_size_max);
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
                         rejection.column, protocol_type_name(rejection.value_kind), storage::type_name(rejection.column_type));
    case LineError::untyped_column:
      return fmt::format("table: {}; invalid column type: {}", rejection.table, rejection.column);
    case LineError::decimal_column:
      return fmt::format("table: {}; decimal columns must be created manually: {}", rejection.table, rejection.column);
    case LineError::too_many_columns:
      return fmt::format("table: {}; more than {} columns, a limit that no setting changes: {}", rejection.table,
                         storage::columns_max, rejection.column);
    case LineError::timestamp_negative:
      return fmt::format("table: {}, timestamp: {}; designated timestamp before 1970-01-01 is not allowed", rejection.table,
                         rejection.timestamp);
    case LineError::timestamp_too_late:
      return too_late_detail(rejection);
    case LineError::timestamp_overflow:
      return fmt::format("long overflow, timestamp: {}", rejection.timestamp);
    default:
      UNREACHABLE("error of a judge");
  }
}

}  // namespace net
