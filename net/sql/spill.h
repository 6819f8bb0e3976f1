// Where a query puts what it has no memory for: files that SQLite sorts and keeps rows in, in a directory beside the tables.
// They are worth nothing after the query, are never synced, and what a crash leaves of them is removed at the next start.
//
// A SpillFiles is an operating system to SQLite (vfs.html), which knows such files and no others, over our own seam.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <utility>

#include "engine/base/status.h"
#include "engine/io/file_pool.h"

namespace net {

inline constexpr const char* spill_directory = "spill";

struct SpillBounds {
  uint64_t size_max = 0;   // bytes of all files
  uint32_t files_max = 0;  // that there are, open or not
};

class SpillFiles {
 public:
  // Files that are opened in `pool`. Belongs to its thread, and outlives its queries.
  SpillFiles(engine::FilePool& pool, const SpillBounds& bounds);
  SpillFiles(const SpillFiles&) = delete;
  SpillFiles& operator=(const SpillFiles&) = delete;
  ~SpillFiles();

  // Blocking, at a start, before any query: what earlier ones have left.
  static absl::Status remove_left(engine::IoBackend& backend);

  // For sqlite3_open_v2.
  const char* vfs_name() const { return name_.c_str(); }

  uint64_t size() const { return size_; }            // on disk now
  uint64_t size_seen() const { return size_seen_; }  // and the most there ever was
  // Why a file could not be read or written, in more words than SQLite keeps; ok when none failed since the last call. Whoever
  // meets an error of SQLite's about files takes it at once: it is no other query's.
  absl::Status take_failure() { return std::exchange(failure_, absl::OkStatus()); }

  // For the files.
  bool add_file();
  bool grow(uint64_t size);
  void remove_file(uint64_t size);
  void set_failure(absl::Status status) { failure_ = std::move(status); }
  engine::FilePool& pool() { return pool_; }
  engine::IoBackend& backend() { return pool_.backend(); }
  std::string next_path();

 private:
  engine::FilePool& pool_;
  SpillBounds bounds_;
  uint64_t size_ = 0;
  uint64_t size_seen_ = 0;
  uint32_t files_ = 0;
  uint64_t files_made_ = 0;
  absl::Status failure_;
  std::string name_;
  sqlite3_vfs vfs_{};
};

}  // namespace net
