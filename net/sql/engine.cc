#include "net/sql/engine.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "net/sql/access.h"
#include "net/sql/functions.h"
#include "net/sql/tables.h"
#include "net/sql/text.h"

namespace net {
namespace {

constexpr int steps_between_checks = 4096;  // of SQLite's virtual machine; a row takes about ten

// SQLite looks these up before any table.
constexpr std::array<std::string_view, 4> catalogue_names{"sqlite_master", "sqlite_schema", "sqlite_temp_master",
                                                          "sqlite_temp_schema"};

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using DatabasePtr = std::unique_ptr<sqlite3, CloseDatabase>;
using StatementPtr = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// One query on its way.
class QueryRun {
 public:
  QueryRun(TableProvider& source, std::string_view text, ResultSink& sink)
      : source_(source),
        text_(text),
        sink_(sink),
        deadline_(source.backend().now() + query_duration_max),
        tables_(source.backend(), access_),
        functions_(source, access_) {}

  QueryResult run();

 private:
  absl::Status open_database();
  absl::Status add_tables();
  absl::Status prepare();
  absl::Status step_rows();
  absl::Status begin_result(bool has_row);
  absl::Status send_row();
  SqlCell cell(int column) const;
  absl::Status sqlite_status(int code);
  absl::Status translate_message(std::string_view message);
  QueryResult fail(absl::Status status) const { return {.status = std::move(status), .position = position_}; }
  bool must_end() { return !source_.is_wanted() || source_.backend().now() >= deadline_; }

  TableProvider& source_;
  std::string_view text_;
  ResultSink& sink_;
  engine::Instant deadline_;
  std::vector<SqlToken> tokens_;
  TranslatedQuery translated_;
  size_t position_ = 0;

  // In this order, so that what SQLite points to goes last.
  SqlAccess access_;
  SqlTables tables_;
  SqlFunctions functions_;
  DatabasePtr database_;
  StatementPtr statement_;

  std::vector<SqlColumn> columns_;
  std::vector<SqlCell> cells_;
};

QueryResult QueryRun::run() {
  if (text_.size() > query_size_max) {
    return fail(engine::resource_exhausted("a query is at most " + std::to_string(query_size_max) + " bytes long"));
  }
  tokens_ = tokenize_sql(text_);
  absl::StatusOr<TranslatedQuery> translated = translate_query(text_, tokens_);
  if (!translated.ok()) return fail(translated.status());
  translated_ = *std::move(translated);

  for (const auto step : {&QueryRun::open_database, &QueryRun::add_tables, &QueryRun::prepare, &QueryRun::step_rows}) {
    absl::Status status = (this->*step)();
    if (!status.ok()) return fail(std::move(status));
  }
  return {.status = absl::OkStatus()};
}

absl::Status QueryRun::open_database() {
  sqlite3_hard_heap_limit64(query_memory_max);
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(database);
  if (code != SQLITE_OK) return sqlite_status(code);

  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);  // "x" is a column, never a text
  sqlite3_limit(database, SQLITE_LIMIT_LENGTH, sql_text_size_max);
  // Sorting happens in memory, within query_memory_max, and not in files that nobody counts.
  const int memory_code = sqlite3_exec(database, "PRAGMA temp_store = MEMORY", nullptr, nullptr, nullptr);
  if (memory_code != SQLITE_OK) return sqlite_status(memory_code);
  sqlite3_progress_handler(
      database, steps_between_checks, [](void* query) { return static_cast<QueryRun*>(query)->must_end() ? 1 : 0; }, this);
  return absl::OkStatus();
}

absl::Status QueryRun::add_tables() {
  RETURN_IF_ERROR(add_timestamp_collations(database_.get()));
  RETURN_IF_ERROR(functions_.add_to(database_.get()));
  for (const std::string& name : translated_.table_names) {
    if (must_end()) return sqlite_status(SQLITE_INTERRUPT);
    absl::StatusOr<storage::TableSnapshot> snapshot = source_.open_table(name);
    if (absl::IsNotFound(snapshot.status())) continue;
    if (!snapshot.ok()) return snapshot.status();
    if (std::ranges::find(catalogue_names, storage::fold_name(name)) != catalogue_names.end()) {
      position_ = find_table_offset(tokens_, name);
      return engine::invalid_argument("a table that has the name of SQLite's catalogue cannot be queried: " + name);
    }
    RETURN_IF_ERROR(tables_.add(database_.get(), name, *std::move(snapshot)));
  }
  access_.restrict_to_reading(database_.get());
  return absl::OkStatus();
}

absl::Status QueryRun::prepare() {
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const std::string& sql = translated_.sql;
  const int code = sqlite3_prepare_v2(database_.get(), sql.c_str(), static_cast<int>(sql.size()) + 1, &statement, &rest);
  statement_.reset(statement);
  if (code != SQLITE_OK) return sqlite_status(code);
  if (statement == nullptr) return engine::invalid_argument("empty query");
  const auto used = static_cast<size_t>(rest - sql.c_str());
  for (const SqlToken& token : tokenize_sql(std::string_view(sql).substr(used))) {
    if (token.is_mark(';')) continue;
    position_ = translated_.query_offset(used + token.offset);
    return engine::invalid_argument("one query at a time: nothing may follow the semicolon");
  }
  return absl::OkStatus();
}

absl::Status QueryRun::step_rows() {
  uint64_t row_count = 0;
  int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW || code == SQLITE_DONE) RETURN_IF_ERROR(begin_result(code == SQLITE_ROW));
  for (; code == SQLITE_ROW; code = sqlite3_step(statement_.get())) {
    RETURN_IF_ERROR(send_row());
    ++row_count;
  }
  if (code != SQLITE_DONE) return sqlite_status(code);
  return sink_.end(row_count);
}

