#include "net/sql/query_run.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "engine/base/verify.h"
#include "net/sql/access.h"
#include "net/sql/end_check.h"
#include "net/sql/functions.h"
#include "net/sql/query_text.h"
#include "net/sql/spill.h"
#include "net/sql/tables.h"
#include "net/sql/text_functions.h"
#include "storage/schema/column_type.h"

namespace net {
namespace {

// Of SQLite's virtual machine; a row takes about ten. Few, because a step may work on a text of computed_size_max.
constexpr int steps_between_checks = 256;

// A page is what SQLite reads and writes of a file at a time while it merges what it has sorted; the cache is how much it
// sorts at a time, in one step of its machine: half a second's work at most.
constexpr const char* kept_in_files = "PRAGMA temp_store = FILE; PRAGMA page_size = 32768; PRAGMA cache_size = -8192";
constexpr const char* kept_in_memory = "PRAGMA temp_store = MEMORY";

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

// How SQLite's values of a column are shown.
enum class CellForm : uint8_t { as_they_are, boolean, real32, json };

CellForm cell_form(std::string_view type) {
  if (type == storage::type_name(storage::ColumnType::boolean)) return CellForm::boolean;
  if (type == storage::type_name(storage::ColumnType::float32)) return CellForm::real32;
  const bool is_json = type.ends_with("[]") || type == storage::type_name(storage::ColumnType::binary);
  return is_json ? CellForm::json : CellForm::as_they_are;
}

}  // namespace

class QueryRun::Machine final : public EndCheck {
 public:
  Machine(std::string text, const QueryLimits& limits) : text_(std::move(text)), limits_(limits) {}

  void begin(TableProvider& source, engine::Instant deadline);
  absl::StatusOr<bool> next();
  bool must_end() override { return !source_->is_wanted() || source_->backend().now() >= deadline_; }

  const QueryText& text() const { return text_; }
  engine::Instant now() const { return source_->backend().now(); }
  std::span<const SqlColumn> columns() const { return columns_; }
  int designated() const { return designated_; }
  std::span<const SqlCell> row() const { return cells_; }
  size_t error_position() const { return position_; }

 private:
  absl::Status open_database();
  absl::Status add_tables();
  absl::Status prepare();
  absl::Status start();
  void begin_result(bool has_row);
  SqlCell cell(int column) const;
  absl::Status end_status() const;
  absl::Status denied_status() const;
  absl::Status sqlite_status(int code);
  absl::Status files_status(int code);
  absl::Status translate_message(std::string_view message);

  QueryText text_;
  const QueryLimits& limits_;
  TableProvider* source_ = nullptr;
  engine::Instant deadline_;
  size_t position_ = 0;

  // In this order, so that what SQLite points to goes last.
  SqlAccess access_;
  std::optional<SqlTables> tables_;
  std::optional<SqlFunctions> functions_;
  DatabasePtr database_;
  StatementPtr statement_;

  int designated_ = designated_none;
  std::vector<SqlColumn> columns_;
  std::vector<CellForm> forms_;  // by column
  std::vector<SqlCell> cells_;
};

void QueryRun::Machine::begin(TableProvider& source, engine::Instant deadline) {
  VERIFY(source_ == nullptr);
  source_ = &source;
  deadline_ = deadline;
  tables_.emplace(source.files(), access_);
  functions_.emplace(source, access_);
}

absl::StatusOr<bool> QueryRun::Machine::next() {
  VERIFY(source_ != nullptr);
  const bool is_first = statement_ == nullptr;
  if (is_first) RETURN_IF_ERROR(start());
  if (must_end()) return end_status();
  const int code = sqlite3_step(statement_.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) return sqlite_status(code);
  if (is_first) begin_result(code == SQLITE_ROW);
  if (code == SQLITE_DONE) return false;
  for (size_t i = 0; i < cells_.size(); ++i) cells_[i] = cell(static_cast<int>(i));
  return true;
}

absl::Status QueryRun::Machine::start() {
  RETURN_IF_ERROR(text_.status());
  RETURN_IF_ERROR(open_database());
  RETURN_IF_ERROR(add_tables());
  return prepare();
}

absl::Status QueryRun::Machine::open_database() {
  // Near the soft limit SQLite sorts what it has and writes it down.
  sqlite3_hard_heap_limit64(limits_.memory_max);
  sqlite3_soft_heap_limit64(limits_.memory_max / 4 * 3);
  SpillFiles* spill = source_->spill();
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                                   spill == nullptr ? nullptr : spill->vfs_name());
  database_.reset(database);
  if (code != SQLITE_OK) return sqlite_status(code);

  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);  // "x" is a column, never a text
  sqlite3_limit(database, SQLITE_LIMIT_LENGTH, static_cast<int>(computed_size_max));
  const int storage_code = sqlite3_exec(database, spill == nullptr ? kept_in_memory : kept_in_files, nullptr, nullptr, nullptr);
  if (storage_code != SQLITE_OK) return sqlite_status(storage_code);
  sqlite3_progress_handler(
      database, steps_between_checks, [](void* machine) { return static_cast<Machine*>(machine)->must_end() ? 1 : 0; }, this);
  return absl::OkStatus();
}

