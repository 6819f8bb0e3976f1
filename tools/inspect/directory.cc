#include "tools/inspect/directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/io/blocking.h"
#include "storage/table/file_names.h"
#include "storage/table/manifest_format.h"
#include "storage/wal/names.h"
#include "storage/wal/reader.h"
#include "tools/inspect/rows.h"

namespace tools {
namespace {

using engine::DirectoryEntry;

class DirectorySummary {
 public:
  DirectorySummary(const InspectSource& source, InspectOutput& output)
      : backend_(*source.backend), source_(source), output_(output) {}

  void run() {
    show_database();
    show_streams();
    show_tables();
  }

 private:
  // What one level of tables/ adds up to.
  struct Totals {
    uint64_t lanes = 0;
    uint64_t partitions = 0;
    uint64_t runs = 0;
    uint64_t rows = 0;
    uint64_t bytes = 0;
  };

  std::vector<DirectoryEntry> list(const std::string& path);
  void show_database();
  void show_streams();
  Record stream_record(const storage::WalStreamFiles& files, bool is_released);
  void add_segments(const storage::WalStreamFiles& files, uint64_t sequence_last, std::vector<Record>& records);
  void show_tables();
  void show_lane(const storage::Schema& schema, storage::LaneId lane, Totals& totals);
  void add_partition(const storage::Schema& schema, storage::LaneId lane, const std::string& name, Totals& totals);

