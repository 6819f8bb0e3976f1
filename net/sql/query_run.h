// One SQL query on its way: a row is computed when it is asked for, so whoever takes the rows decides how fast it goes, and may
// turn to another query between two of them. Inside of a row it goes on until the row is there, the deadline has passed or
// nobody wants it any more: that is looked at every few hundred steps of SQLite's machine, each of which does little
// (computed_size_max, net/sql/text_functions.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/base/time.h"
#include "net/sql/query_limits.h"
#include "net/sql/table_provider.h"
#include "net/sql/value.h"

namespace net {

class QueryRun {
 public:
  // Translates; what is wrong with the text is said by next(). `limits` outlives the query.
  QueryRun(std::string text, const QueryLimits& limits);
  ~QueryRun();

  // Tables that it may name, and table functions that it may call. Known before anything is asked of a provider.
  const std::vector<std::string>& table_names() const;
  bool may_call(std::string_view function) const;

  // Before the first next(). `source` outlives the query; from now on the deadline counts.
  void begin(TableProvider& source, engine::Instant deadline);

  // True: row() is the next one. False: there are no more. Not-found: there is no such table. Invalid-argument: not a query
  // that is understood. Resource-exhausted: it met one of its limits. Cancelled: nobody wants it. Other errors are the disk's.
  // After an error or the end it is not called again.
  absl::StatusOr<bool> next();

  // Valid from the first next() that was ok.
  std::span<const SqlColumn> columns() const;
  int designated() const;  // index of the designated timestamp among them, or designated_none

  // Valid until the next call of next().
  std::span<const SqlCell> row() const;

  size_t error_position() const;  // of the mistake, in bytes of the text
  const std::string& text() const;
  engine::Instant now() const;

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace net
