#include "tools/inspect/tables.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "engine/base/byte_stream.h"
#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "storage/database/superblock.h"
#include "storage/schema/full_type.h"
#include "storage/table/file_names.h"
#include "storage/table/manifest_format.h"

namespace tools {
namespace {

using engine::ByteReader;
using storage::ColumnType;

struct KindName {
  TableFileKind kind;
  std::string_view magic;
  std::string_view name;
};
constexpr std::array kinds = {
    KindName{TableFileKind::schema, "MRSCHM\r\n", "schema"},
    KindName{TableFileKind::lane, "MRLANE\r\n", "lane"},
    KindName{TableFileKind::partition, "MRPART\r\n", "manifest"},
};

std::string type_text(uint8_t type) {
  return storage::is_column_type(type) ? std::string(storage::type_name(static_cast<ColumnType>(type)))
                                       : fmt::format("type {}", type);
}

std::string unit_text(uint8_t unit) {
  return unit <= static_cast<uint8_t>(storage::PartitionUnit::year)
             ? std::string(storage::partition_unit_name(static_cast<storage::PartitionUnit>(unit)))
             : fmt::format("unit {}", unit);
}

std::string kind_text(uint8_t kind) {
  const bool known =
      kind >= static_cast<uint8_t>(storage::FileKind::values) && kind <= static_cast<uint8_t>(storage::FileKind::texts);
  return known ? std::string(storage::file_kind_name(static_cast<storage::FileKind>(kind))) : fmt::format("kind {}", kind);
}

// Walks over a file by the drawings in storage/table/manifest_format.h and storage/schema/schema.h, and shows each part once
// all of it was there.
class TableFileWalk {
 public:
  TableFileWalk(std::string_view path, std::span<const std::byte> bytes, InspectOutput& output)
      : reader_(bytes, path), output_(output) {}

  // The status says where the bytes ran out.
  absl::Status run(TableFileKind kind) {
    walk_frame();
    switch (kind) {
      case TableFileKind::schema:
        walk_schema();
        break;
      case TableFileKind::lane:
        walk_lane();
        break;
      case TableFileKind::partition:
        walk_partition();
        break;
    }
    return reader_.status();
  }

 private:
  void show(std::string_view kind, const Record& record) {
    if (reader_.ok()) output_.fields(kind, record);
  }

  void walk_frame() {
    const std::string magic(engine::as_text(reader_.take_bytes(8)));
    Record record = {{"path", std::string(reader_.where())}, {"magic", magic}};
    for (const char* const field : {"format_version", "may_ignore", "must_know", "body_size"}) {
      record[field] = reader_.take<uint32_t>();
    }
    show("file", record);
  }

  void walk_schema();
  void walk_lane();
  void walk_partition();
  void walk_run();
  Record take_file();
  std::string take_name() { return std::string(engine::as_text(reader_.take_bytes(reader_.take<uint32_t>()))); }

  Record take_lane() {
    Record record = {{"table", reader_.take<uint32_t>()}};
    record["lane"] = reader_.take<uint16_t>();
    reader_.take<uint16_t>();
    return record;
  }

