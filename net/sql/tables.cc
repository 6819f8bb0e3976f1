#include "net/sql/tables.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <memory>
#include <new>
#include <optional>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "net/sql/query_limits.h"
#include "net/sql/stored_value.h"
#include "net/sql/time_range.h"
#include "net/sql/timestamp_text.h"
#include "storage/read/table_scan.h"

namespace net {
namespace {

using storage::ColumnType;
using storage::Schema;

// SQLite's mask of wanted columns: its last bit stands for all columns from there on.
constexpr size_t mask_columns_max = 63;

constexpr std::string_view collation_us = "timestamp_us";
constexpr std::string_view collation_ns = "timestamp_ns";
constexpr std::string_view collation_ms = "date";

std::string_view collation_of(ColumnType type) {
  const engine::TimeUnit unit = storage::unit_of(type);
  return unit == engine::TimeUnit::ns ? collation_ns : unit == engine::TimeUnit::us ? collation_us : collation_ms;
}

// QuestDB's type name, its brackets quoted, then what makes SQLite choose the affinity of the values (datatype3.html, 3.1).
std::string column_declaration(const Schema& schema, size_t index) {
  const ColumnType type = schema.columns[index].type;
  std::string declared = storage::full_type_name(type, schema.columns[index].parameters);
  if (const size_t bracket = declared.find_first_of("(["); bracket != std::string::npos) {
    declared.insert(bracket, 1, '"') += '"';
  }
  if (index == schema.designated.value) declared += " DESIGNATED";
  const ValueForm form = form_of(type);
  if (form == ValueForm::text || form == ValueForm::json) declared += " TEXT";
  if (storage::is_time(type)) declared.append(" COLLATE ").append(collation_of(type));
  return declared;
}

std::string table_declaration(const Schema& schema) {
  std::string text = "CREATE TABLE t(";
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    text += i == 0 ? "\"" : ", \"";
    for (const char c : schema.columns[i].name) text.append(c == '"' ? 2 : 1, c);
    text += "\" " + column_declaration(schema, i);
  }
  return text + ")";
}

struct TableVtab final : sqlite3_vtab {
  explicit TableVtab(SqlTables::Entry& of) : sqlite3_vtab{}, entry(of) {}

  const Schema& schema() const { return *entry.snapshot.schema; }

  SqlTables::Entry& entry;
};

struct TableCursor final : sqlite3_vtab_cursor {
  TableCursor() : sqlite3_vtab_cursor{} {}

  TableVtab& table() const { return static_cast<TableVtab&>(*pVtab); }
  bool at_end() const { return chunk == nullptr || row >= chunk->rows; }

  std::unique_ptr<storage::TableScan> scan;
  const storage::ScanChunk* chunk = nullptr;
  size_t row = 0;               // in the chunk
  std::vector<uint32_t> slots;  // schema index -> column of the chunk
  std::string text;             // of the value that is shown
  int64_t row_texts = 0;        // bytes of texts that were read of this row
};

TableCursor& cursor_of(sqlite3_vtab_cursor* cursor) { return static_cast<TableCursor&>(*cursor); }

int fail(TableVtab& table, absl::Status status) {
  sqlite3_free(table.zErrMsg);
  table.zErrMsg = sqlite3_mprintf("%s", std::string(engine::message_of(status)).c_str());
  table.entry.owner.set_failure(std::move(status));
  return SQLITE_ERROR;
}

int connect_table(sqlite3* database, void* entry, int, const char* const*, sqlite3_vtab** result, char** error) {
  auto& table = *static_cast<SqlTables::Entry*>(entry);
  const int code = table.owner.access().declare_table(database, table_declaration(*table.snapshot.schema));
  if (code == SQLITE_OK) {
    *result = new TableVtab(table);
  } else {  // more columns than SQLite takes
    *error = sqlite3_mprintf("table %s: %s", table.snapshot.schema->name.c_str(), sqlite3_errmsg(database));
  }
  return code;
}

int disconnect_table(sqlite3_vtab* table) {
  delete static_cast<TableVtab*>(table);
  return SQLITE_OK;
}

// A plan is a text: the mask of wanted columns in hexadecimal, a colon, and one comparison per value that filter_table gets.
std::optional<TimeComparison> comparison_of(unsigned char op) {
  switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
      return TimeComparison::equal;
    case SQLITE_INDEX_CONSTRAINT_LT:
      return TimeComparison::less;
    case SQLITE_INDEX_CONSTRAINT_LE:
      return TimeComparison::less_equal;
    case SQLITE_INDEX_CONSTRAINT_GT:
      return TimeComparison::greater;
    case SQLITE_INDEX_CONSTRAINT_GE:
      return TimeComparison::greater_equal;
    default:
      return std::nullopt;
  }
}

