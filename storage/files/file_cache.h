// Open files of a shard's tables: at most files_max at once, those that were used least recently are closed first. Thousands of
// column files share them. What is closed is opened again when it is used again.
//
// Closing a file that was written and not synced is fine: a later sync through another descriptor covers the whole file, and a
// write that failed has failed at once, since column files are written around the page cache.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/io/backend.h"
#include "engine/reactor/io_sequence.h"
#include "engine/reactor/reactor.h"

namespace storage {

class FileCache;

// A file that may be open: a member of whoever uses the file. Closes it when destroyed; the cache outlives it.
class CachedFile {
 public:
  CachedFile() = default;
  CachedFile(const CachedFile&) = delete;
  CachedFile& operator=(const CachedFile&) = delete;
  ~CachedFile();

  bool is_open() const { return cache_ != nullptr; }

 private:
  friend class FileCache;

  FileCache* cache_ = nullptr;  // while open
  engine::FileId file_ = engine::file_none;
  uint32_t pins_ = 0;
  CachedFile* older_ = nullptr;  // neighbours in order of use; null while pinned
  CachedFile* newer_ = nullptr;
};

class FileCache {
 public:
  FileCache(engine::Reactor& reactor, uint32_t files_max) : reactor_(reactor), files_max_(files_max) {}
  FileCache(const FileCache&) = delete;
  FileCache& operator=(const FileCache&) = delete;
  ~FileCache();

  // The slot of `file`, which stays open until as many unpin(). When it is not open yet, its open is added to `stage_open` of
  // `plan`, and the close of another one to `stage_close` if there are files_max. `path` outlives the plan.
  engine::FileId pin(CachedFile& file, const char* path, engine::OpenMode mode, engine::IoSequence& plan, size_t stage_close,
                     size_t stage_open);
  void unpin(CachedFile& file);

  uint32_t open_count() const { return open_count_; }
  uint32_t files_max() const { return files_max_; }

 private:
  friend class CachedFile;

  void forget(CachedFile& file);
  void unlink(CachedFile& file);

  engine::Reactor& reactor_;
  uint32_t files_max_;
  uint32_t open_count_ = 0;
  CachedFile* oldest_ = nullptr;  // of those not pinned
  CachedFile* newest_ = nullptr;
};

}  // namespace storage