absl::Status QueryRun::Machine::add_tables() {
  RETURN_IF_ERROR(add_timestamp_collations(database_.get()));
  RETURN_IF_ERROR(functions_->add_to(database_.get()));
  RETURN_IF_ERROR(add_text_functions(database_.get(), *this));
  for (const std::string& name : text_.table_names()) {
    if (must_end()) return end_status();
    absl::StatusOr<storage::TableSnapshot> snapshot = source_->open_table(name);
    if (absl::IsNotFound(snapshot.status())) continue;
    if (!snapshot.ok()) return snapshot.status();
    if (std::ranges::find(catalogue_names, storage::fold_name(name)) != catalogue_names.end()) {
      position_ = text_.offset_of_table(name);
      return engine::invalid_argument("a table that has the name of SQLite's catalogue cannot be queried: " + name);
    }
    RETURN_IF_ERROR(tables_->add(database_.get(), name, *std::move(snapshot)));
  }
  access_.restrict_to_reading(database_.get());
  return absl::OkStatus();
}

absl::Status QueryRun::Machine::prepare() {
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const std::string& sql = text_.sql();
  const int code = sqlite3_prepare_v2(database_.get(), sql.c_str(), static_cast<int>(sql.size()) + 1, &statement, &rest);
  statement_.reset(statement);
  if (code != SQLITE_OK) return sqlite_status(code);
  if (statement == nullptr) return engine::invalid_argument("empty query");
  if (const std::optional<size_t> behind = text_.offset_behind(static_cast<size_t>(rest - sql.c_str()))) {
    position_ = *behind;
    return engine::invalid_argument("one query at a time: nothing may follow the semicolon");
  }
  return absl::OkStatus();
}

// A column that is computed has no declared type: the value of the first row decides.
void QueryRun::Machine::begin_result(bool has_row) {
  const int count = sqlite3_column_count(statement_.get());
  for (int i = 0; i < count; ++i) {
    const char* name = sqlite3_column_name(statement_.get(), i);
    SqlColumn& column = columns_.emplace_back(SqlColumn{.name = name == nullptr ? "" : text_.column_name(name)});
    if (const char* declared = sqlite3_column_decltype(statement_.get(), i)) {
      column.type = declared_type_name(declared);
      if (designated_ == designated_none && is_declared_designated(declared)) designated_ = i;
    } else {
      const int type = has_row ? sqlite3_column_type(statement_.get(), i) : SQLITE_TEXT;
      column.type = type == SQLITE_INTEGER ? "LONG" : (type == SQLITE_FLOAT ? "DOUBLE" : "VARCHAR");
    }
    forms_.push_back(cell_form(column.type));
  }
  cells_.resize(columns_.size());
}

SqlCell QueryRun::Machine::cell(int column) const {
  sqlite3_stmt* statement = statement_.get();
  const CellForm form = forms_[static_cast<size_t>(column)];
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      return {};
    case SQLITE_INTEGER: {
      const int64_t value = sqlite3_column_int64(statement, column);
      return form == CellForm::boolean ? SqlCell::of_boolean(value != 0) : SqlCell::of_integer(value);
    }
    case SQLITE_FLOAT: {
      const double value = sqlite3_column_double(statement, column);
      return form == CellForm::real32 ? SqlCell::of_real32(value) : SqlCell::of_real(value);
    }
    default: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
      const std::string_view text(bytes == nullptr ? "" : bytes, static_cast<size_t>(sqlite3_column_bytes(statement, column)));
      return form == CellForm::json ? SqlCell::of_json(text) : SqlCell::of_text(text);
    }
  }
}

