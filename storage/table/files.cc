#include "storage/table/files.h"

#include <string>
#include <utility>

#include "engine/io/blocking.h"
#include "storage/table/file_names.h"
#include "storage/table/manifest_format.h"

namespace storage {
namespace {

// `belongs` says whether what the file holds is that of its place.
template <typename Content>
absl::StatusOr<std::optional<Content>> read(engine::IoBackend& backend, const std::string& path,
                                            absl::StatusOr<Content> (*decode)(std::span<const std::byte>, std::string_view),
                                            const auto& belongs) {
  const absl::StatusOr<std::vector<std::byte>> bytes = engine::read_file(backend, path, manifest_size_max);
  if (absl::IsNotFound(bytes.status())) return std::optional<Content>();
  if (!bytes.ok()) return bytes.status();
  ASSIGN_OR_RETURN(Content content, decode(*bytes, path));
  if (!belongs(content)) return engine::data_loss(path + ": the ids in it are not those of its place");
  return std::optional<Content>(std::move(content));
}

}  // namespace

absl::StatusOr<std::optional<Schema>> read_schema(engine::IoBackend& backend, TableId table) {
  return read(backend, schema_path(table), decode_schema_file, [&](const Schema& schema) { return schema.table == table; });
}

absl::StatusOr<std::optional<LaneManifest>> read_lane_manifest(engine::IoBackend& backend, LaneId lane) {
  return read(backend, lane_manifest_path(lane), decode_lane_manifest,
              [&](const LaneManifest& manifest) { return manifest.lane == lane; });
}

absl::StatusOr<std::optional<PartitionManifest>> read_partition_manifest(engine::IoBackend& backend, const Schema& schema,
                                                                         LaneId lane, PartitionKey key) {
  const std::string path = partition_manifest_path(partition_directory(schema, lane.lane, key));
  return read(backend, path, decode_partition_manifest,
              [&](const PartitionManifest& manifest) { return manifest.lane == lane && manifest.key == key; });
}

}  // namespace storage