  ByteReader reader_;
  InspectOutput& output_;
};

void TableFileWalk::walk_schema() {
  Record record = {{"version", reader_.take<uint32_t>()}};
  record["table"] = reader_.take<uint32_t>();
  record["designated"] = reader_.take<uint32_t>();
  const auto column_count = reader_.take<uint32_t>();
  record["columns"] = column_count;
  record["partition_unit"] = unit_text(reader_.take<uint8_t>());
  reader_.take_bytes(3);
  record["name"] = take_name();
  show("schema", record);
  std::vector<Record> columns;
  for (uint32_t i = 0; i < column_count && reader_.ok(); ++i) {
    Record column = {{"id", reader_.take<uint32_t>()}};
    column["type"] = type_text(reader_.take<uint8_t>());
    reader_.take_bytes(3);
    column["name"] = take_name();
    if (reader_.ok()) columns.push_back(std::move(column));
  }
  output_.table("column", columns);
}

// The tail is left out: its bytes are in the file as well.
Record TableFileWalk::take_file() {
  const auto kind = reader_.take<uint8_t>();
  reader_.take_bytes(3);
  const auto crc = reader_.take<uint32_t>();
  const auto size = reader_.take<uint64_t>();
  reader_.take_bytes(storage::tail_size(size));
  return {{"file", kind_text(kind)}, {"size", size}, {"crc", hex(crc, 8)}};
}

void TableFileWalk::walk_lane() {
  Record record = take_lane();
  record["checkpointed"] = reader_.take<uint64_t>();
  const auto count = reader_.take<uint32_t>();
  record["dictionaries"] = count;
  show("lane", record);
  std::vector<Record> dictionaries;
  for (uint32_t i = 0; i < count && reader_.ok(); ++i) {
    Record dictionary = {{"column", reader_.take<uint32_t>()}};
    dictionary["symbols"] = reader_.take<uint32_t>();
    for (const char* kind : {"offsets", "texts"}) {
      const Record file = take_file();
      dictionary[std::string(kind) + "_size"] = file["size"];
      dictionary[std::string(kind) + "_crc"] = file["crc"];
    }
    if (reader_.ok()) dictionaries.push_back(std::move(dictionary));
  }
  output_.table("dictionary", dictionaries);
}

void TableFileWalk::walk_partition() {
  Record record = take_lane();
  record["key"] = reader_.take<int64_t>();
  record["applied"] = reader_.take<uint64_t>();
  const auto run_count = reader_.take<uint32_t>();
  record["runs"] = run_count;
  show("partition", record);
  for (uint32_t i = 0; i < run_count && reader_.ok(); ++i) walk_run();
}

void TableFileWalk::walk_run() {
  Record record = {{"id", reader_.take<uint32_t>()}};
  record["rows"] = reader_.take<uint64_t>();
  record["timestamp_min"] = reader_.take<int64_t>();
  record["timestamp_max"] = reader_.take<int64_t>();
  const auto column_count = reader_.take<uint32_t>();
  record["columns"] = column_count;
  show("run", record);
  std::vector<Record> files;
  for (uint32_t i = 0; i < column_count && reader_.ok(); ++i) {
    Record column = {{"column", reader_.take<uint32_t>()}};
    column["type"] = type_text(reader_.take<uint8_t>());
    const auto file_count = reader_.take<uint8_t>();
    reader_.take<uint16_t>();
    for (const char* const field : {"row_start", "row_count", "nulls"}) column[field] = reader_.take<uint64_t>();
    for (uint8_t j = 0; j < file_count && reader_.ok(); ++j) {
      Record file = column;
      file.update(take_file());
      if (reader_.ok()) files.push_back(std::move(file));
    }
  }
  output_.table("file", files);
}

absl::Status verdict(TableFileKind kind, std::string_view path, std::span<const std::byte> bytes) {
  switch (kind) {
    case TableFileKind::schema:
      return storage::decode_schema_file(bytes, path).status();
    case TableFileKind::lane:
      return storage::decode_lane_manifest(bytes, path).status();
    case TableFileKind::partition:
      break;
  }
  return storage::decode_partition_manifest(bytes, path).status();
}

uint32_t crc_of(const storage::SuperblockCopy& copy) {
  return engine::crc32c(std::as_bytes(std::span(&copy, 1)).first(offsetof(storage::SuperblockCopy, crc)));
}

}  // namespace

std::optional<TableFileKind> table_file_kind(std::span<const std::byte> bytes, std::string_view name) {
  for (const KindName& kind : kinds) {
    if (engine::as_text(bytes).starts_with(kind.magic)) return kind.kind;
  }
  for (const KindName& kind : kinds) {
    if (name == kind.name) return kind.kind;
  }
  return std::nullopt;
}

void inspect_table_file(TableFileKind kind, std::string_view path, std::span<const std::byte> bytes, InspectOutput& output) {
  const absl::Status walked = TableFileWalk(path, bytes, output).run(kind);
  const absl::Status status = verdict(kind, path, bytes);
  if (!status.ok()) output.damage(path, status);
  if (!walked.ok() && walked != status) output.damage(path, walked);
}

bool is_superblock(std::span<const std::byte> bytes, std::string_view name) {
  return name == storage::superblock_name ||
         (bytes.size() >= sizeof(uint64_t) && engine::load<uint64_t>(bytes.data()) == storage::superblock_magic);
}

void inspect_superblock(std::string_view path, std::span<const std::byte> bytes, InspectOutput& output) {
  for (uint32_t slot = 0; slot < storage::superblock_copy_count; ++slot) {
    const uint64_t offset = slot * engine::block_size;
    if (offset + sizeof(storage::SuperblockCopy) > bytes.size()) {
      output.damage(path, bytes.size(), fmt::format("the file ends before copy {}", slot));
      return;
    }
    const auto copy = engine::load<storage::SuperblockCopy>(bytes.data() + offset);
    output.fields("superblock copy", {{"path", std::string(path)},
                                      {"offset", offset},
                                      {"format", copy.format},
                                      {"epoch", copy.epoch},
                                      {"features_may_ignore", copy.features_may_ignore},
                                      {"features_must_know", copy.features_must_know},
                                      {"database", hex(copy.database)},
                                      {"slot", copy.slot},
                                      {"crc", hex(copy.crc, 8)}});
    if (copy.magic != storage::superblock_magic) {
      output.damage(path, offset, "no superblock copy begins here");
    } else if (copy.slot != slot) {
      output.damage(path, offset + offsetof(storage::SuperblockCopy, slot), fmt::format("slot {}, found {}", slot, copy.slot));
    } else if (const uint32_t crc = crc_of(copy); copy.crc != crc) {
      output.damage(path, offset, fmt::format("checksum {:08x}, found {:08x}", crc, copy.crc));
    }
  }
}

void show_schema(const storage::Schema& schema, InspectOutput& output) {
  std::vector<Record> columns;
  for (const storage::Column& column : schema.columns) {
    columns.push_back(
        {{"id", column.id.value}, {"type", storage::full_type_name(column.type, column.parameters)}, {"name", column.name}});
  }
  output.line("schema", {{"table", schema.table.value},
                         {"version", schema.version},
                         {"name", schema.name},
                         {"partition_unit", std::string(storage::partition_unit_name(schema.partition_unit))},
                         {"designated", schema.designated.value}});
  output.table("column", columns);
}

}  // namespace tools
