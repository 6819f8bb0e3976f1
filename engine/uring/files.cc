#include "engine/uring/files.h"

#include <unistd.h>

#include "engine/base/verify.h"

namespace engine {

OwnedFd& OwnedFd::operator=(OwnedFd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

OwnedFd::~OwnedFd() {
  if (fd_ >= 0) close(fd_);
}

FileId UringFiles::reserve() {
  if (free_.empty()) {
    VERIFY_LT(files_.size(), file_count_max_);
    free_.push_back({static_cast<uint32_t>(files_.size())});
    files_.emplace_back();
  }
  const FileId id = free_.back();
  free_.pop_back();
  VERIFY(!files_[id.value].is_reserved);
  files_[id.value].is_reserved = true;
  return id;
}

FileId UringFiles::adopt(OwnedFd fd) {
  VERIFY_GE(fd.get(), 0);
  const FileId id = reserve();
  at(id).fd = std::move(fd);
  return id;
}

void UringFiles::free(FileId id) {
  at(id) = {};
  free_.push_back(id);
  VERIFY_LE(free_.size(), files_.size());
}

UringFile& UringFiles::at(FileId id) {
  VERIFY_LT(id.value, files_.size());
  VERIFY(files_[id.value].is_reserved);
  return files_[id.value];
}

}  // namespace engine