// The comparisons that the scan takes over, as characters.
std::string claim_comparisons(const Schema& schema, sqlite3_index_info& info) {
  const std::string_view collation = collation_of(schema.designated_column().type);
  std::string claimed;
  for (int i = 0; i < info.nConstraint; ++i) {
    const auto& constraint = info.aConstraint[i];
    const std::optional<TimeComparison> comparison = comparison_of(constraint.op);
    if (constraint.usable == 0 || !comparison || constraint.iColumn != static_cast<int>(schema.designated.value)) continue;
    if (collation != sqlite3_vtab_collation(&info, i)) continue;
    claimed += static_cast<char>(*comparison);
    info.aConstraintUsage[i].argvIndex = static_cast<int>(claimed.size());
    info.aConstraintUsage[i].omit = 1;
  }
  return claimed;
}

bool is_sorted_by_scan(const Schema& schema, const sqlite3_index_info& info) {
  return info.nOrderBy == 1 && info.aOrderBy[0].iColumn == static_cast<int>(schema.designated.value) &&
         info.aOrderBy[0].desc == 0;
}

int plan_table(sqlite3_vtab* vtab, sqlite3_index_info* info) {
  const TableVtab& table = static_cast<TableVtab&>(*vtab);
  const std::string claimed = claim_comparisons(table.schema(), *info);
  info->idxStr = sqlite3_mprintf("%llx:%s", static_cast<unsigned long long>(info->colUsed), claimed.c_str());
  if (info->idxStr == nullptr) return SQLITE_NOMEM;
  info->needToFreeIdxStr = 1;
  info->orderByConsumed = is_sorted_by_scan(table.schema(), *info) ? 1 : 0;

  constexpr int64_t rows_left_per_comparison = 4;  // a guess, as SQLite's own for ranges
  auto rows = static_cast<int64_t>(table.entry.snapshot.rows()) + 1;
  for (const char comparison : claimed) {
    rows = comparison == static_cast<char>(TimeComparison::equal) ? 1 : rows / rows_left_per_comparison + 1;
  }
  info->estimatedRows = rows;
  info->estimatedCost = static_cast<double>(rows) * static_cast<double>(1 + std::popcount(info->colUsed));
  return SQLITE_OK;
}

int open_cursor(sqlite3_vtab* table, sqlite3_vtab_cursor** result) {
  static_cast<TableVtab*>(table)->entry.owner.add_cursor();
  *result = new TableCursor();
  return SQLITE_OK;
}

int close_cursor(sqlite3_vtab_cursor* cursor) {
  cursor_of(cursor).table().entry.owner.remove_cursor();
  delete &cursor_of(cursor);
  return SQLITE_OK;
}

int load_chunk(TableCursor& cursor) {
  absl::StatusOr<const storage::ScanChunk*> chunk = cursor.scan->next();
  cursor.row = 0;
  cursor.row_texts = 0;
  cursor.chunk = nullptr;
  if (!chunk.ok()) return fail(cursor.table(), chunk.status());
  cursor.chunk = *chunk;
  return SQLITE_OK;
}

absl::Status restrict_range(SqlTimeRange& range, engine::TimeUnit unit, TimeComparison comparison, sqlite3_value* value) {
  if (sqlite3_value_type(value) == SQLITE_NULL) {
    range.clear();
    return absl::OkStatus();
  }
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
  const std::string_view text(bytes == nullptr ? "" : bytes,
                              bytes == nullptr ? 0 : static_cast<size_t>(sqlite3_value_bytes(value)));
  const std::optional<TimePoint> point = parse_time_point(text, unit);
  if (!point) return engine::invalid_argument("not a timestamp [value=" + std::string(text) + "]");
  range.restrict(comparison, *point);
  return absl::OkStatus();
}

