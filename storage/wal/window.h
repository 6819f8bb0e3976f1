// Reads one segment file by a window that moves over it: memory is a chunk, or the largest piece that was asked for.
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

namespace storage {

class WalWindow {
 public:
  explicit WalWindow(engine::IoBackend& backend) : backend_(backend) {}

  // Opens a file of `size` bytes and makes sure that what will be read is on the disk, not only in a cache on the way: what was
  // believed now must still be there after a power cut.
  absl::Status open(const std::string& path, uint64_t size);

  // Where the file holds `size` bytes from `offset`; fewer at its end. Valid until the next call; bytes at an offset that is a
  // multiple of 8 are aligned to 8.
  absl::StatusOr<std::span<const std::byte>> bytes(uint64_t offset, uint64_t size);

  uint64_t size() const { return size_; }

 private:
  absl::Status move_to(uint64_t offset, uint64_t size);

  engine::IoBackend& backend_;
  std::optional<engine::BlockingFile> file_;
  uint64_t size_ = 0;
  uint64_t start_ = 0;  // of the window, a multiple of block_size
  size_t filled_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace storage
