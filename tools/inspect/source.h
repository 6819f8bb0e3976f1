// What `millrace inspect` looks at: a file or directory, and the database around it when there is one.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "storage/database/superblock.h"
#include "storage/schema/ids.h"

namespace tools {

struct InspectSource {
  std::unique_ptr<engine::IoBackend> backend;  // its root is the data directory, or else the directory of the file
  std::string path;                            // below the root; "." for the root itself
  bool is_directory = false;
  bool in_database = false;                       // the root is a data directory
  std::optional<storage::Superblock> superblock;  // of a database, when it can be read
};

// Finds the data directory above `path`, or at it. Not-found: nothing is there.
absl::StatusOr<InspectSource> open_inspect_source(const std::string& path);

// Where the path says that a segment belongs; nothing for other paths.
struct SegmentName {
  storage::StreamId stream;
  uint64_t sequence = 0;
};
std::optional<SegmentName> segment_name_of(const InspectSource& source);

}  // namespace tools