// Chooses the columns of the scan by the plan's mask.
storage::ScanOptions wanted_columns(TableCursor& cursor, size_t column_count, uint64_t mask) {
  storage::ScanOptions options;
  cursor.slots.assign(column_count, UINT32_MAX);
  for (uint32_t i = 0; i < column_count; ++i) {
    if ((mask >> std::min<size_t>(i, mask_columns_max) & 1U) == 0) continue;
    cursor.slots[i] = static_cast<uint32_t>(options.columns.size());
    options.columns.push_back({i});
  }
  return options;
}

int filter_table(sqlite3_vtab_cursor* vtab_cursor, int, const char* plan, int value_count, sqlite3_value** values) {
  TableCursor& cursor = cursor_of(vtab_cursor);
  TableVtab& table = cursor.table();
  uint64_t mask = 0;
  const std::string_view plan_text(plan);
  const char* comparisons = std::from_chars(plan_text.data(), plan_text.data() + plan_text.size(), mask, 16).ptr + 1;

  const engine::TimeUnit unit = storage::unit_of(table.schema().designated_column().type);
  SqlTimeRange range(unit);
  for (int i = 0; i < value_count; ++i) {
    absl::Status status = restrict_range(range, unit, static_cast<TimeComparison>(comparisons[i]), values[i]);
    if (!status.ok()) return fail(table, std::move(status));
  }

  cursor.scan.reset();
  cursor.chunk = nullptr;
  if (range.empty()) return SQLITE_OK;
  storage::ScanOptions options = wanted_columns(cursor, table.schema().columns.size(), mask);
  options.timestamp_min = range.min();
  options.timestamp_max = range.max();
  auto scan = storage::TableScan::open(table.entry.owner.files(), table.entry.snapshot, std::move(options));
  if (!scan.ok()) return fail(table, scan.status());
  cursor.scan = *std::move(scan);
  return load_chunk(cursor);
}

int step_cursor(sqlite3_vtab_cursor* vtab_cursor) {
  TableCursor& cursor = cursor_of(vtab_cursor);
  cursor.row_texts = 0;
  return ++cursor.row < cursor.chunk->rows ? SQLITE_OK : load_chunk(cursor);
}

int is_cursor_at_end(sqlite3_vtab_cursor* cursor) { return cursor_of(cursor).at_end() ? 1 : 0; }

