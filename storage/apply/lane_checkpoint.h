// One checkpoint: what was applied becomes durable, in this order, each made durable before the next is begun:
//
//   1  column files, dictionaries, and the directories whose entries changed
//   2  the schema file and the lane manifest with the dictionaries' new extents, still with the old `checkpointed`
//   3  partition manifests: from here on rows are committed, and they may name new symbols and columns
//   4  the lane manifest with the new `checkpointed`: the WAL may forget
//
// Only what changed since the last one is touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "storage/apply/lane_state.h"

namespace storage {

class LaneCheckpoint {
 public:
  explicit LaneCheckpoint(LaneState& state) : state_(state) {}

  // No apply runs until finish().
  void start();

  // Fills `round`, which is empty. False when nothing is left to do.
  bool plan(IoRound& round);

  void finish();

 private:
  enum class Phase : uint8_t { sync, names, partitions, lane, done };

  void collect_base();
  void collect_partition(PartitionState& partition);
  void collect(GrowingFile& file);
  bool plan_phase(IoRound& round);
  bool plan_sync(IoRound& round);
  void plan_names(IoRound& round);
  bool plan_partitions(IoRound& round);
  void replace_lane_manifest(IoRound& round, Txn checkpointed);

  LaneState& state_;
  Phase phase_ = Phase::done;
  SchemaRef schema_;  // at the start
  Txn applied_;
  std::vector<GrowingFile*> files_;          // still to sync
  std::vector<std::string> directories_;     // still to sync
  std::vector<PartitionState*> partitions_;  // manifests still to write
};

}  // namespace storage
