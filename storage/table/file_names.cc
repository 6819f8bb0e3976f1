#include "storage/table/file_names.h"

#include <array>
#include <utility>

#include "engine/base/verify.h"
#include "storage/schema/parse_number.h"
#include "storage/schema/partition_key.h"

namespace storage {

namespace {

constexpr std::array<std::pair<FileKind, std::string_view>, 4> kind_names{{
    {FileKind::values, "values"},
    {FileKind::validity, "validity"},
    {FileKind::offsets, "offsets"},
    {FileKind::texts, "texts"},
}};

template <typename Id>
std::optional<Id> parse_id(std::string_view text) {
  const auto value = parse_number<decltype(Id::value)>(text);
  return value ? std::optional<Id>(Id{*value}) : std::nullopt;
}

std::string join(std::string_view directory, std::string_view name) {
  std::string path;
  path.reserve(directory.size() + 1 + name.size());
  path.append(directory).append("/").append(name);
  return path;
}

}  // namespace

std::string table_directory(TableId table) { return join(tables_directory, std::to_string(table.value)); }

std::string schema_path(TableId table) { return join(table_directory(table), "schema"); }

std::string lane_directory(LaneId lane) { return join(table_directory(lane.table), std::to_string(lane.lane.value)); }

std::string lane_manifest_path(LaneId lane) { return join(lane_directory(lane), "lane"); }

std::string dictionary_directory(LaneId lane) { return join(lane_directory(lane), "symbols"); }

std::string dictionary_path(LaneId lane, ColumnId column, FileKind kind) {
  VERIFY(kind == FileKind::offsets || kind == FileKind::texts);
  return column_path(dictionary_directory(lane), column, kind);
}

std::string partition_directory(const Schema& schema, LaneNumber lane, PartitionKey key) {
  return join(lane_directory({schema.table, lane}),
              partition_name(key, schema.partition_unit, schema.designated_column().type));
}

std::string partition_manifest_path(std::string_view partition_directory) { return join(partition_directory, "manifest"); }

std::string run_directory(std::string_view partition_directory, RunId run) {
  return join(partition_directory, std::to_string(run.value));
}

std::string column_path(std::string_view run_directory, ColumnId column, FileKind kind) {
  std::string name = std::to_string(column.value);
  name.append(".").append(file_kind_name(kind));
  return join(run_directory, name);
}

std::optional<TableId> parse_table_name(std::string_view name) { return parse_id<TableId>(name); }

std::optional<LaneNumber> parse_lane_name(std::string_view name) { return parse_id<LaneNumber>(name); }

std::string_view file_kind_name(FileKind kind) {
  for (const auto& [known, ending] : kind_names) {
    if (known == kind) return ending;
  }
  UNREACHABLE("file kind");
}

}  // namespace storage
