// Snapshots from the files alone: what a reader outside of the server sees.
#pragma once

#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "storage/table/snapshot.h"

namespace storage {

// All tables of a data directory as of their last checkpoints, read without a lock beside a running server: files of a table
// that change meanwhile are read again. Blocking. Sorted by table id.
absl::StatusOr<std::vector<TableSnapshot>> read_table_snapshots(engine::IoBackend& backend);

}  // namespace storage
