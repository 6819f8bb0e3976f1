// Every path of a table on disk, and the way back of those that a start looks for. Paths are relative to the data directory and
// are made of ids and time buckets only: no text of a user is ever part of one. The layout is drawn in manifest.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/schema/ids.h"
#include "storage/schema/schema.h"
#include "storage/table/manifest.h"

namespace storage {

inline constexpr std::string_view tables_directory = "tables";

std::string table_directory(TableId table);
std::string schema_path(TableId table);
std::string lane_directory(LaneId lane);
std::string lane_manifest_path(LaneId lane);
std::string dictionary_directory(LaneId lane);
std::string dictionary_path(LaneId lane, ColumnId column, FileKind kind);  // offsets or texts

// The directory of a partition of `schema`'s table.
std::string partition_directory(const Schema& schema, LaneNumber lane, PartitionKey key);

// Below a partition's or a run's directory.
std::string partition_manifest_path(std::string_view partition_directory);
std::string run_directory(std::string_view partition_directory, RunId run);
std::string column_path(std::string_view run_directory, ColumnId column, FileKind kind);

// The other way: the id of the last part of a path. Only exactly what the functions above make is taken.
std::optional<TableId> parse_table_name(std::string_view name);
std::optional<LaneNumber> parse_lane_name(std::string_view name);

std::string_view file_kind_name(FileKind kind);

}  // namespace storage
