// The file table of a UringBackend: slots (FileId) and the descriptors behind them. A slot can be reserved long before its file
// is open, and is free again when its close has completed.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/base/ids.h"

namespace engine {

// A file descriptor that is closed with its owner.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept;
  ~OwnedFd();

  int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

struct UringFile {
  OwnedFd fd;  // -1 while the file is not open; the kernel answers that with EBADF
  bool is_reserved = false;
  bool is_directory = false;
};

class UringFiles {
 public:
  explicit UringFiles(uint32_t file_count_max) : file_count_max_(file_count_max) {}

  FileId reserve();
  FileId adopt(OwnedFd fd);
  void free(FileId id);

  // A reserved slot; valid until the next reserve or adopt.
  UringFile& at(FileId id);
  int fd(FileId id) { return at(id).fd.get(); }

 private:
  uint32_t file_count_max_;
  std::vector<UringFile> files_;  // by FileId; grows with the need, to file_count_max
  std::vector<FileId> free_;      // a stack
};

}  // namespace engine
