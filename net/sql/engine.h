// Answers SQL queries over snapshots of tables, by SQLite, in one go. Read-only: a query changes nothing, opens no file but the
// tables' own, and ends within its limits. Every query has an SQLite connection of its own, in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "net/sql/query_limits.h"
#include "net/sql/table_provider.h"
#include "net/sql/value.h"

namespace net {

// Takes a result as it is computed. An error that it returns ends the query.
class ResultSink {
 public:
  virtual ~ResultSink() = default;

  // `designated` is the index of the designated timestamp among the columns, or designated_none.
  virtual absl::Status begin(std::span<const SqlColumn> columns, int designated) = 0;

  // Valid until it returns.
  virtual absl::Status row(std::span<const SqlCell> cells) = 0;

  virtual absl::Status end(uint64_t row_count) = 0;
};

// How a query ended: as QueryRun::next says, or with an error of the sink.
struct QueryResult {
  absl::Status status;
  size_t position = 0;  // of the mistake, in bytes

  bool ok() const { return status.ok(); }
};

class SqlEngine {
 public:
  // `source` belongs to the thread that runs the queries.
  explicit SqlEngine(TableProvider& source) : source_(source) {}

  QueryResult run(std::string_view query, ResultSink& sink);

 private:
  TableProvider& source_;
  QueryLimits limits_;
};

}  // namespace net
