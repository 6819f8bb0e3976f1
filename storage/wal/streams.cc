#include "storage/wal/streams.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "engine/io/blocking.h"
#include "storage/wal/names.h"
#include "storage/wal/note_file.h"

namespace storage {

namespace {

absl::Status not_understood(const std::string& path, std::string_view why) {
  return engine::failed_precondition(path + ": " + std::string(why) + "; nothing was changed");
}

std::string marker_path(StreamId stream) { return stream_directory(stream) + '/' + std::string(stream_released_name); }

absl::Status list_stream(engine::IoBackend& backend, StreamId stream, WalInventory& inventory) {
  const std::string directory = stream_directory(stream);
  ASSIGN_OR_RETURN(const std::vector<engine::DirectoryEntry> entries, backend.list_directory(directory));
  WalStreamFiles files{.stream = stream, .segments = {}};
  bool released = false;
  bool has_notes = false;
  for (const engine::DirectoryEntry& entry : entries) {
    const std::optional<uint64_t> sequence = parse_segment_name(entry.name);
    if (entry.name == stream_released_name) {
      released = true;
    } else if (is_note_file(entry.name)) {
      has_notes = true;  // who reads the stream asks for them
    } else if (sequence && !entry.is_directory) {
      files.segments.push_back({.sequence = *sequence, .size = entry.size});
    } else {
      return not_understood(directory + '/' + entry.name, "not a segment of the write-ahead log");
    }
  }
  std::ranges::sort(files.segments, {}, &WalSegmentFile::sequence);
  // A start that was cut off before its first segment, or a removal before its last step, leaves an empty directory. One of a
  // stopped shard without frames has lost its segment to a start that was cut off; its notes speak on.
  if (released || (files.segments.empty() && !has_notes)) {
    inventory.released.push_back(stream);
  } else {
    inventory.streams.push_back(std::move(files));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<WalInventory> list_streams(engine::IoBackend& backend, const Database& database) {
  VERIFY_GT(database.epoch, 0U);  // that of this start
  WalInventory inventory;
  absl::StatusOr<std::vector<engine::DirectoryEntry>> entries = backend.list_directory(wal_directory);
  if (absl::IsNotFound(entries.status())) return inventory;
  RETURN_IF_ERROR(entries.status());
  std::vector<StreamId> streams;
  for (const engine::DirectoryEntry& entry : *entries) {
    const std::optional<StreamId> stream = parse_stream_name(entry.name);
    const std::string path = std::string(wal_directory) + '/' + entry.name;
    if (!stream || !entry.is_directory) return not_understood(path, "not a stream of the write-ahead log");
    if (stream_epoch(*stream) >= database.epoch) {
      return not_understood(path, "newer than the superblock, which knows of " + std::to_string(database.epoch - 1) +
                                      " starts: was the superblock restored from an older copy?");
    }
    streams.push_back(*stream);
  }
  std::ranges::sort(streams);
  for (const StreamId stream : streams) RETURN_IF_ERROR(list_stream(backend, stream, inventory));
  return inventory;
}

// From the last one on, each removed for good before the one in front of it: a crash in between leaves no hole.
absl::Status remove_unbegun_segments(engine::IoBackend& backend, WalStreamFiles& files, uint64_t sequence_last) {
  VERIFY(std::ranges::is_sorted(files.segments, {}, &WalSegmentFile::sequence));
  const uint64_t kept_last = sequence_last - (engine::sabotaged("begun_segment_removed") ? 1 : 0);
  while (!files.segments.empty() && files.segments.back().sequence > kept_last) {
    RETURN_IF_ERROR(engine::remove_file(backend, segment_path(files.stream, files.segments.back().sequence)));
    RETURN_IF_ERROR(engine::sync_directory(backend, stream_directory(files.stream)));
    files.segments.pop_back();
  }
  return absl::OkStatus();
}

absl::Status release_stream(engine::IoBackend& backend, StreamId stream) {
  {
    ASSIGN_OR_RETURN(engine::BlockingFile marker,
                     engine::BlockingFile::open(backend, marker_path(stream), engine::OpenMode::read_write));
    RETURN_IF_ERROR(marker.sync_data());
  }
  return engine::sync_directory(backend, stream_directory(stream));
}

std::vector<std::string> reusable_segments(const WalStreamFiles& files, uint64_t segment_size) {
  std::vector<std::string> paths;
  for (const WalSegmentFile& segment : files.segments) {
    if (segment.size == segment_size) paths.push_back(segment_path(files.stream, segment.sequence));
  }
  return paths;
}

absl::Status remove_stream(engine::IoBackend& backend, StreamId stream) {
  const std::string directory = stream_directory(stream);
  const absl::StatusOr<std::vector<engine::DirectoryEntry>> entries = backend.list_directory(directory);
  if (absl::IsNotFound(entries.status())) return absl::OkStatus();
  RETURN_IF_ERROR(entries.status());
  const bool released = std::ranges::any_of(*entries, [](const auto& entry) { return entry.name == stream_released_name; });
  VERIFY(released || entries->empty());
  if (engine::sabotaged("marker_removed_first")) RETURN_IF_ERROR(engine::remove_file(backend, marker_path(stream)));
  for (const engine::DirectoryEntry& entry : *entries) {
    if (entry.name != stream_released_name) RETURN_IF_ERROR(engine::remove_file(backend, directory + '/' + entry.name));
  }
  // The marker goes when the segments are gone for good: without it they would be a stream again.
  RETURN_IF_ERROR(engine::sync_directory(backend, directory));
  RETURN_IF_ERROR(engine::remove_file(backend, marker_path(stream)));
  return engine::remove_directory(backend, directory);
}

}  // namespace storage
