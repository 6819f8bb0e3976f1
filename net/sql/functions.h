// Table functions: tables(), wal_tables(), table_columns('t'), table_create('t'), table_partitions('t'),
// connections(), long_sequence(n), build().
// Columns carry QuestDB's names; what Millrace has no notion of is NULL.
#pragma once

#include <sqlite3.h>

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "net/sql/access.h"
#include "net/sql/table_provider.h"
#include "net/sql/value.h"

namespace net {

// The rows of one call.
class FunctionRows {
 public:
  virtual ~FunctionRows() = default;
  virtual uint64_t count() const = 0;
  virtual SqlValue value(uint64_t row, size_t column) const = 0;
};

struct FunctionColumn {
  std::string_view name;
  std::string_view type;  // QuestDB's name
};

// What of its TableProvider a function asks for.
enum class FunctionReads : uint8_t { nothing, tables, connections };

struct TableFunction {
  std::string_view name;
  FunctionReads reads = FunctionReads::nothing;
  bool takes_argument = false;
  std::span<const FunctionColumn> columns;
  absl::StatusOr<std::unique_ptr<FunctionRows>> (*call)(TableProvider& source, const SqlValue& argument) = nullptr;
};

std::span<const TableFunction> table_functions();

// The table functions of one query. Outlives the SQLite connection that it adds them to.
class SqlFunctions {
 public:
  SqlFunctions(TableProvider& source, SqlAccess& access) : source_(source), access_(access) {}
  SqlFunctions(const SqlFunctions&) = delete;
  SqlFunctions& operator=(const SqlFunctions&) = delete;

  absl::Status add_to(sqlite3* database);

  // Why a call failed; ok when none did.
  const absl::Status& failure() const { return failure_; }

  struct Entry {
    SqlFunctions& owner;
    const TableFunction& function;
  };

  TableProvider& source() { return source_; }
  SqlAccess& access() { return access_; }
  void set_failure(absl::Status status) { failure_ = std::move(status); }

 private:
  TableProvider& source_;
  SqlAccess& access_;
  std::deque<Entry> entries_;  // stable addresses: SQLite's modules point here
  absl::Status failure_;
};

}  // namespace net