  engine::IoBackend& backend_;
  const InspectSource& source_;
  InspectOutput& output_;
  std::vector<Record> lanes_;
  std::vector<Record> partitions_;
};

// By name; numbers by value. A directory that is not there is empty.
std::vector<DirectoryEntry> DirectorySummary::list(const std::string& path) {
  absl::StatusOr<std::vector<DirectoryEntry>> entries = backend_.list_directory(path);
  if (!entries.ok()) {
    if (!absl::IsNotFound(entries.status())) output_.damage(path, entries.status());
    return {};
  }
  std::ranges::sort(*entries, [](const DirectoryEntry& a, const DirectoryEntry& b) {
    return std::pair(a.name.size(), a.name) < std::pair(b.name.size(), b.name);
  });
  return *std::move(entries);
}

void DirectorySummary::show_database() {
  if (!source_.superblock) {
    output_.damage("superblock", storage::read_superblock(backend_).status());
    return;
  }
  const storage::Superblock& superblock = *source_.superblock;
  output_.fields("database", {{"id", hex(superblock.database.id)},
                              {"epoch", superblock.database.epoch},
                              {"superblock_copies_valid", superblock.copies_valid}});
  if (superblock.copies_valid < storage::superblock_copy_count) {
    output_.damage("superblock", 0,
                   fmt::format("{} of {} copies are valid", superblock.copies_valid, storage::superblock_copy_count));
  }
}

void DirectorySummary::show_streams() {
  std::vector<Record> streams;
  std::vector<Record> segments;
  const std::string wal(storage::wal_directory);
  for (const DirectoryEntry& entry : list(wal)) {
    const auto stream = storage::parse_stream_name(entry.name);
    if (!stream) {
      output_.damage(wal + '/' + entry.name, 0, "not a stream of the write-ahead log");
      continue;
    }
    storage::WalStreamFiles files{.stream = *stream, .segments = {}};
    bool is_released = false;
    for (const DirectoryEntry& file : list(storage::stream_directory(*stream))) {
      const auto sequence = storage::parse_segment_name(file.name);
      if (sequence) files.segments.push_back({.sequence = *sequence, .size = file.size});
      is_released = is_released || file.name == storage::stream_released_name;
    }
    streams.push_back(stream_record(files, is_released));
    add_segments(files, streams.back()["sequence_last"], segments);
  }
  output_.table("stream", streams);
  output_.table("segment", segments);
}

// Reads the stream as a start would.
Record DirectorySummary::stream_record(const storage::WalStreamFiles& files, bool is_released) {
  const storage::StreamId stream = files.stream;
  const bool is_last = source_.superblock && storage::stream_epoch(stream) == source_.superblock->database.epoch;
  storage::WalReadCounts counts;
  if (source_.superblock && !is_released) {
    storage::WalReader reader(backend_, source_.superblock->database, files);
    auto frame = reader.next();
    while (frame.ok() && frame->has_value()) frame = reader.next();
    counts = reader.counts();
    if (!frame.ok()) output_.damage(storage::stream_directory(stream), frame.status());
  }
  return {{"stream", storage::stream_name(stream)},
          {"epoch", storage::stream_epoch(stream)},
          {"shard", storage::stream_shard(stream).value},
          {"state", is_released ? "released"
                    : is_last   ? "last start"
                                : "to be replayed"},
          {"segments", files.segments.size()},
          {"used", counts.segments},
          {"sequence_last", counts.sequence_last},
          {"frames", counts.frames},
          {"bytes", counts.frames_size},
          {"tail_torn", counts.tail_torn},
          {"trailers_damaged", counts.trailers_damaged}};
}

void DirectorySummary::add_segments(const storage::WalStreamFiles& files, uint64_t sequence_last,
                                    std::vector<Record>& records) {
  for (const storage::WalSegmentFile& segment : files.segments) {
    const std::string path = storage::segment_path(files.stream, segment.sequence);
    records.push_back(
        {{"path", path}, {"size", segment.size}, {"state", segment.sequence <= sequence_last ? "used" : "ready"}});
  }
}

void DirectorySummary::show_tables() {
  std::vector<Record> tables;
  for (const DirectoryEntry& entry : list(std::string(storage::tables_directory))) {
    const auto table = storage::parse_table_name(entry.name);
    if (!table) continue;
    const std::string path = storage::schema_path(*table);
    const auto bytes = engine::read_file(backend_, path, storage::manifest_size_max);
    if (absl::IsNotFound(bytes.status())) continue;  // a start was cut off while it made the table: the log has it
    const auto schema = bytes.ok() ? storage::decode_schema_file(*bytes, path) : bytes.status();
    if (!schema.ok()) {
      output_.damage(path, schema.status());
      continue;
    }
    Totals totals;
    for (const DirectoryEntry& lane : list(storage::table_directory(*table))) {
      if (const auto number = storage::parse_lane_name(lane.name)) show_lane(*schema, {*table, *number}, totals);
    }
    tables.push_back({{"table", table->value},
                      {"name", schema->name},
                      {"version", schema->version},
                      {"partition_unit", std::string(storage::partition_unit_name(schema->partition_unit))},
                      {"columns", schema->columns.size()},
                      {"lanes", totals.lanes},
                      {"partitions", totals.partitions},
                      {"runs", totals.runs},
                      {"rows", totals.rows},
                      {"bytes", totals.bytes}});
  }
  output_.table("table", tables);
  output_.table("lane", lanes_);
  output_.table("partition", partitions_);
}

void DirectorySummary::show_lane(const storage::Schema& schema, storage::LaneId lane, Totals& totals) {
  ++totals.lanes;
  const std::string path = storage::lane_manifest_path(lane);
  const auto bytes = engine::read_file(backend_, path, storage::manifest_size_max);
  if (!absl::IsNotFound(bytes.status())) {
    const auto manifest = bytes.ok() ? storage::decode_lane_manifest(*bytes, path) : bytes.status();
    if (manifest.ok()) {
      uint64_t symbols = 0;
      for (const storage::DictionaryExtent& dictionary : manifest->dictionaries) symbols += dictionary.count;
      lanes_.push_back({{"table", lane.table.value},
                        {"lane", lane.lane.value},
                        {"checkpointed", manifest->checkpointed.value},
                        {"dictionaries", manifest->dictionaries.size()},
                        {"symbols", symbols}});
    } else {
      output_.damage(path, manifest.status());
    }
  }
  for (const DirectoryEntry& entry : list(storage::lane_directory(lane))) {
    if (entry.is_directory && entry.name != "symbols") add_partition(schema, lane, entry.name, totals);
  }
}

void DirectorySummary::add_partition(const storage::Schema& schema, storage::LaneId lane, const std::string& name,
                                     Totals& totals) {
  const std::string path = storage::partition_manifest_path(storage::lane_directory(lane) + '/' + name);
  const auto bytes = engine::read_file(backend_, path, storage::manifest_size_max);
  if (absl::IsNotFound(bytes.status())) return;  // not committed
  const auto manifest = bytes.ok() ? storage::decode_partition_manifest(*bytes, path) : bytes.status();
  if (!manifest.ok()) return output_.damage(path, manifest.status());
  uint64_t size = 0;
  int64_t first = INT64_MAX;
  int64_t last = INT64_MIN;
  for (const storage::Run& run : manifest->runs) {
    first = std::min(first, run.timestamp_min);
    last = std::max(last, run.timestamp_max);
    for (const storage::RunColumn& column : run.columns) {
      for (const storage::CommittedFile& file : column.files) size += file.size;
    }
  }
  const storage::ColumnType type = schema.designated_column().type;
  partitions_.push_back({{"table", lane.table.value},
                         {"lane", lane.lane.value},
                         {"partition", name},
                         {"runs", manifest->runs.size()},
                         {"rows", manifest->rows()},
                         {"bytes", size},
                         {"timestamp_min", manifest->runs.empty() ? Record() : Record(timestamp_text(first, type))},
                         {"timestamp_max", manifest->runs.empty() ? Record() : Record(timestamp_text(last, type))},
                         {"applied", manifest->applied.value}});
  ++totals.partitions;
  totals.runs += manifest->runs.size();
  totals.rows += manifest->rows();
  totals.bytes += size;
}

}  // namespace

void inspect_directory(const InspectSource& source, InspectOutput& output) { DirectorySummary(source, output).run(); }

}  // namespace tools
