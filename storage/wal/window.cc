#include "storage/wal/window.h"

#include <algorithm>
#include <cstring>

#include "engine/base/bytes.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"

namespace storage {

namespace {

constexpr uint64_t chunk_size = 1024 * 1024;

}  // namespace

absl::Status WalWindow::open(const std::string& path, uint64_t size) {
  file_.reset();
  ASSIGN_OR_RETURN(engine::BlockingFile file, engine::BlockingFile::open(backend_, path, engine::OpenMode::read));
  if (!engine::sabotaged("unsynced_frames_believed")) RETURN_IF_ERROR(file.sync_data());
  file_.emplace(std::move(file));
  size_ = size;
  start_ = 0;
  filled_ = 0;
  return absl::OkStatus();
}

absl::StatusOr<std::span<const std::byte>> WalWindow::bytes(uint64_t offset, uint64_t size) {
  VERIFY(file_.has_value());
  if (offset >= size_) return std::span<const std::byte>{};
  size = std::min(size, size_ - offset);
  if (offset < start_ || offset + size > start_ + filled_) RETURN_IF_ERROR(move_to(offset, size));
  VERIFY_LE(start_, offset);
  const uint64_t position = offset - start_;
  const uint64_t there = filled_ > position ? filled_ - position : 0;  // the file may be shorter than its directory said
  return std::span<const std::byte>(buffer_).subspan(static_cast<size_t>(position), static_cast<size_t>(std::min(size, there)));
}

// Keeps what the old window and the new one share, and reads the rest.
absl::Status WalWindow::move_to(uint64_t offset, uint64_t size) {
  const uint64_t start = engine::align_down(offset, engine::block_size);
  const uint64_t end = std::min(size_, std::max(start + chunk_size, engine::align_up(offset + size, engine::block_size)));
  size_t kept = 0;
  if (start >= start_ && start < start_ + filled_) {
    kept = static_cast<size_t>(start_ + filled_ - start);
    VERIFY_LE(kept, end - start);  // something behind the old window is wanted
    std::memmove(buffer_.data(), buffer_.data() + (start - start_), kept);
  }
  start_ = start;
  filled_ = kept;
  if (buffer_.size() < end - start) buffer_.resize(static_cast<size_t>(end - start));
  const std::span<std::byte> rest = std::span(buffer_).subspan(kept, static_cast<size_t>(end - start) - kept);
  ASSIGN_OR_RETURN(const size_t read, file_->read(start + kept, rest));
  VERIFY_LE(kept + read, buffer_.size());
  filled_ = kept + read;
  return absl::OkStatus();
}

}  // namespace storage
