// Time buckets: which partition a timestamp belongs to, and what its directory is called. Buckets are of UTC; weeks start on
// Monday and are those of ISO 8601. Right for every int64: a bucket that begins before the first timestamp is cut there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/schema/ids.h"
#include "storage/schema/schema.h"

namespace storage {

// The bucket's first and last timestamp, both included.
struct PartitionRange {
  PartitionKey key;
  int64_t timestamp_last = 0;

  friend bool operator==(const PartitionRange&, const PartitionRange&) = default;
};

// `designated` is the type of the designated timestamp: its unit is that of all timestamps here. For PartitionUnit::none the
// key is 0 and the last timestamp the largest.
PartitionRange partition_of(int64_t timestamp, PartitionUnit unit, ColumnType designated);

// The bucket's start: 2022-01-01T05 (hour), 2022-01-01, 2022-W05, 2022-01, 2022, or "all".
std::string partition_name(PartitionKey key, PartitionUnit unit, ColumnType designated);

// The key of exactly such a name; nothing for any other text.
std::optional<PartitionKey> parse_partition_name(std::string_view name, PartitionUnit unit, ColumnType designated);

}  // namespace storage
