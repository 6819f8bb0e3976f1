// Tables as SQLite sees them: a virtual table over a snapshot. Time ranges on the designated timestamp and the wanted columns
// are pushed down into the scan, and rows come in the order of that timestamp, which spares ORDER BY its sorting.
//
// Booleans are 0 and 1, and what SQLite has no values for is text (stored_value.h). Timestamps compare as points in time
// whatever their spelling, by the collations that add_timestamp_collations registers.
#pragma once

#include <sqlite3.h>

#include <deque>
#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "engine/io/file_pool.h"
#include "net/sql/access.h"
#include "storage/table/snapshot.h"

namespace net {

// What a declared column type says about a result column: "TIMESTAMP DESIGNATED TEXT" is TIMESTAMP, and designated.
std::string declared_type_name(std::string_view declared);
bool is_declared_designated(std::string_view declared);

absl::Status add_timestamp_collations(sqlite3* database);

// The tables of one query. Outlives the SQLite connection that it adds them to.
class SqlTables {
 public:
  SqlTables(engine::FilePool& files, SqlAccess& access) : files_(files), access_(access) {}
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

  engine::FilePool& files() { return files_; }
  SqlAccess& access() { return access_; }
  void set_failure(absl::Status status) { failure_ = std::move(status); }

  // What a query computes is short, what is stored may be long: SQLite's limit for both is that of computed texts, and as much
  // more as the rows that are read at one time have shown to need.
  void add_cursor();
  void remove_cursor() { --cursors_; }
  void see_row_texts(int64_t size) {
    if (size > row_texts_max_) raise_text_limit(size);
  }

 private:
  void raise_text_limit(int64_t row_texts);

  engine::FilePool& files_;
  SqlAccess& access_;
  sqlite3* database_ = nullptr;
  int64_t cursors_ = 0;        // open
  int64_t cursors_max_ = 0;    // at one time
  int64_t row_texts_max_ = 0;  // bytes of the texts that were read of one row
  std::deque<Entry> entries_;  // stable addresses: SQLite's modules point here
  absl::Status failure_;
};

}  // namespace net
