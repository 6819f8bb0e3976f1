// What a lane must hold, for tests that compare it with what its files hold: rows cell by cell, in order of the designated
// timestamp and arrival. Reads files as docs/tables.md tells a stranger to, with none of the product's readers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/schema/ids.h"
#include "storage/schema/schema.h"
#include "storage/table/manifest.h"
#include "storage/table/snapshot.h"

namespace tests {

// A cell as text, so that all types compare alike; nulls are absent. Booleans are never absent.
using Cells = std::map<uint32_t, std::string>;  // by column id

struct ModelRow {
  storage::Txn txn;
  int64_t timestamp = 0;
  Cells cells;  // with the designated timestamp; false booleans are left out
};

// Rows in order of timestamp, ties in order of arrival: `rows` are in order of arrival.
std::vector<Cells> sorted_cells(const std::vector<ModelRow>& rows, storage::Txn txn_max);

using ReadFile = std::function<std::optional<std::vector<std::byte>>(std::string_view path)>;

// All rows of a lane in the same order, read from its files. Every checksum and count is checked; what is wrong is added to
// `errors`.
std::vector<Cells> read_lane(const storage::Schema& schema, const storage::LaneSnapshot& snapshot, const ReadFile& read,
                             std::vector<std::string>& errors);

// The rows of one partition.
std::vector<Cells> read_partition(const storage::Schema& schema, const storage::LaneSnapshot& snapshot,
                                  const storage::PartitionManifest& partition, const ReadFile& read,
                                  std::vector<std::string>& errors);

}  // namespace tests
