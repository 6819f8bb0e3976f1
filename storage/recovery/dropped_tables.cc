#include "storage/recovery/dropped_tables.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "engine/io/blocking.h"
#include "storage/table/file_names.h"
#include "storage/table/manifest_format.h"

namespace storage {
namespace {

absl::StatusOr<std::vector<engine::DirectoryEntry>> list_existing(engine::IoBackend& backend, const std::string& directory) {
  absl::StatusOr<std::vector<engine::DirectoryEntry>> entries = backend.list_directory(directory);
  if (absl::IsNotFound(entries.status())) return std::vector<engine::DirectoryEntry>();
  return entries;
}

absl::StatusOr<std::vector<TableId>> list_table_directories(engine::IoBackend& backend) {
  ASSIGN_OR_RETURN(const auto entries, list_existing(backend, std::string(tables_directory)));
  std::vector<TableId> tables;
  for (const engine::DirectoryEntry& entry : entries) {
    if (const std::optional<TableId> table = parse_table_name(entry.name)) tables.push_back(*table);
  }
  return tables;
}

// Files and directories in it, at most as deep as a table's are.
absl::Status empty_directory(engine::IoBackend& backend, const std::string& directory, int depth_max) {
  if (depth_max == 0) return engine::data_loss(directory + ": deeper than the files of a table lie");
  ASSIGN_OR_RETURN(const auto entries, list_existing(backend, directory));
  for (const engine::DirectoryEntry& entry : entries) {
    const std::string path = directory + '/' + entry.name;
    if (!entry.is_directory) {
      RETURN_IF_ERROR(engine::remove_file(backend, path));
      continue;
    }
    RETURN_IF_ERROR(empty_directory(backend, path, depth_max - 1));
    RETURN_IF_ERROR(engine::remove_directory(backend, path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status drop_replaced_tables(engine::IoBackend& backend, TablesById& tables) {
  absl::flat_hash_set<std::string> names;
  for (auto table = tables.rbegin(); table != tables.rend(); ++table) {
    const SchemaRef& schema = table->second;
    if (schema->is_dropped || names.insert(fold_name(schema->name)).second) continue;
    Schema dropped = *schema;
    dropped.is_dropped = true;
    ++dropped.version;
    RETURN_IF_ERROR(engine::replace_file(backend, schema_path(table->first), encode_schema_file(dropped)));
    table->second = std::make_shared<const Schema>(std::move(dropped));
  }
  return absl::OkStatus();
}

absl::StatusOr<TableId> find_last_table(engine::IoBackend& backend) {
  ASSIGN_OR_RETURN(const std::vector<TableId> tables, list_table_directories(backend));
  return tables.empty() ? TableId{} : *std::ranges::max_element(tables);
}

absl::Status remove_dropped_tables(engine::IoBackend& backend, const std::vector<SchemaRef>& tables) {
  constexpr int depth_max = 6;  // table, lane, partition, run; symbols beside partitions
  ASSIGN_OR_RETURN(const std::vector<TableId> found, list_table_directories(backend));
  ASSIGN_OR_RETURN(const TableId last, find_last_table(backend));
  for (const TableId table : found) {
    const bool is_live = std::ranges::binary_search(tables, table, {}, [](const SchemaRef& schema) { return schema->table; });
    if (is_live) continue;
    RETURN_IF_ERROR(empty_directory(backend, table_directory(table), depth_max));
    if (table != last) RETURN_IF_ERROR(engine::remove_directory(backend, table_directory(table)));
  }
  return absl::OkStatus();
}

}  // namespace storage