// A column that is computed has no declared type: the value of the first row decides.
absl::Status QueryRun::begin_result(bool has_row) {
  int designated = designated_none;
  const int count = sqlite3_column_count(statement_.get());
  for (int i = 0; i < count; ++i) {
    const char* name = sqlite3_column_name(statement_.get(), i);
    SqlColumn& column = columns_.emplace_back(SqlColumn{.name = name == nullptr ? "" : name});
    if (const char* declared = sqlite3_column_decltype(statement_.get(), i)) {
      column.type = declared_type_name(declared);
      if (designated == designated_none && is_declared_designated(declared)) designated = i;
    } else {
      const int type = has_row ? sqlite3_column_type(statement_.get(), i) : SQLITE_TEXT;
      column.type = type == SQLITE_INTEGER ? "LONG" : (type == SQLITE_FLOAT ? "DOUBLE" : "VARCHAR");
    }
  }
  cells_.resize(columns_.size());
  return sink_.begin(columns_, designated);
}

absl::Status QueryRun::send_row() {
  for (size_t i = 0; i < cells_.size(); ++i) cells_[i] = cell(static_cast<int>(i));
  return sink_.row(cells_);
}

SqlCell QueryRun::cell(int column) const {
  sqlite3_stmt* statement = statement_.get();
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      return {};
    case SQLITE_INTEGER: {
      const int64_t value = sqlite3_column_int64(statement, column);
      return columns_[static_cast<size_t>(column)].type == "BOOLEAN" ? SqlCell::of_boolean(value != 0)
                                                                     : SqlCell::of_integer(value);
    }
    case SQLITE_FLOAT:
      return SqlCell::of_real(sqlite3_column_double(statement, column));
    default: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
      return SqlCell::of_text({bytes == nullptr ? "" : bytes, static_cast<size_t>(sqlite3_column_bytes(statement, column))});
    }
  }
}

absl::Status QueryRun::sqlite_status(int code) {
  if (!tables_.failure().ok()) return tables_.failure();
  if (!functions_.failure().ok()) {
    // A table name that a function got as its argument.
    constexpr std::string_view missing = "table does not exist [table=";
    const std::string_view message = engine::message_of(functions_.failure());
    if (message.starts_with(missing))
      position_ = find_table_offset(tokens_, message.substr(missing.size(), message.size() - missing.size() - 1));
    return functions_.failure();
  }
  switch (code & 0xFF) {  // the primary result code
    case SQLITE_INTERRUPT:
      return engine::resource_exhausted("the query took longer than " + std::to_string(query_duration_max.ns / 1'000'000'000) +
                                        " s");
    case SQLITE_NOMEM:
      return engine::resource_exhausted("the query needs more memory than the " +
                                        std::to_string(query_memory_max / 1024 / 1024) + " MiB that all queries share");
    case SQLITE_AUTH:
      return engine::invalid_argument("only queries are answered here");
    default:
      return translate_message(sqlite3_errmsg(database_.get()));
  }
}

// SQLite's words for the mistakes that QuestDB's users know by other words.
absl::Status QueryRun::translate_message(std::string_view message) {
  constexpr std::string_view no_table = "no such table: ";
  constexpr std::string_view no_column = "no such column: ";
  const int offset = sqlite3_error_offset(database_.get());
  position_ = offset < 0 ? 0 : translated_.query_offset(static_cast<size_t>(offset));
  if (message.starts_with(no_table)) {
    const std::string_view table = message.substr(no_table.size());
    position_ = find_table_offset(tokens_, table);
    return engine::not_found("table does not exist [table=" + std::string(table) + "]");
  }
  if (message == "not authorized") return engine::invalid_argument("only queries are answered here");
  if (message.starts_with(no_column)) {
    // SQLite from 3.41 on: "name" - should this be a string literal in single-quotes?
    std::string_view column = message.substr(no_column.size());
    column = column.substr(0, column.find(" - should this be"));
    const bool is_quoted = column.size() >= 2 && column.front() == '"' && column.back() == '"';
    if (is_quoted) column = column.substr(1, column.size() - 2);
    return engine::invalid_argument("Invalid column: " + std::string(column));
  }
  return engine::invalid_argument(message);
}

}  // namespace

QueryResult SqlEngine::run(std::string_view query, ResultSink& sink) { return QueryRun(source_, query, sink).run(); }

}  // namespace net
