// The data directory as the operating system sees it: made when missing, and locked for as long as a process uses it.
#pragma once

#include <string>

#include "engine/base/status.h"

namespace tools {

// Made when missing (not its parents), and durable: its parent is synced.
absl::Status make_directory(const std::string& path);

// Holds the lock until destroyed.
class DataDirectory {
 public:
  // Creates the directory (not its parents) when it is missing. already-exists: another process holds it.
  static absl::StatusOr<DataDirectory> lock(const std::string& path);

  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&& other) = delete;
  ~DataDirectory();

 private:
  explicit DataDirectory(int lock_file) : lock_file_(lock_file) {}

  int lock_file_ = -1;
};

}  // namespace tools
