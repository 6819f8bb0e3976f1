#include "tests/node/disk_oracle.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/io/blocking.h"
#include "storage/table/file_names.h"
#include "storage/table/manifest_format.h"
#include "storage/wal/names.h"

namespace sim {
namespace {

bool is_segment(const Inode& file) { return parse_segment_path(file.made_as).has_value(); }

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_manifest(std::string_view path) {
  const std::string_view name = last_part(path);
  return path.starts_with("tables/") && (name == "manifest" || name == "lane" || name == "schema");
}

}  // namespace

void DiskOracle::fail(std::string problem) {
  if (problem_.empty()) problem_ = std::move(problem);
}

void DiskOracle::before_read(const FileHandle& file) {
  const Inode& inode = *file.inode;
  const bool is_of_start = file.mode != engine::OpenMode::read_write_direct;  // a shard reads back what it knows to be durable
  if (is_segment(inode) && inode.file.is_dirty() && is_of_start) fail("a start reads a segment of the log that is not synced");
  const std::string path = inode.made_as.substr(0, inode.made_as.rfind(".tmp"));
  if (listener_ != nullptr && is_manifest(path) && last_part(path) == "lane" && !disk_.is_entry_durable(path)) {
    fail("a start reads " + path + ", whose name is not durable");
  }
}

void DiskOracle::before_write(const FileHandle& file, uint64_t offset, std::span<const std::byte> source) {
  const Inode& inode = *file.inode;
  if (file.mode == engine::OpenMode::read_write_direct && offset + source.size() > inode.file.size()) {
    fail("a write grows " + inode.made_as + " to " + std::to_string(offset + source.size()) + " bytes");
  }
  if (!is_segment(inode) || engine::load<uint64_t>(source.data()) == 0) return;  // zeros: it is being made
  if (offset == 0) check_first_group(inode, source);
  const size_t group = offset == 0 ? std::min<size_t>(storage::wal_groups_offset, source.size()) : 0;
  if (listener_ != nullptr) listener_->on_group_written(source.subspan(group));
}

void DiskOracle::check_first_group(const Inode& segment, std::span<const std::byte> group) {
  const auto header = engine::load<storage::WalSegmentHeader>(group.data());
  const std::string path = storage::segment_path(storage::StreamId{header.stream}, header.sequence);
  if (!disk_.is_entry_durable(path)) fail(path + " is written to, and its name is not durable");
  if (segment.file.is_dirty() || segment.file.durable_size() != segment.file.size()) {
    fail(path + " is written to, and is not whole on the disk");
  }
}

void DiskOracle::before_rename(std::string_view path, std::string_view path_target) {
  if (const auto name = parse_segment_path(path)) check_frames(path, *name);
  if (!is_manifest(path_target)) return;
  if (listener_ != nullptr) listener_->on_manifest_named();
  if (last_part(path_target) == "manifest") check_partition(path, path_target);
  if (last_part(path_target) == "lane") check_lane(path);
}

void DiskOracle::before_unlink(std::string_view path) {
  if (const auto name = parse_segment_path(path)) return check_frames(path, *name);
  if (!path.starts_with("wal/") || last_part(path) != storage::stream_released_name) return;
  const std::string directory = engine::parent_directory(std::string(path));
  for (const std::string& name : disk_.names_possible(directory)) {
    if (name != storage::stream_released_name) fail(std::string(path) + " is removed before " + name);
  }
}

void DiskOracle::check_frames(std::string_view path, const SegmentName& name) {
  const auto segment = disk_.read_current(path);
  if (!segment) return;
  std::map<storage::LaneId, storage::Txn> checkpointed;
  for (const LogFrame& frame : frames_of(*segment, name)) {
    const auto [lane, is_new] = checkpointed.try_emplace(frame.lane);
    if (is_new) {
      const std::string manifest_path = storage::lane_manifest_path(frame.lane);
      const auto bytes = disk_.read_durable(manifest_path);
      if (bytes) {
        const auto manifest = storage::decode_lane_manifest(*bytes, manifest_path);
        if (manifest.ok()) lane->second = manifest->checkpointed;
      }
    }
    ++frames_checked_;
    if (frame.txn <= lane->second) continue;
    return fail(std::string(path) + " goes, and its frame " + std::to_string(frame.lsn.value) + ", txn " +
                std::to_string(frame.txn.value) + " of table " + std::to_string(frame.lane.table.value) +
                ", is not checkpointed");
  }
  std::string marker = storage::stream_directory(name.stream);
  marker.append("/").append(storage::stream_released_name);
  if (disk_.read_current(marker) && !std::exchange(old_log_checked_, true)) check_tables();
}

// The log of earlier starts goes: no table needs it, whatever a power failure takes.
void DiskOracle::check_tables() {
  for (const std::string& path : disk_.paths_below(storage::tables_directory)) {
    if (!is_manifest(path)) continue;
    const auto bytes = disk_.read_current(path);
    if (!disk_.is_durable(path, 0, bytes->size())) fail("the log of an earlier start goes, and " + path + " is not durable");
  }
}

void DiskOracle::check_partition(std::string_view path, std::string_view path_target) {
  const auto bytes = disk_.read_current(path);
  if (!bytes) return;
  const auto manifest = storage::decode_partition_manifest(*bytes, path);
  if (!manifest.ok()) return fail(std::string(path) + ": " + std::string(engine::message_of(manifest.status())));
  const std::string directory = engine::parent_directory(std::string(path_target));
  for (const storage::Run& run : manifest->runs) {
    const std::string run_directory = storage::run_directory(directory, run.id);
    for (const storage::RunColumn& column : run.columns) {
      for (const storage::CommittedFile& file : column.files) {
        check_file(storage::column_path(run_directory, column.column, file.kind), file);
      }
    }
  }
  ++manifests_checked_;
}

void DiskOracle::check_lane(std::string_view path) {
  const auto bytes = disk_.read_current(path);
  if (!bytes) return;
  const auto manifest = storage::decode_lane_manifest(*bytes, path);
  if (!manifest.ok()) return fail(std::string(path) + ": " + std::string(engine::message_of(manifest.status())));
  for (const storage::DictionaryExtent& extent : manifest->dictionaries) {
    for (const storage::CommittedFile* file : {&extent.offsets, &extent.texts}) {
      check_file(storage::dictionary_path(manifest->lane, extent.column, file->kind), *file);
    }
  }
  ++manifests_checked_;
}

// Of its last block only the manifest's copy counts.
void DiskOracle::check_file(const std::string& path, const storage::CommittedFile& committed) {
  const uint64_t whole_size = committed.size - committed.tail.size();
  if (!disk_.is_durable(path, 0, whole_size)) return fail(path + " is counted by a manifest, and is not durable");
  const auto bytes = disk_.read_current(path);
  const uint32_t crc = engine::crc32c(std::span(*bytes).first(whole_size));
  if (engine::crc32c_extend(crc, committed.tail) != committed.crc) fail(path + " has not the checksum of its manifest");
}

uint32_t DiskOracle::schema_version(storage::TableId table, storage::StreamId stream, storage::Lsn durable) const {
  uint32_t version = 0;
  const std::string schema_path = storage::schema_path(table);
  if (const auto bytes = disk_.read_durable(schema_path)) {
    const auto schema = storage::decode_schema_file(*bytes, schema_path);
    if (schema.ok()) version = schema->version;
  }
  for (const std::string& path : disk_.paths_below(storage::stream_directory(stream))) {
    const auto name = parse_segment_path(path);
    if (!name) continue;
    const auto segment = disk_.read_current(path);
    for (const LogFrame& frame : frames_of(*segment, *name)) {
      if (frame.lane.table != table || storage::has_rows(frame.type) || storage::ends_request(frame.type) ||
          frame.lsn > durable)
        continue;
      const auto schema = storage::decode_schema(frame.head, path);
      if (schema.ok()) version = std::max(version, schema->version);
    }
  }
  return version;
}

}  // namespace sim
