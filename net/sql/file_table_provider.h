// A data directory's tables as of their last checkpoints, for SQL without a server.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/file_pool.h"
#include "net/sql/table_provider.h"

namespace net {

class FileTableProvider final : public TableProvider {
 public:
  static constexpr size_t files_max = 128;  // open at a time

  // All queries see these snapshots (storage::read_table_snapshots).
  FileTableProvider(engine::IoBackend& backend, std::vector<storage::TableSnapshot> snapshots);

  absl::StatusOr<std::vector<storage::TableSnapshot>> list_tables() override { return tables_; }
  absl::StatusOr<storage::TableSnapshot> open_table(std::string_view name) override;
  absl::StatusOr<std::vector<ConnectionInfo>> list_connections() override { return std::vector<ConnectionInfo>(); }
  engine::FilePool& files() override { return files_; }

 private:
  engine::FilePool files_;
  std::vector<storage::TableSnapshot> tables_;
  std::map<std::string, size_t, std::less<>> indices_;  // of tables_, by folded name
};

}  // namespace net
