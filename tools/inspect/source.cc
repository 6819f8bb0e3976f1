#include "tools/inspect/source.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "engine/uring/backend.h"
#include "storage/wal/names.h"

namespace tools {
namespace {

// Small: one file at a time, no sockets.
engine::UringOptions small_options(std::string root) {
  return {.data_directory = std::move(root),
          .submission_count_max = 8,
          .completion_count_max = 32,
          .request_count_max = 32,
          .file_count_max = 64,
          .stream_buffer_count = 1,
          .stream_buffer_size = 4096,
          .datagram_buffer_count = 1,
          .kernel_worker_count_max = 1};
}

// The nearest directory that is marked as a database, from `start` upwards; empty when there is none.
std::filesystem::path find_root(const std::filesystem::path& start) {
  std::error_code error;
  for (std::filesystem::path directory = start;; directory = directory.parent_path()) {
    if (std::filesystem::is_regular_file(directory / storage::marker_name, error)) return directory;
    if (directory == directory.parent_path()) return {};
  }
}

}  // namespace

absl::StatusOr<InspectSource> open_inspect_source(const std::string& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::canonical(path, error);
  if (error) return engine::errno_status(error.value(), path);
  InspectSource source;
  source.is_directory = std::filesystem::is_directory(whole, error);
  if (!source.is_directory && !std::filesystem::is_regular_file(whole, error)) {
    return engine::invalid_argument(path + ": neither a file nor a directory");
  }
  const std::filesystem::path nearest = source.is_directory ? whole : whole.parent_path();
  if (::access(nearest.c_str(), R_OK | X_OK) != 0) return engine::errno_status(errno, nearest.string());
  const std::filesystem::path found = find_root(nearest);
  source.in_database = !found.empty();
  const std::filesystem::path root = source.in_database ? found : nearest;
  source.path = whole == root ? "." : whole.lexically_relative(root).string();
  ASSIGN_OR_RETURN(source.backend, engine::UringBackend::create(small_options(root.string())));
  if (source.in_database) {
    if (const auto superblock = storage::read_superblock(*source.backend); superblock.ok()) source.superblock = *superblock;
  }
  return source;
}

std::optional<SegmentName> segment_name_of(const InspectSource& source) {
  const std::filesystem::path path = source.path;
  const std::filesystem::path directory = path.parent_path();
  if (!source.in_database || directory.parent_path() != storage::wal_directory) return std::nullopt;
  const auto stream = storage::parse_stream_name(directory.filename().string());
  const auto sequence = storage::parse_segment_name(path.filename().string());
  if (!stream || !sequence) return std::nullopt;
  return SegmentName{.stream = *stream, .sequence = *sequence};
}

}  // namespace tools
