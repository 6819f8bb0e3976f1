// The types of columns that lines create, where the settings may choose.
#pragma once

#include "storage/schema/column_type.h"

namespace net {

struct DefaultTypes {
  storage::ColumnType integer = storage::ColumnType::int64;   // line.integer.default.column.type: LONG, INT, SHORT, BYTE
  storage::ColumnType real = storage::ColumnType::float64;    // line.float.default.column.type: DOUBLE, FLOAT
  storage::ColumnType string = storage::ColumnType::varchar;  // VARCHAR, or STRING as before 8.0
  storage::ColumnType timestamp = storage::ColumnType::timestamp_us;  // line.timestamp.default.column.type: of rows without one
};

}  // namespace net
