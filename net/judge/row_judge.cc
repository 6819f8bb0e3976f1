#include "net/judge/row_judge.h"

#include <optional>
#include <utility>

#include "engine/base/verify.h"
#include "net/judge/timestamp_unit.h"

namespace net {
namespace {

using storage::ColumnType;

constexpr int64_t timestamp_us_max = 253'402'300'799'999'999;  // the last of 9999

// QuestDB's limit for the trailing timestamp in a column of nanoseconds, the last of 2261.
constexpr int64_t trailing_ns_max = 9'214'646'399'999'999'999;

constexpr std::string_view designated_name = "timestamp";  // of tables that a line creates

bool is_least_long(const LineValue& value) { return value.integer() == null_long; }

// What a trailing timestamp is called when it is rejected: an entity without a name.
LineEntity trailing_entity(const ParsedLine& line) {
  LineEntity entity;
  entity.value.kind = ValueKind::timestamp;
  entity.value.unit = line.timestamp_unit;
  entity.value.bits = static_cast<uint64_t>(line.timestamp);
  return entity;
}

}  // namespace

Judgement RowJudge::judge(const ParsedLine& line, const storage::Schema* schema, engine::TimeUnit default_unit) {
  default_unit_ = default_unit;
  table_name_ = line.table;
  row_ = {};
  cells_.clear();
  cast_room_.begin(line.entities.size());
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
    const storage::Column& known_column = schema.column(column);
    const bool good = column == schema.designated ? judge_designated_field(entity, known_column.type)
                                                  : judge_cell(entity, column, known_column);
    if (!good) return Judgement::rejected;
  }
  row_.cells = cells_;
  return wish_.columns.empty() ? Judgement::row : Judgement::needs_columns;
}

// The designated column stands where the line names it, else last. Its unit is that of the trailing timestamp, or the default
// when there is none.
Judgement RowJudge::judge_new_table(const ParsedLine& line) {
  const bool in_ns = line.timestamp_unit == engine::TimeUnit::ns;
  const ColumnType designated_type = !line.has_timestamp ? default_types_.timestamp
                                     : in_ns             ? ColumnType::timestamp_ns
                                                         : ColumnType::timestamp_us;
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
  const engine::TimeUnit unit = line.timestamp_unit == engine::TimeUnit::unspecified ? default_unit_ : line.timestamp_unit;
  const int64_t timestamp_max = type == ColumnType::timestamp_ns ? trailing_ns_max : timestamp_us_max;
  const std::optional<int64_t> timestamp = convert_timestamp(sent, unit, type);
  if (sent < 0 || !timestamp || *timestamp > timestamp_max) {
    const LineError error = sent < 0     ? LineError::timestamp_negative
                            : !timestamp ? LineError::timestamp_overflow
                                         : LineError::timestamp_too_late;
    return reject(error, trailing_entity(line), {type});
  }
  row_.has_timestamp = true;
  row_.timestamp = *timestamp;
  return true;
}

// Overrides the trailing timestamp. As on QuestDB nanoseconds have no limit here but the long's.
bool RowJudge::judge_designated_field(const LineEntity& entity, ColumnType type) {
  const LineValue& value = entity.value;
  const storage::FullType full_type{type};
  if (value.kind != ValueKind::timestamp) return reject(LineError::designated_type, entity, full_type);
  if (value.integer() < 0) return reject(LineError::timestamp_negative, entity, full_type);
  const std::optional<int64_t> timestamp = convert_timestamp(value.integer(), value.unit, type);
  if (!timestamp) return reject(LineError::timestamp_overflow, entity, full_type);
  if (type == ColumnType::timestamp_us && *timestamp > timestamp_us_max) {
    return reject(LineError::timestamp_too_late, entity, full_type);
  }
  row_.has_timestamp = true;
  row_.timestamp = *timestamp;
  return true;
}

bool RowJudge::judge_cell(const LineEntity& entity, storage::ColumnIndex index, const storage::Column& column) {
  const LineValue& value = entity.value;
  if (value.kind == ValueKind::null) return true;
  const Cast cast = cast_of(value.kind, column.type);
  JudgedCell& cell = cells_.emplace_back();  // filled in place: see LineScanner::set_text
  cell.column = index;
  cell.type = column.type;
  cell.word = value.bits;
  cell.text = value.text;
  if (cast == Cast::as_sent && (value.kind != ValueKind::integer || !is_least_long(value))) return true;
  const CastResult result = cast_value(cast, value, column, cast_room_, cell);
  if (result == CastResult::value) return true;
  cells_.pop_back();
  return result == CastResult::null || reject_cast(result, entity, column);
}

storage::FullType RowJudge::type_of_new_column(const LineValue& value) const {
  switch (value.kind) {
    case ValueKind::symbol:
      return {ColumnType::symbol};
    case ValueKind::integer:
      return {default_types_.integer};
    case ValueKind::real:
      return {default_types_.real};
    case ValueKind::string:
      return {default_types_.string};
    case ValueKind::boolean:
      return {ColumnType::boolean};
    case ValueKind::long256:
      return {ColumnType::long256};
    case ValueKind::timestamp:
      return {.type = value.unit == engine::TimeUnit::ns ? ColumnType::timestamp_ns : ColumnType::timestamp_us,
              .parameters = {}};
    case ValueKind::array:
      return {.type = ColumnType::array, .parameters = {.size = static_cast<uint8_t>(value.bits)}};
    case ValueKind::null:
    case ValueKind::decimal:
      break;
  }
  UNREACHABLE("type of a value that makes no column");
}

// A column that the table does not have yet. `columns_before` counts those that it has without the wishes.
bool RowJudge::wish_for(const LineEntity& entity, size_t columns_before) {
  if (!wish_names_.insert(storage::fold_name(entity.name)).second) return true;
  const LineValue& value = entity.value;
  const bool is_null_array = value.kind == ValueKind::array && value.bits == 0;
  if (value.kind == ValueKind::null || is_null_array) return reject(LineError::untyped_column, entity);
  if (value.kind == ValueKind::decimal) return reject(LineError::decimal_column, entity);
  const storage::FullType type = type_of_new_column(value);
  if (columns_before + wish_names_.size() > storage::columns_max) return reject(LineError::too_many_columns, entity);
  const bool is_time = value.kind == ValueKind::timestamp && !is_least_long(value);
  if (is_time && !convert_timestamp(value.integer(), value.unit, type.type)) {
    return reject(LineError::timestamp_overflow, entity, type);
  }
  wish_.columns.push_back({std::string(entity.name), type.type, type.parameters});
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

bool RowJudge::reject_cast(CastResult result, const LineEntity& entity, const storage::Column& column) {
  const storage::FullType type{.type = column.type, .parameters = column.parameters};
  switch (result) {
    case CastResult::mismatch:
      return reject(LineError::cast, entity, type);
    case CastResult::out_of_bounds:
      return reject(LineError::out_of_bounds, entity, type);
    case CastResult::precision_loss:
      return reject(LineError::precision_loss, entity, type);
    case CastResult::time_overflow:
      return reject(LineError::timestamp_overflow, entity, type);
    case CastResult::value:
    case CastResult::null:
      break;
  }
  UNREACHABLE("result of a cast that fits");
}

bool RowJudge::reject(LineError error, const LineEntity& entity, storage::FullType type) {
  rejection_.error = error;
  rejection_.table = table_name_;
  rejection_.column = entity.name;
  rejection_.value = entity.value;
  rejection_.full_type = type;
  return false;
}

}  // namespace net
