// Where a query puts what it has no memory for: files that SQLite sorts and keeps rows in, in a directory beside the tables.
// They are worth nothing after the query, are never synced, and what a crash leaves of them is removed at the next start.
//
// A SpillFiles is an operating system to SQLite (vfs.html), which knows such files and no others, over our own seam.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "engine/base/status.h"
#include "engine/io/backend.h"

namespace net {

inline constexpr const char* spill_directory = "spill";

class SpillFiles {
 public:
  // Files of at most `size_max` bytes in all. Belongs to the thread of `backend`, and outlives its queries.
  SpillFiles(engine::IoBackend& backend, uint64_t size_max);
  SpillFiles(const SpillFiles&) = delete;
  SpillFiles& operator=(const SpillFiles&) = delete;
  ~SpillFiles();

  // Blocking, at a start, before any query: what earlier ones have left.
  static absl::Status remove_left(engine::IoBackend& backend);

  // For sqlite3_open_v2.
  const char* vfs_name() const { return name_.c_str(); }

  uint64_t size_max() const { return size_max_; }
  uint64_t size() const { return size_; }            // on disk now
  uint64_t size_seen() const { return size_seen_; }  // and the most there ever was
  // Why a file could not be written, in more words than SQLite keeps; ok when none failed.
  const absl::Status& failure() const { return failure_; }
  void forget_failure() { failure_ = absl::OkStatus(); }

  // For the files.
  bool grow(uint64_t size);
  void shrink(uint64_t size);
  void set_failure(absl::Status status) { failure_ = std::move(status); }
  engine::IoBackend& backend() { return backend_; }
  std::string next_path();

 private:
  engine::IoBackend& backend_;
  uint64_t size_max_;
  uint64_t size_ = 0;
  uint64_t size_seen_ = 0;
  uint64_t files_made_ = 0;
  absl::Status failure_;
  std::string name_;
  sqlite3_vfs vfs_{};
};

}  // namespace net
