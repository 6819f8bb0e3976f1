#include "net/judge/row_judge.h"

#include <limits>
#include <optional>
#include <utility>

#include "engine/base/verify.h"
#include "net/judge/timestamp_unit.h"
#include "net/line/number.h"

namespace net {
namespace {

using storage::ColumnType;

constexpr int64_t null_long = std::numeric_limits<int64_t>::min();
constexpr int64_t timestamp_us_max = 253'402'300'799'999'999;  // the last of 9999

// QuestDB's limit for the trailing timestamp in a column of nanoseconds, the last of 2261.
constexpr int64_t trailing_ns_max = 9'214'646'399'999'999'999;

constexpr std::string_view designated_name = "timestamp";  // of tables that a line creates

// The type that a value gives a new column, and the only one that it fits, but for the unit of timestamps.
ColumnType type_of(const LineValue& value) {
  switch (value.kind) {
    case ValueKind::symbol:
      return ColumnType::symbol;
    case ValueKind::integer:
      return ColumnType::int64;
    case ValueKind::real:
      return ColumnType::float64;
    case ValueKind::string:
      return ColumnType::varchar;
    case ValueKind::boolean:
      return ColumnType::boolean;
    case ValueKind::long256:
      return ColumnType::long256;
    case ValueKind::timestamp:
      return value.unit == engine::TimeUnit::ns ? ColumnType::timestamp_ns : ColumnType::timestamp_us;
    case ValueKind::null:
    case ValueKind::array:
    case ValueKind::decimal:
      break;
  }
  UNREACHABLE("type of a value that makes no column");
}

bool is_null(const LineValue& value) {
  const bool has_least_long = value.kind == ValueKind::integer || value.kind == ValueKind::timestamp;
  return value.kind == ValueKind::null || (has_least_long && value.integer() == null_long);
}

storage::Long256 long256_of(std::string_view token) {
  const std::string_view digits = token.substr(2, token.size() - 3);  // 0x...i
  const std::optional<storage::Long256> value = parse_long256(digits);
  VERIFY(value.has_value());
  return *value;
}

}  // namespace

storage::WideValue JudgedCell::wide() const {
  switch (type) {
    case ColumnType::long256:
      return storage::WideValue::of(long256_of(text));
    default:
      UNREACHABLE("type of a wide value");
  }
}

Judgement RowJudge::judge(const ParsedLine& line, const storage::Schema* schema, engine::TimeUnit default_unit) {
  default_unit_ = default_unit;
  table_name_ = line.table;
  row_ = {};
  cells_.clear();
  if (!wish_.columns.empty() || !wish_names_.empty()) {
    wish_.columns.clear();
    wish_names_.clear();
  }
  return schema != nullptr ? judge_row(line, *schema) : judge_new_table(line);
}

Judgement RowJudge::judge_row(const ParsedLine& line, const storage::Schema& schema) {
  Table& known = table(schema);
  ++serial_;
  if (!judge_trailing_timestamp(line, schema.designated_column().type)) return Judgement::rejected;
  for (size_t place = 0; place < line.entities.size(); ++place) {
    const LineEntity& entity = line.entities[place];
    const storage::ColumnIndex column = known.lookup.find(entity.name, place);
    if (column == column_none) {
      if (!wish_for(entity, schema.columns.size())) return Judgement::rejected;
      continue;
    }
    if (std::exchange(known.last_used[column.value], serial_) == serial_) continue;
    const ColumnType type = schema.column(column).type;
    const bool good = column == schema.designated ? judge_designated_field(entity, type) : judge_cell(entity, column, type);
    if (!good) return Judgement::rejected;
  }
  row_.cells = cells_;
  return wish_.columns.empty() ? Judgement::row : Judgement::needs_columns;
}

// The designated column stands where the line names it, else last. Its unit is that of the trailing timestamp, if it has a
// suffix.
Judgement RowJudge::judge_new_table(const ParsedLine& line) {
  const bool in_ns = line.has_timestamp && line.timestamp_unit == engine::TimeUnit::ns;
  const ColumnType designated_type = in_ns ? ColumnType::timestamp_ns : ColumnType::timestamp_us;
  const storage::ColumnWish designated{std::string(designated_name), designated_type};
  wish_.name = line.table;
  if (!judge_trailing_timestamp(line, designated_type)) return Judgement::rejected;
  bool is_named = false;
  for (const LineEntity& entity : line.entities) {
    if (storage::fold_name(entity.name) != designated_name) {
      if (!wish_for(entity, 1)) return Judgement::rejected;
      continue;
    }
    if (is_named) continue;
    if (!judge_designated_field(entity, designated_type)) return Judgement::rejected;
    is_named = true;
    wish_.designated.value = static_cast<uint32_t>(wish_.columns.size());
    wish_.columns.push_back(designated);
  }
  if (!is_named) {
    wish_.designated.value = static_cast<uint32_t>(wish_.columns.size());
    wish_.columns.push_back(designated);
  }
  return Judgement::needs_table;
}

bool RowJudge::judge_trailing_timestamp(const ParsedLine& line, ColumnType type) {
  if (!line.has_timestamp) return true;
  const int64_t sent = line.timestamp;
  if (sent < 0) return reject(LineError::timestamp_negative, {}, ValueKind::timestamp, type, sent);
  const engine::TimeUnit unit = line.timestamp_unit == engine::TimeUnit::unspecified ? default_unit_ : line.timestamp_unit;
  const std::optional<int64_t> timestamp = convert_timestamp(sent, unit, type);
  if (!timestamp) return reject(LineError::timestamp_overflow, {}, ValueKind::timestamp, type, sent);
  const int64_t timestamp_max = type == ColumnType::timestamp_ns ? trailing_ns_max : timestamp_us_max;
  if (*timestamp > timestamp_max) return reject(LineError::timestamp_too_late, {}, ValueKind::timestamp, type, sent);
  row_.has_timestamp = true;
  row_.timestamp = *timestamp;
  return true;
}

// Overrides the trailing timestamp. As on QuestDB nanoseconds have no limit here but the long's.
bool RowJudge::judge_designated_field(const LineEntity& entity, ColumnType type) {
  const LineValue& value = entity.value;
  if (value.kind != ValueKind::timestamp) return reject(LineError::designated_type, entity.name, value.kind, type);
  const int64_t sent = value.integer();
  if (sent < 0) return reject(LineError::timestamp_negative, entity.name, value.kind, type, sent);
  const std::optional<int64_t> timestamp = convert_timestamp(sent, value.unit, type);
  if (!timestamp) return reject(LineError::timestamp_overflow, entity.name, value.kind, type, sent);
  if (type == ColumnType::timestamp_us && *timestamp > timestamp_us_max) {
    return reject(LineError::timestamp_too_late, entity.name, value.kind, type, sent);
  }
  row_.has_timestamp = true;
  row_.timestamp = *timestamp;
  return true;
}

bool RowJudge::judge_cell(const LineEntity& entity, storage::ColumnIndex column, ColumnType type) {
  const LineValue& value = entity.value;
  if (value.kind == ValueKind::null) return true;
  const bool has_type = value.kind != ValueKind::array && value.kind != ValueKind::decimal;
  const bool fits = value.kind == ValueKind::timestamp ? storage::is_timestamp(type) : has_type && type_of(value) == type;
  if (!fits) return reject(LineError::cast, entity.name, value.kind, type);
  if (is_null(value)) return true;
  uint64_t word = value.bits;
  if (value.kind == ValueKind::timestamp) {
    const std::optional<int64_t> timestamp = convert_timestamp(value.integer(), value.unit, type);
    if (!timestamp) return reject(LineError::timestamp_overflow, entity.name, value.kind, type, value.integer());
    word = static_cast<uint64_t>(*timestamp);
  }
  JudgedCell& cell = cells_.emplace_back();  // filled in place: see LineScanner::set_text
  cell.column = column;
  cell.type = type;
  cell.word = word;
  cell.text = value.text;
  return true;
}

// A column that the table does not have yet. `columns_before` counts those that it has without the wishes.
bool RowJudge::wish_for(const LineEntity& entity, size_t columns_before) {
  if (!wish_names_.insert(storage::fold_name(entity.name)).second) return true;
  const LineValue& value = entity.value;
  if (value.kind == ValueKind::null || value.kind == ValueKind::array) return reject(LineError::untyped_column, entity.name);
  if (value.kind == ValueKind::decimal) return reject(LineError::decimal_column, entity.name);
  const ColumnType type = type_of(value);
  if (columns_before + wish_names_.size() > storage::columns_max) return reject(LineError::too_many_columns, entity.name);
  const bool is_timestamp = value.kind == ValueKind::timestamp && !is_null(value);
  if (is_timestamp && !convert_timestamp(value.integer(), value.unit, type)) {
    return reject(LineError::timestamp_overflow, entity.name, value.kind, type, value.integer());
  }
  wish_.columns.push_back({std::string(entity.name), type});
  return true;
}

RowJudge::Table& RowJudge::table(const storage::Schema& schema) {
  if (last_table_ == nullptr || last_table_id_ != schema.table) {
    if (tables_.size() == storage::tables_max && !tables_.contains(schema.table)) tables_.clear();
    std::unique_ptr<Table>& known = tables_[schema.table];
    if (known == nullptr) known = std::make_unique<Table>(hash_seed_);
    last_table_ = known.get();
    last_table_id_ = schema.table;
  }
  last_table_->lookup.follow(schema);
  last_table_->last_used.resize(schema.columns.size());
  return *last_table_;
}

bool RowJudge::reject(LineError error, std::string_view column, ValueKind kind, ColumnType type, int64_t timestamp) {
  rejection_.error = error;
  rejection_.table = table_name_;
  rejection_.column = column;
  rejection_.value_kind = kind;
  rejection_.column_type = type;
  rejection_.timestamp = timestamp;
  return false;
}

}  // namespace net
