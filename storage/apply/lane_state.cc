#include "storage/apply/lane_state.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "engine/base/byte_stream.h"
#include "engine/base/crc32c.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "engine/io/blocking.h"
#include "storage/schema/partition_key.h"
#include "storage/table/file_names.h"
#include "storage/table/files.h"

namespace storage {

namespace {

using engine::IoBackend;

void add_directory(IoRound& round, Stage stage, std::string path) {
  round.add(stage, {.op = engine::IoOp::mkdir, .path = round.keep(std::move(path))});
}

absl::Status misplaced(const std::string& path) {
  return engine::data_loss(path + ": the ids in it are not those of its place");
}

absl::Status load_schema_version(IoBackend& backend, LaneState& state) {
  ASSIGN_OR_RETURN(const std::optional<Schema> schema, read_schema(backend, state.lane.table));
  if (schema) state.schema_version_durable = schema->version;
  return absl::OkStatus();
}

// The committed bytes of a file; those of its last block come from the manifest.
absl::StatusOr<std::vector<std::byte>> read_committed(IoBackend& backend, const std::string& path,
                                                      const CommittedFile& committed) {
  constexpr uint64_t dictionary_size_max = uint64_t{symbols_max} * symbol_size_max;
  if (committed.size > dictionary_size_max) return engine::data_loss(path + ": " + std::to_string(committed.size) + " bytes");
  ASSIGN_OR_RETURN(engine::BlockingFile file, engine::BlockingFile::open(backend, path, engine::OpenMode::read));
  std::vector<std::byte> bytes(static_cast<size_t>(committed.size));
  const size_t tail_start = bytes.size() - committed.tail.size();
  ASSIGN_OR_RETURN(const size_t found, file.read(0, std::span(bytes).first(tail_start)));
  if (found != tail_start) {
    return engine::data_loss(path + ": expected " + std::to_string(tail_start) + " bytes, found " + std::to_string(found));
  }
  if (!committed.tail.empty()) std::memcpy(bytes.data() + tail_start, committed.tail.data(), committed.tail.size());
  if (engine::crc32c(bytes) != committed.crc) {
    return engine::data_loss(path + ": the checksum of the first " + std::to_string(bytes.size()) +
                             " bytes is not the manifest's");
  }
  return bytes;
}

absl::Status load_dictionary(IoBackend& backend, LaneState& state, const DictionaryExtent& extent) {
  auto dictionary = std::make_unique<DictionaryState>(state.lane, extent.column, state.hash_seed);
  ASSIGN_OR_RETURN(const std::vector<std::byte> offsets, read_committed(backend, dictionary->offsets.path, extent.offsets));
  ASSIGN_OR_RETURN(const std::vector<std::byte> texts, read_committed(backend, dictionary->texts.path, extent.texts));
  engine::ByteReader reader(offsets, dictionary->offsets.path);
  reader.check(offsets.size() == (uint64_t{extent.count} + 1) * sizeof(int64_t), "bytes of offsets",
               (uint64_t{extent.count} + 1) * sizeof(int64_t), offsets.size());
  auto start = reader.take<uint64_t>();
  reader.check(start == 0, "first offset", 0, start);
  for (uint32_t id = 0; id < extent.count && reader.ok(); ++id) {
    const auto end = reader.take<uint64_t>();
    const uint64_t end_max = std::min<uint64_t>(texts.size(), start + symbol_size_max);
    if (!reader.check(end >= start && end <= end_max, "end of a symbol", end_max, end, "at most ")) break;
    const std::string_view text = engine::as_text(std::span(texts).subspan(start, end - start));
    RETURN_IF_ERROR(dictionary->symbols.restore(SymbolId{id}, text));
    start = end;
  }
  reader.check(start == texts.size(), "end of the last symbol", texts.size(), start);
  RETURN_IF_ERROR(reader.status());
  dictionary->extent = extent;
  dictionary->offsets.reserved = engine::align_up(extent.offsets.size, engine::block_size);
  dictionary->texts.reserved = engine::align_up(extent.texts.size, engine::block_size);
  const std::string path = dictionary->offsets.path;
  if (!state.dictionaries.emplace(extent.column, std::move(dictionary)).second) return misplaced(path);
  return absl::OkStatus();
}

absl::Status load_lane_manifest(IoBackend& backend, LaneState& state) {
  ASSIGN_OR_RETURN(const std::optional<LaneManifest> manifest, read_lane_manifest(backend, state.lane));
  if (!manifest) return absl::OkStatus();  // the first checkpoint did not get so far
  state.checkpointed = manifest->checkpointed;
  state.applied = manifest->checkpointed;
  for (const DictionaryExtent& extent : manifest->dictionaries) RETURN_IF_ERROR(load_dictionary(backend, state, extent));
  return absl::OkStatus();
}

absl::Status load_partition(IoBackend& backend, LaneState& state, PartitionKey key) {
  ASSIGN_OR_RETURN(std::optional<PartitionManifest> manifest, read_partition_manifest(backend, *state.schema, state.lane, key));
  if (!manifest) return absl::OkStatus();  // made by an apply that no checkpoint followed
  PartitionState& partition = state.partitions[key];
  // Of a manifest newer than the lane's nobody knows whether its name is durable: the next checkpoint writes it again, before
  // the WAL forgets the rows.
  partition.is_dirty = manifest->applied > state.checkpointed && !engine::sabotaged("newer_manifest_kept");
  VERIFY(partition.manifest == nullptr);
  partition.manifest = std::make_shared<const PartitionManifest>(*std::move(manifest));
  return absl::OkStatus();
}

}  // namespace

std::unique_ptr<PartitionFiles> make_partition_files(const LaneState& state, const PartitionManifest& manifest) {
  auto files = std::make_unique<PartitionFiles>();
  files->directory = GrowingDirectory(partition_directory(*state.schema, state.lane.lane, manifest.key));
  if (!manifest.runs.empty()) files->directory.set_made();
  for (const Run& run : manifest.runs) {
    RunFiles& run_files = files->runs.emplace_back();
    run_files.directory = GrowingDirectory(run_directory(files->directory.path(), run.id));
    run_files.directory.set_made();
    for (const RunColumn& column : run.columns) {
      ColumnFiles& column_files = run_files.columns.emplace_back();
      for (const CommittedFile& committed : column.files) {
        auto& file = column_files.by_kind[static_cast<size_t>(committed.kind)];
        file = std::make_unique<GrowingFile>(column_path(run_files.directory.path(), column.column, committed.kind));
        file->reserved = engine::align_up(committed.size, engine::block_size);
      }
    }
  }
  return files;
}

// What is there may have been made by a start that was cut off, so all names count as new.
void make_lane_directories(LaneState& state, IoRound& round) {
  if (state.table_directory.is_made()) return;
  state.table_directory = GrowingDirectory(table_directory(state.lane.table));
  state.lane_directory = GrowingDirectory(lane_directory(state.lane));
  state.dictionary_directory = GrowingDirectory(dictionary_directory(state.lane));
  add_directory(round, Stage::make_tables_directory, std::string(tables_directory));
  add_directory(round, Stage::make_table_directory, state.table_directory.path());
  add_directory(round, Stage::make_lane_directory, state.lane_directory.path());
  add_directory(round, Stage::make_partition_directory, state.dictionary_directory.path());
  state.table_directory.set_made();
  state.table_directory.add_name();
  state.lane_directory.set_made();
  state.lane_directory.add_name();
  state.dictionary_directory.set_made();
}

absl::Status load_lane(IoBackend& backend, LaneState& state, Names names) {
  VERIFY(state.partitions.empty() && state.dictionaries.empty());
  const std::string directory = lane_directory(state.lane);
  if (names == Names::perhaps_durable && !engine::sabotaged("lane_directory_not_synced")) {
    const absl::Status synced = engine::sync_directory(backend, directory);
    if (absl::IsNotFound(synced)) return absl::OkStatus();
    RETURN_IF_ERROR(synced);
    RETURN_IF_ERROR(engine::sync_directory(backend, table_directory(state.lane.table)));
  }
  RETURN_IF_ERROR(load_schema_version(backend, state));
  RETURN_IF_ERROR(load_lane_manifest(backend, state));
  const absl::StatusOr<std::vector<engine::DirectoryEntry>> entries = backend.list_directory(directory);
  if (absl::IsNotFound(entries.status())) return absl::OkStatus();
  if (!entries.ok()) return entries.status();
  for (const engine::DirectoryEntry& entry : *entries) {
    const std::optional<PartitionKey> key =
        parse_partition_name(entry.name, state.schema->partition_unit, state.schema->designated_column().type);
    if (entry.is_directory && key) RETURN_IF_ERROR(load_partition(backend, state, *key));
  }
  return absl::OkStatus();
}

}  // namespace storage
