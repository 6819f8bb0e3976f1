#include "tools/serve/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <utility>

#include "storage/database/superblock.h"

namespace tools {
namespace {

// Looked at before the lock file is made, so that a wrong path stays as it is.
absl::Status check_is_ours(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(path, error)) return engine::failed_precondition(path + " is not a directory");
  if (fs::exists(fs::path(path) / storage::marker_name, error)) return absl::OkStatus();
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
    if (storage::may_become_ours(entry.path().filename().string())) continue;
    return engine::failed_precondition(path +
                                       " is not empty and not a Millrace data directory: give another --data, or empty it");
  }
  if (error) return engine::errno_status(error.value(), "cannot read the directory " + path);
  return absl::OkStatus();
}

}  // namespace

// A directory's name is durable when its parent is synced (POSIX): without it a power failure could take all that is inside.
absl::Status make_directory(const std::string& path) {
  constexpr mode_t directory_mode = 0750;
  if (::mkdir(path.c_str(), directory_mode) != 0) {
    return errno == EEXIST ? absl::OkStatus() : engine::errno_status(errno, "cannot create the directory " + path);
  }
  const std::string parent = (std::filesystem::path(path) / "..").lexically_normal().string();
  const int descriptor = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return engine::errno_status(errno, "cannot open the directory " + parent);
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  return error == 0 ? absl::OkStatus() : engine::errno_status(error, "cannot sync the directory " + parent);
}

absl::StatusOr<DataDirectory> DataDirectory::lock(const std::string& path) {
  constexpr mode_t file_mode = 0640;
  RETURN_IF_ERROR(make_directory(path));
  RETURN_IF_ERROR(check_is_ours(path));
  const std::string file = path + "/" + std::string(storage::lock_name);
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, file_mode);
  if (descriptor < 0) return engine::errno_status(errno, "cannot write to the data directory " + path);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(descriptor);
    if (error != EWOULDBLOCK) return engine::errno_status(error, "cannot lock " + file);
    return engine::already_exists("another millrace uses the data directory " + path);
  }
  return DataDirectory(descriptor);
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept : lock_file_(std::exchange(other.lock_file_, -1)) {}

DataDirectory::~DataDirectory() {
  if (lock_file_ >= 0) ::close(lock_file_);
}

}  // namespace tools
