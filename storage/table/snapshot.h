// A consistent view of a table: immutable, shared by reference, safe to hand to another thread. As long as it is held, the
// files that it names stay (the owner unlinks nothing that a snapshot may name).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "storage/schema/schema.h"
#include "storage/table/manifest.h"

namespace storage {

struct LaneSnapshot {
  LaneId lane;
  Txn applied;                          // the newest commit whose rows are readable
  Txn durable;                          // the newest durable commit; equal to `applied` when nothing waits
  std::vector<ManifestRef> partitions;  // by key, ascending
  std::vector<DictionaryExtent> dictionaries;
};

using LaneSnapshotRef = std::shared_ptr<const LaneSnapshot>;

struct TableSnapshot {
  SchemaRef schema;
  std::vector<LaneSnapshotRef> lanes;

  uint64_t rows() const {
    uint64_t sum = 0;
    for (const LaneSnapshotRef& lane : lanes) {
      for (const ManifestRef& partition : lane->partitions) sum += partition->rows();
    }
    return sum;
  }
};

}  // namespace storage