absl::Status QueryRun::Machine::end_status() const {
  if (!source_->is_wanted()) return engine::make_status(absl::StatusCode::kCancelled, "nobody waits for the answer");
  const int64_t ms = limits_.duration_max.ns / 1'000'000;
  const std::string time = ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
  return engine::resource_exhausted("the query took longer than " + time + " (query.timeout)");
}

absl::Status QueryRun::Machine::denied_status() const {
  return access_.refusal().ok() ? engine::invalid_argument("only queries are answered here") : access_.refusal();
}

absl::Status QueryRun::Machine::sqlite_status(int code) {
  if (!tables_->failure().ok()) return tables_->failure();
  if (!functions_->failure().ok()) {
    // A table name that a function got as its argument.
    constexpr std::string_view missing = "table does not exist [table=";
    const std::string_view message = engine::message_of(functions_->failure());
    if (message.starts_with(missing))
      position_ = text_.offset_of_table(message.substr(missing.size(), message.size() - missing.size() - 1));
    return functions_->failure();
  }
  switch (code & 0xFF) {  // the primary result code
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
      return files_status(code & 0xFF);
    case SQLITE_INTERRUPT:
      return end_status();
    case SQLITE_NOMEM:
      return engine::resource_exhausted("the query needs more memory than the " +
                                        std::to_string(limits_.memory_max / 1024 / 1024) + " MiB that all queries share");
    case SQLITE_AUTH:
      return denied_status();
    case SQLITE_TOOBIG:
      return engine::resource_exhausted("a text that a query computes has at most " + std::to_string(computed_size_max) +
                                        " bytes beside those of the stored texts that it reads");
    default:
      return translate_message(sqlite3_errmsg(database_.get()));
  }
}

// Of the files that the query keeps rows in: nothing that its text could mend.
absl::Status QueryRun::Machine::files_status(int code) {
  if (code != SQLITE_CORRUPT && source_->spill() != nullptr) RETURN_IF_ERROR(source_->spill()->take_failure());
  return engine::data_loss(std::string("the files that the query keeps rows in: ") + sqlite3_errmsg(database_.get()));
}

// SQLite's words for the mistakes that QuestDB's users know by other words.
absl::Status QueryRun::Machine::translate_message(std::string_view message) {
  constexpr std::string_view no_table = "no such table: ";
  constexpr std::string_view no_column = "no such column: ";
  const int offset = sqlite3_error_offset(database_.get());
  position_ = offset < 0 ? 0 : text_.offset_of_sql(static_cast<size_t>(offset));
  if (message.starts_with(no_table)) {
    const std::string_view table = message.substr(no_table.size());
    position_ = text_.offset_of_table(table);
    return engine::not_found("table does not exist [table=" + std::string(table) + "]");
  }
  if (message == "not authorized" || !access_.refusal().ok()) return denied_status();
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

QueryRun::QueryRun(std::string text, const QueryLimits& limits)
    : machine_(std::make_unique<Machine>(std::move(text), limits)) {}

QueryRun::~QueryRun() = default;

void QueryRun::begin(TableProvider& source, engine::Instant deadline) { machine_->begin(source, deadline); }
absl::StatusOr<bool> QueryRun::next() { return machine_->next(); }
const std::vector<std::string>& QueryRun::table_names() const { return machine_->text().table_names(); }
bool QueryRun::may_call(std::string_view function) const { return machine_->text().may_call(function); }
std::span<const SqlColumn> QueryRun::columns() const { return machine_->columns(); }
int QueryRun::designated() const { return machine_->designated(); }
std::span<const SqlCell> QueryRun::row() const { return machine_->row(); }
size_t QueryRun::error_position() const { return machine_->error_position(); }
const std::string& QueryRun::text() const { return machine_->text().text(); }
engine::Instant QueryRun::now() const { return machine_->now(); }

}  // namespace net
