// Reads the files that say what of a table is committed, each from its place. Blocking, for whoever has no lane: starts, and
// readers of a directory.
//
// Nothing: there is no such file, which is right for a table whose first checkpoint did not get so far. data-loss: damaged, or
// the file of another table, lane or partition; what decode says besides is in manifest_format.h.
#pragma once

#include <optional>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "storage/schema/schema.h"
#include "storage/table/manifest.h"

namespace storage {

absl::StatusOr<std::optional<Schema>> read_schema(engine::IoBackend& backend, TableId table);
absl::StatusOr<std::optional<LaneManifest>> read_lane_manifest(engine::IoBackend& backend, LaneId lane);
absl::StatusOr<std::optional<PartitionManifest>> read_partition_manifest(engine::IoBackend& backend, const Schema& schema,
                                                                         LaneId lane, PartitionKey key);

}  // namespace storage
