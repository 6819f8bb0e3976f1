#include "storage/read/snapshot_files.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>

#include "storage/schema/partition_key.h"
#include "storage/table/file_names.h"
#include "storage/table/files.h"

namespace storage {
namespace {

// A checkpoint writes partition manifests, then the lane manifest. Who reads in between waits for its end, but not for ever: a
// server that was killed there leaves it so until it starts again.
constexpr int settle_tries_max = 20;
constexpr engine::Duration settle_pause = engine::milliseconds(10);

// None when there is no such directory.
absl::StatusOr<std::vector<engine::DirectoryEntry>> list_directories(engine::IoBackend& backend, const std::string& path) {
  absl::StatusOr<std::vector<engine::DirectoryEntry>> entries = backend.list_directory(path);
  if (absl::IsNotFound(entries.status())) return std::vector<engine::DirectoryEntry>();
  if (entries.ok()) std::erase_if(*entries, [](const engine::DirectoryEntry& entry) { return !entry.is_directory; });
  return entries;
}

void pause(engine::IoBackend& backend, engine::Duration duration) {
  std::array<engine::IoResult, 1> results{};
  const engine::Instant deadline = backend.now() + duration;
  while (backend.now() < deadline) {
    if (backend.reap(results, deadline) != 0) results[0].completion->complete(results[0]);
  }
}

absl::StatusOr<std::vector<ManifestRef>> read_partitions(engine::IoBackend& backend, const Schema& schema, LaneId lane) {
  std::map<PartitionKey, ManifestRef> partitions;
  ASSIGN_OR_RETURN(const auto entries, list_directories(backend, lane_directory(lane)));
  for (const engine::DirectoryEntry& entry : entries) {
    const std::optional<PartitionKey> key =
        parse_partition_name(entry.name, schema.partition_unit, schema.designated_column().type);
    if (!key) continue;
    ASSIGN_OR_RETURN(auto manifest, read_partition_manifest(backend, schema, lane, *key));
    if (!manifest) continue;
    partitions.emplace(*key, std::make_shared<const PartitionManifest>(*std::move(manifest)));
  }
  std::vector<ManifestRef> sorted;
  for (auto& [key, manifest] : partitions) sorted.push_back(std::move(manifest));
  return sorted;
}

// Partition manifests before the lane manifest: dictionaries only grow, so it covers them once the checkpoint has ended.
absl::StatusOr<LaneSnapshot> read_lane_once(engine::IoBackend& backend, const Schema& schema, LaneId lane) {
  LaneSnapshot snapshot{.lane = lane};
  ASSIGN_OR_RETURN(snapshot.partitions, read_partitions(backend, schema, lane));
  ASSIGN_OR_RETURN(auto manifest, read_lane_manifest(backend, lane));
  if (!manifest) return snapshot;
  snapshot.applied = manifest->checkpointed;
  snapshot.durable = manifest->checkpointed;
  snapshot.dictionaries = std::move(manifest->dictionaries);
  return snapshot;
}

bool is_settled(const LaneSnapshot& snapshot) {
  return std::ranges::all_of(snapshot.partitions,
                             [&](const ManifestRef& partition) { return partition->applied <= snapshot.applied; });
}

absl::StatusOr<LaneSnapshotRef> read_lane(engine::IoBackend& backend, const Schema& schema, LaneId lane) {
  ASSIGN_OR_RETURN(LaneSnapshot snapshot, read_lane_once(backend, schema, lane));
  for (int tries = 1; !is_settled(snapshot) && tries < settle_tries_max; ++tries) {
    pause(backend, settle_pause);
    ASSIGN_OR_RETURN(snapshot, read_lane_once(backend, schema, lane));
  }
  return std::make_shared<const LaneSnapshot>(std::move(snapshot));
}

// Nothing for a table whose schema is not written yet.
absl::StatusOr<std::optional<TableSnapshot>> read_table(engine::IoBackend& backend, TableId table) {
  ASSIGN_OR_RETURN(const auto schema, read_schema(backend, table));
  if (!schema || schema->is_dropped) return std::optional<TableSnapshot>();

  TableSnapshot snapshot;
  ASSIGN_OR_RETURN(const auto entries, list_directories(backend, table_directory(table)));
  for (const engine::DirectoryEntry& entry : entries) {
    const std::optional<LaneNumber> lane = parse_lane_name(entry.name);
    if (!lane) continue;
    ASSIGN_OR_RETURN(LaneSnapshotRef lane_snapshot, read_lane(backend, *schema, {table, *lane}));
    snapshot.lanes.push_back(std::move(lane_snapshot));
  }
  std::ranges::sort(snapshot.lanes, {}, [](const LaneSnapshotRef& lane) { return lane->lane; });

  // Read again, since the manifests may have columns by now that the first reading did not know.
  ASSIGN_OR_RETURN(auto newest, read_schema(backend, table));
  if (!newest) return std::optional<TableSnapshot>();
  snapshot.schema = std::make_shared<const Schema>(*std::move(newest));
  return std::optional<TableSnapshot>(std::move(snapshot));
}

}  // namespace

absl::StatusOr<std::vector<TableSnapshot>> read_table_snapshots(engine::IoBackend& backend) {
  ASSIGN_OR_RETURN(const auto entries, list_directories(backend, std::string(tables_directory)));
  std::vector<TableId> tables;
  for (const engine::DirectoryEntry& entry : entries) {
    if (const std::optional<TableId> table = parse_table_name(entry.name)) tables.push_back(*table);
  }
  std::ranges::sort(tables);

  std::vector<TableSnapshot> snapshots;
  for (const TableId table : tables) {
    ASSIGN_OR_RETURN(auto snapshot, read_table(backend, table));
    if (snapshot) snapshots.push_back(*std::move(snapshot));
  }
  return snapshots;
}

}  // namespace storage
