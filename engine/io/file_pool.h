// Files that one thread works with by blocking calls: any number of them, of which a fixed number at most is open at a time.
// One that is needed and not open takes the place of the one that was not needed for longest, which is opened again when it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "engine/io/blocking.h"

namespace engine {

class PooledFile;

class FilePool {
 public:
  FilePool(IoBackend& backend, size_t files_max);
  FilePool(const FilePool&) = delete;
  FilePool& operator=(const FilePool&) = delete;

  IoBackend& backend() { return backend_; }
  size_t files_max() const { return places_.size(); }
  size_t open_count() const;

 private:
  friend class PooledFile;

  struct Place {
    uint64_t owner = 0;
    uint64_t used_at = 0;  // in uses_
    std::optional<BlockingFile> file;
  };

  // Valid until the next call.
  absl::StatusOr<BlockingFile*> open(const PooledFile& owner);
  void close(const PooledFile& owner);
  Place* find(uint64_t owner);

  IoBackend& backend_;
  std::vector<Place> places_;
  uint64_t uses_ = 0;
  uint64_t files_made_ = 0;
};

// One of these files, opened when it is first needed. The pool outlives it.
class PooledFile {
 public:
  PooledFile(FilePool& pool, std::string path, OpenMode mode);
  PooledFile(PooledFile&& other) noexcept;
  PooledFile& operator=(PooledFile&& other) = delete;
  ~PooledFile();

  // As those of BlockingFile, and with the errors of its open.
  absl::StatusOr<size_t> read(uint64_t offset, std::span<std::byte> buffer);
  absl::Status write(uint64_t offset, std::span<const std::byte> bytes);

  const std::string& path() const { return path_; }

 private:
  friend class FilePool;

  FilePool& pool_;
  uint64_t id_;  // 0: moved from
  std::string path_;
  OpenMode mode_;
};

}  // namespace engine
