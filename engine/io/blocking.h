// File operations that wait for their result, for start-up, tools and readers: code that runs while its thread serves nobody.
// A shard that serves uses its Reactor instead.
//
// Every call submits one request and reaps until that one has completed. Completions of other requests that turn up meanwhile
// go to their owners; a wake is swallowed. Requests that a Reactor submitted must not be in flight: it counts its own.
//
// Errors carry the operation and the path. Writes go on as all our writes do (write_progress.h); any other error is final, and
// so is every failed sync.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/io/backend.h"

namespace engine {

// The result of the request, as IoResult::result. `request.completion` is set by this function.
int32_t run_blocking(IoBackend& backend, IoRequest request);

// A file that is open. Closed when destroyed.
class BlockingFile {
 public:
  // Not-found when an existing file was asked for and there is none.
  static absl::StatusOr<BlockingFile> open(IoBackend& backend, std::string path, OpenMode mode);

  BlockingFile(BlockingFile&& other) noexcept;
  BlockingFile& operator=(BlockingFile&& other) = delete;
  ~BlockingFile();

  // Fills `buffer` and returns how many bytes it got; fewer only at the end of the file.
  absl::StatusOr<size_t> read(uint64_t offset, std::span<std::byte> buffer);

  // Writes all of `bytes`.
  absl::Status write(uint64_t offset, std::span<const std::byte> bytes);

  absl::Status sync_data();

  // The slot, which is the caller's from now on: for files that a Reactor goes on using.
  FileId release();

  FileId id() const { return file_; }
  const std::string& path() const { return path_; }

 private:
  BlockingFile(IoBackend& backend, FileId file, std::string path, OpenMode mode)
      : backend_(backend), file_(file), path_(std::move(path)), mode_(mode) {}

  // Where to go on after `done` bytes were read: O_DIRECT repeats the block that was cut.
  size_t resume_at(size_t done) const {
    return mode_ == OpenMode::read_write_direct ? static_cast<size_t>(align_down(done, block_size)) : done;
  }

  IoBackend& backend_;
  FileId file_;
  std::string path_;
  OpenMode mode_;
};

// All bytes of a file. Resource-exhausted when there are more than `size_max`.
absl::StatusOr<std::vector<std::byte>> read_file(IoBackend& backend, const std::string& path, size_t size_max);

// Replaces or creates `path` so that a crash leaves the old file or the new one, whole: writes `path`.tmp, syncs it, renames
// it, syncs the directory. Durable when it returns.
absl::Status replace_file(IoBackend& backend, const std::string& path, std::span<const std::byte> bytes);

// Creates a directory. Fine when it is there. Its entry in the parent is not durable before sync_directory of the parent.
absl::Status make_directory(IoBackend& backend, const std::string& path);

// Removes an empty directory. Fine when it is not there.
absl::Status remove_directory(IoBackend& backend, const std::string& path);

// Removes a file. Fine when it is not there.
absl::Status remove_file(IoBackend& backend, const std::string& path);

// Renames, replacing a file `target`. Durable only after sync_directory of the directories of both.
absl::Status rename_path(IoBackend& backend, const std::string& source, const std::string& target);

// Makes the entries of a directory durable. The data directory itself is ".".
absl::Status sync_directory(IoBackend& backend, const std::string& path);

// The directory that holds `path`: "wal/1" for "wal/1/2", "." for "superblock".
std::string parent_directory(const std::string& path);

}  // namespace engine
