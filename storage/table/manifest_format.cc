#include "storage/table/manifest_format.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "engine/base/byte_stream.h"
#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/base/verify.h"

namespace storage {

namespace {

using engine::ByteReader;
using engine::ByteWriter;

constexpr std::string_view partition_magic = "MRPART\r\n";
constexpr std::string_view lane_magic = "MRLANE\r\n";
constexpr std::string_view schema_magic = "MRSCHM\r\n";
constexpr size_t magic_size = 8;

constexpr uint32_t format_version = 2;
constexpr uint32_t features_known = 0;  // bits of must_know that this release reads; it writes none

constexpr size_t header_size = magic_size + 4 * sizeof(uint32_t);
constexpr size_t run_size_min = 4 + 8 + 8 + 8 + 4;
constexpr size_t column_size_min = 4 + 4 + 8 + 8 + 8;
constexpr size_t file_size_min = 8 + 8;
constexpr size_t dictionary_size_min = 8 + 2 * file_size_min;
constexpr size_t column_files_max = 3;            // of a column in a run
constexpr uint64_t rows_max = uint64_t{1} << 48;  // no row count of a sound file comes near; sums of them cannot overflow

std::vector<std::byte> wrap(std::string_view magic, std::span<const std::byte> body) {
  VERIFY_EQ(magic.size(), magic_size);
  VERIFY_LE(body.size(), manifest_size_max - header_size - sizeof(uint32_t));
  ByteWriter file;
  file.put_bytes(engine::as_bytes(magic));
  file.put(format_version);
  file.put(uint32_t{0});  // may_ignore
  file.put(uint32_t{0});  // must_know
  file.put(static_cast<uint32_t>(body.size()));
  file.put_bytes(body);
  file.put(engine::crc32c(file.bytes()));
  return file.take();
}

struct Unwrapped {
  std::span<const std::byte> body;
  bool may_hold_more = false;  // fields of features that may be ignored follow
};

std::string hex(uint32_t value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "0x00000000";
  for (size_t i = 0; i < 8; ++i) text[9 - i] = digits[(value >> (4 * i)) & 15U];
  return text;
}

absl::StatusOr<Unwrapped> unwrap(std::string_view magic, std::span<const std::byte> file, std::string_view path) {
  ByteReader reader(file, path);
  const std::span<const std::byte> found_magic = reader.take_bytes(magic_size);
  const auto version = reader.take<uint32_t>();
  const auto may_ignore = reader.take<uint32_t>();
  const auto must_know = reader.take<uint32_t>();
  const auto body_size = reader.take<uint32_t>();
  RETURN_IF_ERROR(reader.status());
  std::string message(path);
  if (engine::as_text(found_magic) != magic) {
    message.append(": not a Millrace file of this kind: offset 0 does not hold ").append(magic.substr(0, 6));
    return engine::failed_precondition(message);
  }
  const std::span<const std::byte> body = reader.take_bytes(body_size);
  const auto crc_found = reader.take<uint32_t>();
  reader.check(reader.left() == 0, "bytes after the end", 0, reader.left());
  RETURN_IF_ERROR(reader.status());
  const uint32_t crc_expected = engine::crc32c(file.first(file.size() - sizeof(uint32_t)));
  if (crc_found != crc_expected) {
    message.append(": checksum at offset ").append(std::to_string(file.size() - sizeof(uint32_t)));
    message.append(": expected ").append(hex(crc_expected)).append(", found ").append(hex(crc_found));
    return engine::data_loss(message);
  }
  // After the checksum, so that a flipped bit is called damage and not a newer release.
  if (version != format_version) {
    message.append(": format version at offset 8: expected ").append(std::to_string(format_version));
    message.append(", found ").append(std::to_string(version)).append(": written by another release");
    return engine::failed_precondition(message);
  }
  if ((must_know & ~features_known) != 0) {
    message.append(": features at offset 16: known are ").append(hex(features_known));
    message.append(", found ").append(hex(must_know)).append(": written by a newer release");
    return engine::failed_precondition(message);
  }
  return Unwrapped{body, may_ignore != 0};
}

// The body's decoder has taken all that it knows.
absl::Status check_end(ByteReader& reader, const Unwrapped& unwrapped) {
  if (!unwrapped.may_hold_more) reader.check(reader.left() == 0, "bytes after the last field", 0, reader.left());
  return reader.status();
}

void put_lane(ByteWriter& writer, LaneId lane) {
  writer.put(lane.table.value);
  writer.put(lane.lane.value);
  writer.put(uint16_t{0});
}

LaneId take_lane(ByteReader& reader) {
  LaneId lane;
  lane.table.value = reader.take<uint32_t>();
  lane.lane.value = reader.take<uint16_t>();
  reader.take<uint16_t>();
  return lane;
}

void put_file(ByteWriter& writer, const CommittedFile& file) {
  VERIFY_EQ(file.tail.size(), tail_size(file.size));
  writer.put(file.kind);
  writer.put_zeros(3);
  writer.put(file.crc);
  writer.put(file.size);
  writer.put_bytes(file.tail);
}

bool is_file_kind(uint8_t value) {
  return value >= static_cast<uint8_t>(FileKind::values) && value <= static_cast<uint8_t>(FileKind::texts);
}

CommittedFile take_file(ByteReader& reader) {
  CommittedFile file;
  const auto kind = reader.take<uint8_t>();
  reader.check(is_file_kind(kind), "file kind", static_cast<uint64_t>(FileKind::texts), kind, "1 to ");
  file.kind = static_cast<FileKind>(kind);
  reader.take_bytes(3);
  file.crc = reader.take<uint32_t>();
  file.size = reader.take<uint64_t>();
  reader.check(file.size <= uint64_t{std::numeric_limits<int64_t>::max()}, "file size", std::numeric_limits<int64_t>::max(),
               file.size, "at most ");
  const std::span<const std::byte> tail = reader.take_bytes(tail_size(file.size));
  file.tail.assign(tail.begin(), tail.end());
  return file;
}

CommittedFile take_file(ByteReader& reader, FileKind kind) {
  CommittedFile file = take_file(reader);
  reader.check(file.kind == kind, "file kind", static_cast<uint64_t>(kind), static_cast<uint64_t>(file.kind));
  return file;
}

void put_column(ByteWriter& writer, const RunColumn& column, uint64_t run_rows) {
  VERIFY_LE(column.files.size(), column_files_max);
  VERIFY_LE(column.row_start + column.row_count, run_rows);
  VERIFY_LE(column.nulls, column.row_count);
  writer.put(column.column.value);
  writer.put(column.type);
  writer.put(static_cast<uint8_t>(column.files.size()));
  writer.put(uint16_t{0});
  writer.put(column.row_start);
  writer.put(column.row_count);
  writer.put(column.nulls);
  for (const CommittedFile& file : column.files) put_file(writer, file);
}

RunColumn take_column(ByteReader& reader, uint64_t run_rows) {
  RunColumn column;
  column.column.value = reader.take<uint32_t>();
  const auto type = reader.take<uint8_t>();
  reader.check(is_column_type(type), "column type", column_types.size(), type, "1 to ");
  column.type = static_cast<ColumnType>(type);
  const size_t file_count = reader.take_count<uint8_t>(column_files_max, 1, "files of a column");
  reader.take<uint16_t>();
  column.row_start = reader.take<uint64_t>();
  column.row_count = reader.take<uint64_t>();
  column.nulls = reader.take<uint64_t>();
  reader.check(column.row_start <= run_rows, "first row of a column", run_rows, column.row_start, "at most ");
  reader.check(column.row_count <= run_rows - column.row_start, "rows of a column", run_rows - column.row_start,
               column.row_count, "at most ");
  reader.check(column.nulls <= column.row_count, "nulls of a column", column.row_count, column.nulls, "at most ");
  for (size_t i = 0; i < file_count && reader.ok(); ++i) column.files.push_back(take_file(reader));
  return column;
}

void put_run(ByteWriter& writer, const Run& run) {
  VERIFY_LE(run.columns.size(), columns_max);
  VERIFY_LE(run.rows, rows_max);
  VERIFY_LE(run.timestamp_min, run.timestamp_max);
  writer.put(run.id.value);
  writer.put(run.rows);
  writer.put(run.timestamp_min);
  writer.put(run.timestamp_max);
  writer.put(static_cast<uint32_t>(run.columns.size()));
  for (const RunColumn& column : run.columns) put_column(writer, column, run.rows);
}

Run take_run(ByteReader& reader) {
  Run run;
  run.id.value = reader.take<uint32_t>();
  run.rows = reader.take<uint64_t>();
  reader.check(run.rows <= rows_max, "rows of a run", rows_max, run.rows, "at most ");
  run.timestamp_min = reader.take<int64_t>();
  run.timestamp_max = reader.take<int64_t>();
  reader.check(run.timestamp_min <= run.timestamp_max, "last timestamp of a run", static_cast<uint64_t>(run.timestamp_min),
               static_cast<uint64_t>(run.timestamp_max), "at least ");
  const size_t column_count = reader.take_count<uint32_t>(columns_max, column_size_min, "columns of a run");
  run.columns.reserve(column_count);
  absl::flat_hash_set<ColumnId> ids;
  for (size_t i = 0; i < column_count && reader.ok(); ++i) {
    run.columns.push_back(take_column(reader, run.rows));
    const ColumnId id = run.columns.back().column;
    reader.check(ids.insert(id).second, "second column of id", 1, id.value, "only ");
  }
  return run;
}

// Runs are in order of their making, and each ended before the one before it had ended: else it would have been appended.
void check_order(ByteReader& reader, const Run& before, const Run& run) {
  reader.check(before.id < run.id, "id of a run", uint64_t{before.id.value} + 1, run.id.value, "at least ");
  reader.check(before.timestamp_max > run.timestamp_max, "last timestamp of a run", static_cast<uint64_t>(before.timestamp_max),
               static_cast<uint64_t>(run.timestamp_max), "less than ");
}

}  // namespace

std::vector<std::byte> encode_partition_manifest(const PartitionManifest& manifest) {
  VERIFY_LE(manifest.runs.size(), std::numeric_limits<uint32_t>::max());
  ByteWriter body;
  put_lane(body, manifest.lane);
  body.put(manifest.key.value);
  body.put(manifest.applied.value);
  body.put(static_cast<uint32_t>(manifest.runs.size()));
  const Run* previous = nullptr;
  for (const Run& run : manifest.runs) {
    VERIFY(previous == nullptr || (previous->id < run.id && previous->timestamp_max > run.timestamp_max));
    put_run(body, run);
    previous = &run;
  }
  return wrap(partition_magic, body.bytes());
}

std::vector<std::byte> encode_lane_manifest(const LaneManifest& manifest) {
  ByteWriter body;
  put_lane(body, manifest.lane);
  body.put(manifest.checkpointed.value);
  body.put(static_cast<uint32_t>(manifest.dictionaries.size()));
  for (const DictionaryExtent& dictionary : manifest.dictionaries) {
    body.put(dictionary.column.value);
    body.put(dictionary.count);
    put_file(body, dictionary.offsets);
    put_file(body, dictionary.texts);
  }
  return wrap(lane_magic, body.bytes());
}

std::vector<std::byte> encode_schema_file(const Schema& schema) { return wrap(schema_magic, encode_schema(schema)); }

absl::StatusOr<PartitionManifest> decode_partition_manifest(std::span<const std::byte> file, std::string_view path) {
  ASSIGN_OR_RETURN(const Unwrapped unwrapped, unwrap(partition_magic, file, path));
  ByteReader reader(unwrapped.body, path, header_size);
  PartitionManifest manifest;
  manifest.lane = take_lane(reader);
  manifest.key.value = reader.take<int64_t>();
  manifest.applied.value = reader.take<uint64_t>();
  const size_t run_count = reader.take_count<uint32_t>(std::numeric_limits<uint32_t>::max(), run_size_min, "runs");
  manifest.runs.reserve(run_count);
  for (size_t i = 0; i < run_count && reader.ok(); ++i) {
    manifest.runs.push_back(take_run(reader));
    if (i > 0) check_order(reader, manifest.runs[i - 1], manifest.runs[i]);
  }
  RETURN_IF_ERROR(check_end(reader, unwrapped));
  return manifest;
}

absl::StatusOr<LaneManifest> decode_lane_manifest(std::span<const std::byte> file, std::string_view path) {
  ASSIGN_OR_RETURN(const Unwrapped unwrapped, unwrap(lane_magic, file, path));
  ByteReader reader(unwrapped.body, path, header_size);
  LaneManifest manifest;
  manifest.lane = take_lane(reader);
  manifest.checkpointed.value = reader.take<uint64_t>();
  const size_t count = reader.take_count<uint32_t>(columns_max, dictionary_size_min, "dictionaries");
  manifest.dictionaries.reserve(count);
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    DictionaryExtent dictionary;
    dictionary.column.value = reader.take<uint32_t>();
    dictionary.count = reader.take<uint32_t>();
    dictionary.offsets = take_file(reader, FileKind::offsets);
    dictionary.texts = take_file(reader, FileKind::texts);
    manifest.dictionaries.push_back(std::move(dictionary));
  }
  RETURN_IF_ERROR(check_end(reader, unwrapped));
  return manifest;
}

absl::StatusOr<Schema> decode_schema_file(std::span<const std::byte> file, std::string_view path) {
  ASSIGN_OR_RETURN(const Unwrapped unwrapped, unwrap(schema_magic, file, path));
  return decode_schema(unwrapped.body, path);
}

}  // namespace storage
