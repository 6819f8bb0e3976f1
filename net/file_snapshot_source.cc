#include "net/file_snapshot_source.h"

#include <string>

#include "storage/schema.h"

namespace net {

FileSnapshotSource::FileSnapshotSource(engine::IoBackend& backend, std::vector<ListedTable> tables)
    : backend_(&backend), tables_(std::move(tables)) {
  for (size_t i = 0; i < tables_.size(); ++i) indices_.emplace(storage::fold_name(tables_[i].snapshot.schema->name), i);
}

absl::StatusOr<FileSnapshotSource> FileSnapshotSource::open(engine::IoBackend& backend) {
  ASSIGN_OR_RETURN(auto snapshots, storage::read_table_snapshots(backend));
  std::vector<ListedTable> tables;
  for (storage::TableSnapshot& snapshot : snapshots) tables.push_back({.snapshot = std::move(snapshot)});
  return FileSnapshotSource(backend, std::move(tables));
}

absl::StatusOr<storage::TableSnapshot> FileSnapshotSource::open_table(std::string_view name) {
  const auto found = indices_.find(storage::fold_name(name));
  if (found == indices_.end()) return engine::not_found("no table " + std::string(name));
  return tables_[found->second].snapshot;
}

}  // namespace net