// Copies, because SQLite may keep the value longer than the chunk lives.
void return_text(TableCursor& cursor, sqlite3_context* context, std::string_view text) {
  cursor.row_texts += static_cast<int64_t>(text.size());
  cursor.table().entry.owner.see_row_texts(cursor.row_texts);
  sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

// Of any type but symbols, at the cursor's row.
void return_value(TableCursor& cursor, sqlite3_context* context, const storage::ColumnVector& column,
                  storage::TypeParameters parameters) {
  const storage::Kind kind = column.kind();
  StoredValue value{.word = column.words[cursor.row], .bytes = {}};
  if (kind == storage::Kind::texts) value.bytes = column.text(cursor.row);
  if (kind != storage::Kind::texts && !storage::is_word(kind)) value.bytes = engine::as_text(column.wide(cursor.row));
  switch (form_of(column.type)) {
    case ValueForm::boolean:
    case ValueForm::integer:
      return sqlite3_result_int64(context, integer_of(column.type, value));
    case ValueForm::real:
    case ValueForm::real32:
      return sqlite3_result_double(context, real_of(column.type, value));
    case ValueForm::text:
      if (kind == storage::Kind::texts) return return_text(cursor, context, value.bytes);
      [[fallthrough]];
    case ValueForm::json:
      cursor.text.clear();
      append_value(cursor.text, {column.type, parameters}, value);
      return return_text(cursor, context, cursor.text);
  }
}

int read_column(sqlite3_vtab_cursor* vtab_cursor, sqlite3_context* context, int index) {
  TableCursor& cursor = cursor_of(vtab_cursor);
  const uint32_t slot = cursor.slots[static_cast<size_t>(index)];
  VERIFY_LT(slot, cursor.chunk->columns.size());
  const storage::ColumnVector& column = cursor.chunk->columns[slot];
  if (column.present[cursor.row] == 0) return SQLITE_OK;  // NULL unless something else is returned
  if (storage::is_symbol(column.type)) {
    const storage::SymbolId id{static_cast<uint32_t>(column.words[cursor.row])};
    return_text(cursor, context, cursor.scan->symbol_text(slot, id));
  } else {
    return_value(cursor, context, column, cursor.table().schema().columns[static_cast<size_t>(index)].parameters);
  }
  return SQLITE_OK;
}

// Of a query whose conditions are joined by OR SQLite may scan once for each, and knows by this which rows it has had.
int read_rowid(sqlite3_vtab_cursor* vtab_cursor, sqlite3_int64* rowid) {
  const TableCursor& cursor = cursor_of(vtab_cursor);
  *rowid = static_cast<sqlite3_int64>(cursor.scan->row_id(cursor.row));
  return SQLITE_OK;
}

// Without xCreate a module is a table by itself, under the module's name.
constexpr sqlite3_module table_module{
    .iVersion = 1,
    .xConnect = connect_table,
    .xBestIndex = plan_table,
    .xDisconnect = disconnect_table,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = filter_table,
    .xNext = step_cursor,
    .xEof = is_cursor_at_end,
    .xColumn = read_column,
    .xRowid = read_rowid,
};

// A total order: points in time by time, then texts that are none by their bytes.
template <engine::TimeUnit unit>
int compare_timestamps(void*, int left_size, const void* left, int right_size, const void* right) {
  const std::string_view left_text(static_cast<const char*>(left), static_cast<size_t>(left_size));
  const std::string_view right_text(static_cast<const char*>(right), static_cast<size_t>(right_size));
  const std::optional<TimePoint> left_point = parse_time_point(left_text, unit);
  const std::optional<TimePoint> right_point = parse_time_point(right_text, unit);
  if (left_point && right_point) return *left_point < *right_point ? -1 : (*left_point == *right_point ? 0 : 1);
  if (left_point.has_value() != right_point.has_value()) return left_point ? -1 : 1;
  return left_text.compare(right_text);
}

}  // namespace

std::string declared_type_name(std::string_view declared) {
  std::string name(declared.substr(0, declared.find(' ')));
  std::erase(name, '"');
  return name;
}

bool is_declared_designated(std::string_view declared) { return declared.find(" DESIGNATED") != std::string_view::npos; }

absl::Status add_timestamp_collations(sqlite3* database) {
  for (const auto& [name, compare] : {std::pair(collation_us, &compare_timestamps<engine::TimeUnit::us>),
                                      std::pair(collation_ns, &compare_timestamps<engine::TimeUnit::ns>),
                                      std::pair(collation_ms, &compare_timestamps<engine::TimeUnit::ms>)}) {
    if (sqlite3_create_collation(database, name.data(), SQLITE_UTF8, nullptr, compare) != SQLITE_OK) {
      return engine::resource_exhausted(sqlite3_errmsg(database));
    }
  }
  return absl::OkStatus();
}

void SqlTables::add_cursor() {
  cursors_max_ = std::max(cursors_max_, ++cursors_);
  if (row_texts_max_ > 0) raise_text_limit(row_texts_max_);
}

void SqlTables::raise_text_limit(int64_t row_texts) {
  row_texts_max_ = row_texts;
  const int64_t stored = std::min(row_texts_max_ * cursors_max_, row_texts_size_max);
  sqlite3_limit(database_, SQLITE_LIMIT_LENGTH, static_cast<int>(computed_size_max + stored));
}

absl::Status SqlTables::add(sqlite3* database, const std::string& name, storage::TableSnapshot snapshot) {
  VERIFY(snapshot.schema != nullptr);
  database_ = database;
  Entry& entry = entries_.emplace_back(Entry{.owner = *this, .snapshot = std::move(snapshot)});
  if (sqlite3_create_module(database, name.c_str(), &table_module, &entry) != SQLITE_OK) {
    return engine::resource_exhausted(sqlite3_errmsg(database));
  }
  return absl::OkStatus();
}

}  // namespace net
