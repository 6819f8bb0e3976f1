#include "net/sql/file_table_provider.h"

#include <string>

#include "storage/schema/schema.h"

namespace net {

FileTableProvider::FileTableProvider(engine::IoBackend& backend, std::vector<storage::TableSnapshot> snapshots)
    : files_(backend, files_max) {
  for (storage::TableSnapshot& snapshot : snapshots) {
    indices_.emplace(storage::fold_name(snapshot.schema->name), tables_.size());
    tables_.push_back(std::move(snapshot));
  }
}

absl::StatusOr<storage::TableSnapshot> FileTableProvider::open_table(std::string_view name) {
  const auto found = indices_.find(storage::fold_name(name));
  if (found == indices_.end()) return engine::not_found("no table " + std::string(name));
  return tables_[found->second];
}

}  // namespace net
