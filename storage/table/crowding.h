// Partitions whose number of runs, or of column files in them, nears its bound. Rows that no run of theirs takes would need
// another run: sources reject such rows one by one, and the owner, as the last resort, whole batches. Rows of later timestamps
// still find their runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/table/manifest.h"

namespace storage {

// Sources hear of a crowded partition with the next batch that comes home, and rows are applied after they are acked: what is
// under way by then needs room. And a replay makes blocks of other rows than the run before the crash did, which may need more
// runs for them. So rejecting begins well before runs_max.
struct CrowdingLimits {
  size_t crowded_from = runs_max / 2 - 512;  // runs of a partition: sources reject rows
  size_t closed_from = runs_max / 2 - 128;   // the owner rejects batches
  // Likewise, columns of all its runs: the last block of each of their files is in the manifest (manifest_size_max).
  size_t columns_crowded_from = size_t{48} << 10;
  size_t columns_closed_from = size_t{56} << 10;
};

struct CrowdedPartition {
  int64_t timestamp_first = 0;  // both included, in the designated column's unit
  int64_t timestamp_last = 0;
  int64_t floor = 0;  // rows before this one would need a further run
  size_t runs = 0;
  bool is_closed = false;

  bool rejects(int64_t timestamp) const {
    return timestamp >= timestamp_first && timestamp <= timestamp_last && timestamp < floor;
  }

  // No room either for what may be under way: of rows from `min` to `max` one may need a run.
  bool is_closed_to(int64_t min, int64_t max) const {
    return is_closed && min < floor && min <= timestamp_last && max >= timestamp_first;
  }

  // For who is rejected.
  std::string describe() const {
    return "its partition has " + std::to_string(runs) + " runs of late rows and takes none before " + std::to_string(floor);
  }
};

// Of one lane; shared between threads, never changed. Null: there is none.
using CrowdedRef = std::shared_ptr<const std::vector<CrowdedPartition>>;

// Null too when `crowded` has no such partition.
inline const CrowdedPartition* find_rejecting(const CrowdedRef& crowded, int64_t timestamp) {
  if (crowded == nullptr) [[likely]]
    return nullptr;
  for (const CrowdedPartition& partition : *crowded) {
    if (partition.rejects(timestamp)) return &partition;
  }
  return nullptr;
}

}  // namespace storage
