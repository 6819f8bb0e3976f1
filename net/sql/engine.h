// Answers SQL queries over snapshots of tables, by SQLite. Read-only: a query changes nothing, opens no file but the tables'
// own, and ends within query_duration_max. Every query has an SQLite connection of its own, in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "engine/base/time.h"
#include "net/sql/table_provider.h"
#include "net/sql/value.h"

namespace net {

inline constexpr size_t query_size_max = 64 * 1024;             // bytes
inline constexpr int64_t query_memory_max = 256 * 1024 * 1024;  // bytes that SQLite takes, over all queries of the process
inline constexpr engine::Duration query_duration_max = engine::seconds(60);
inline constexpr int designated_none = -1;

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

// How a query ended. Not-found: there is no such table. Invalid-argument: not a query that is understood. Resource-exhausted:
// it met one of the bounds above. Other errors are the disk's, or the sink's.
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
};

}  // namespace net
