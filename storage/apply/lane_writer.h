// One lane's column files: applies durable rows to runs, publishes, and makes checkpoints. Belongs to the lane's owner; every
// step is asynchronous I/O on the owner's reactor, at most one step at a time.
//
// apply:      new dictionary texts and column bytes written (not synced), then a new snapshot is published in memory
// checkpoint: dictionaries and column files, then the schema, then partition manifests, then the lane manifest durable, in that
//             order (lane_checkpoint.h); then the caller may let the WAL forget every commit up to checkpointed()
#pragma once

#include <cstdint>
#include <memory>

#include "engine/base/status.h"
#include "storage/apply/lane_apply.h"
#include "storage/apply/lane_checkpoint.h"
#include "storage/apply/lane_state.h"
#include "storage/apply/row_block.h"
#include "storage/files/rounds.h"
#include "storage/table/crowding.h"
#include "storage/table/snapshot.h"
#include "storage/table/symbol_dictionary.h"

namespace storage {

class LaneWriter;

// Called in a turn of their own, never inside apply() or checkpoint(). The next step may be begun right there.
class LaneWriterListener {
 public:
  // snapshot() shows it, unless its last commit goes on. `spent` is the block, empty: to be filled again without new memory, or
  // to be dropped.
  virtual void on_applied(LaneWriter& writer, RowBlock spent) = 0;
  virtual void on_checkpointed(LaneWriter& writer) = 0;  // checkpointed() shows it
  // A write or a sync failed: what is on disk above the last checkpoint is unknown. The WAL still holds it, and the next start
  // repairs it; this writer does nothing any more.
  virtual void on_failed(LaneWriter& writer, const absl::Status& status) = 0;

 protected:
  ~LaneWriterListener() = default;
};

// Destroyed when idle, or when its reactor will not turn again; before its Rounds.
class LaneWriter final : private RoundWaiter, private RoundListener {
 public:
  // A lane without files yet, or one whose files load() reads. `rounds` are shared by the writers of a shard.
  LaneWriter(Rounds& rounds, SchemaRef schema, LaneId lane, LaneWriterListener& listener, const CrowdingLimits& crowding = {});

  // Start-up, blocking: reads the manifests and the dictionaries. A crash may have torn the last blocks of files: their bytes
  // are the manifest's for every reader, and the next append to such a file writes the block again as a whole.
  absl::Status load(Names names = Names::perhaps_durable);

  // The newest version; columns that it adds get files when the first value comes.
  void set_schema(SchemaRef schema);

  bool idle() const { return step_ == Step::none; }

  // Requires idle(). Rows of a partition that its manifest has already (txn not above applied) are left out: replay is
  // idempotent. So all rows of a commit come in one block, or in several that follow each other, of which only the last one
  // has an end: then all of it is published. Every symbol in it has its id from dictionary(). The block is sorted and split
  // before this returns, the rest is done in rounds.
  void apply(RowBlock block, BlockEnd end = BlockEnd::whole);

  // Requires idle(). Of a commit that is applied in part it says nothing. Also makes the schema file durable when its version
  // is newer than the file's (lane 0 only).
  void checkpoint();

  Txn applied() const { return state_.applied; }
  Txn checkpointed() const { return state_.checkpointed; }
  bool dirty() const;  // something applied or a schema is not checkpointed
  LaneSnapshotRef snapshot() const { return snapshot_; }

  // Which partitions take no rows before which timestamp, as of snapshot().
  CrowdedRef crowded() const { return crowded_; }

  // The dictionary of a symbol column; the owner resolves texts with it before a frame is written.
  SymbolDictionary& dictionary(ColumnId column);

  const SchemaRef& schema() const { return state_.schema; }
  LaneId lane() const { return state_.lane; }

 private:
  // none -> apply or checkpoint -> none; failed is the end.
  enum class Step : uint8_t { none, apply, checkpoint, failed };

  void move_to(Step step);
  void on_round_free(IoRound& round) override;
  void on_round_done(const absl::Status& status) override;
  bool plan();
  void finish();
  void publish();

  Rounds& rounds_;
  LaneWriterListener& listener_;
  const CrowdingLimits crowding_;
  LaneState state_;
  LaneApply apply_;
  LaneCheckpoint checkpoint_;
  LaneSnapshotRef snapshot_;
  CrowdedRef crowded_;
  Step step_ = Step::none;
  BlockEnd end_ = BlockEnd::whole;  // of the last block
  IoRound* round_ = nullptr;        // while the step has one
};

}  // namespace storage
