// Tables as SQLite sees them: a virtual table over a snapshot. Time ranges on the designated timestamp and the wanted columns
// are pushed down into the scan, and rows come in the order of that timestamp, which spares ORDER BY its sorting.
//
// Booleans are 0 and 1, timestamps and LONG256 are text. Timestamps compare as points in time whatever their spelling, by the
// collations that add_timestamp_collations registers.
#pragma once

#include <sqlite3.h>

#include <deque>
#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "net/sql/access.h"
#include "storage/table/snapshot.h"

namespace net {

// Text columns of a query are at most this long, and so is every text that it computes.
inline constexpr int sql_text_size_max = 64 * 1024 * 1024;

// What a declared column type says about a result column: "TIMESTAMP DESIGNATED TEXT" is TIMESTAMP, and designated.
std::string_view declared_type_name(std::string_view declared);
bool is_declared_designated(std::string_view declared);

absl::Status add_timestamp_collations(sqlite3* database);

// The tables of one query. Outlives the SQLite connection that it adds them to.
class SqlTables {
 public:
  SqlTables(engine::IoBackend& backend, SqlAccess& access) : backend_(backend), access_(access) {}
  SqlTables(const SqlTables&) = delete;
  SqlTables& operator=(const SqlTables&) = delete;

  // Makes the snapshot a table of that name, in the spelling of the query.
  absl::Status add(sqlite3* database, const std::string& name, storage::TableSnapshot snapshot);

  // Why a scan failed, in more words than SQLite keeps; ok when none did.
  const absl::Status& failure() const { return failure_; }

  struct Entry {
    SqlTables& owner;
    storage::TableSnapshot snapshot;
  };

  engine::IoBackend& backend() { return backend_; }
  SqlAccess& access() { return access_; }
  void set_failure(absl::Status status) { failure_ = std::move(status); }

 private:
  engine::IoBackend& backend_;
  SqlAccess& access_;
  std::deque<Entry> entries_;  // stable addresses: SQLite's modules point here
  absl::Status failure_;
};

}  // namespace net
