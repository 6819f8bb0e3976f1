#include "net/sql/functions.h"

#include <array>

#include "engine/base/verify.h"

namespace net {
namespace {

struct FunctionVtab final : sqlite3_vtab {
  explicit FunctionVtab(SqlFunctions::Entry& of) : sqlite3_vtab{}, entry(of) {}

  SqlFunctions::Entry& entry;
};

struct FunctionCursor final : sqlite3_vtab_cursor {
  FunctionCursor() : sqlite3_vtab_cursor{} {}

  FunctionVtab& table() const { return static_cast<FunctionVtab&>(*pVtab); }

  std::unique_ptr<FunctionRows> rows;
  uint64_t row = 0;
};

FunctionCursor& function_cursor_of(sqlite3_vtab_cursor* cursor) { return static_cast<FunctionCursor&>(*cursor); }

// The argument is a hidden column behind the others, as SQLite wants it (vtab.html, 2.1.2).
std::string declaration(const TableFunction& function) {
  std::string text = "CREATE TABLE t(";
  for (const FunctionColumn& column : function.columns) {
    text.append("\"").append(column.name).append("\" ").append(column.type);
    const bool is_text = column.type == "STRING" || column.type == "SYMBOL" || column.type == "TIMESTAMP";
    text += is_text ? " TEXT, " : ", ";
  }
  return text + "argument HIDDEN)";
}

int connect_function(sqlite3* database, void* entry, int, const char* const*, sqlite3_vtab** result, char**) {
  auto& function = *static_cast<SqlFunctions::Entry*>(entry);
  const int code = function.owner.access().declare_table(database, declaration(function.function));
  if (code == SQLITE_OK) *result = new FunctionVtab(function);
  return code;
}

int disconnect_function(sqlite3_vtab* table) {
  delete static_cast<FunctionVtab*>(table);
  return SQLITE_OK;
}

int plan_function(sqlite3_vtab* vtab, sqlite3_index_info* info) {
  const TableFunction& function = static_cast<FunctionVtab&>(*vtab).entry.function;
  const auto argument = static_cast<int>(function.columns.size());
  info->estimatedCost = 1;
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    if (constraint.iColumn != argument || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    if (constraint.usable == 0) return SQLITE_CONSTRAINT;
    info->aConstraintUsage[i].argvIndex = 1;
    info->aConstraintUsage[i].omit = 1;
    info->idxNum = 1;
  }
  return SQLITE_OK;
}

int open_function_cursor(sqlite3_vtab*, sqlite3_vtab_cursor** result) {
  *result = new FunctionCursor();
  return SQLITE_OK;
}

int close_function_cursor(sqlite3_vtab_cursor* cursor) {
  delete &function_cursor_of(cursor);
  return SQLITE_OK;
}

SqlValue argument_value(sqlite3_value* value) {
  if (sqlite3_value_type(value) == SQLITE_NULL) return {};
  if (sqlite3_value_type(value) == SQLITE_INTEGER) return int64_t{sqlite3_value_int64(value)};
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text == nullptr ? SqlValue() : SqlValue(std::string(text, static_cast<size_t>(sqlite3_value_bytes(value))));
}

int fail(FunctionVtab& table, absl::Status status) {
  sqlite3_free(table.zErrMsg);
  table.zErrMsg = sqlite3_mprintf("%s", std::string(engine::message_of(status)).c_str());
  table.entry.owner.set_failure(std::move(status));
  return SQLITE_ERROR;
}

int call_function(sqlite3_vtab_cursor* vtab_cursor, int, const char*, int value_count, sqlite3_value** values) {
  FunctionCursor& cursor = function_cursor_of(vtab_cursor);
  const TableFunction& function = cursor.table().entry.function;
  if (function.takes_argument != (value_count == 1)) {
    return fail(cursor.table(), engine::invalid_argument(std::string(function.name) + "() takes " +
                                                         (function.takes_argument ? "one argument" : "no argument")));
  }
  auto rows = function.call(cursor.table().entry.owner.source(), value_count == 1 ? argument_value(values[0]) : SqlValue());
  if (!rows.ok()) return fail(cursor.table(), rows.status());
  cursor.rows = *std::move(rows);
  cursor.row = 0;
  return SQLITE_OK;
}

int step_function_cursor(sqlite3_vtab_cursor* cursor) {
  ++function_cursor_of(cursor).row;
  return SQLITE_OK;
}

int is_function_cursor_at_end(sqlite3_vtab_cursor* vtab_cursor) {
  const FunctionCursor& cursor = function_cursor_of(vtab_cursor);
  return cursor.row >= cursor.rows->count() ? 1 : 0;
}

struct ReturnValue {
  sqlite3_context* context;

  void operator()(std::monostate) const { sqlite3_result_null(context); }
  void operator()(bool value) const { sqlite3_result_int(context, value ? 1 : 0); }
  void operator()(int64_t value) const { sqlite3_result_int64(context, value); }
  void operator()(const std::string& value) const {
    sqlite3_result_text64(context, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
};

int read_function_column(sqlite3_vtab_cursor* vtab_cursor, sqlite3_context* context, int column) {
  const FunctionCursor& cursor = function_cursor_of(vtab_cursor);
  const auto index = static_cast<size_t>(column);
  if (index < cursor.table().entry.function.columns.size())
    std::visit(ReturnValue{context}, cursor.rows->value(cursor.row, index));
  return SQLITE_OK;
}

int read_function_rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* rowid) {
  *rowid = static_cast<sqlite3_int64>(function_cursor_of(cursor).row);
  return SQLITE_OK;
}

// Without xCreate a module is a table by itself, under the module's name.
constexpr sqlite3_module function_module{
    .iVersion = 1,
    .xConnect = connect_function,
    .xBestIndex = plan_function,
    .xDisconnect = disconnect_function,
    .xOpen = open_function_cursor,
    .xClose = close_function_cursor,
    .xFilter = call_function,
    .xNext = step_function_cursor,
    .xEof = is_function_cursor_at_end,
    .xColumn = read_function_column,
    .xRowid = read_function_rowid,
};

}  // namespace

absl::Status SqlFunctions::add_to(sqlite3* database) {
  for (const TableFunction& function : table_functions()) {
    Entry& entry = entries_.emplace_back(Entry{.owner = *this, .function = function});
    if (sqlite3_create_module(database, std::string(function.name).c_str(), &function_module, &entry) != SQLITE_OK) {
      return engine::resource_exhausted(sqlite3_errmsg(database));
    }
  }
  return absl::OkStatus();
}

}  // namespace net
