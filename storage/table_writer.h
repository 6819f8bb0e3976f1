// One lane's column files: applies durable rows to runs, publishes, and makes checkpoints. Belongs to the lane's owner; every
// step is asynchronous I/O on the owner's reactor, at most one step at a time.
//
// apply:      new dictionary texts and column bytes written (not synced), then a new snapshot is published in memory
// checkpoint: dictionaries and column files, then the schema, then partition manifests, then the lane manifest durable, in that
//             order (lane_checkpoint.h); then the caller may let the WAL forget every commit up to checkpointed()
#pragma once

#include <cstdint>
#include <memory>

#include "engine/status.h"
#include "storage/crowding.h"
#include "storage/row_block.h"
#include "storage/snapshot.h"
#include "storage/symbol_dictionary.h"
#include "storage/table_io.h"

namespace storage {

class TableWriter;

// Called in a turn of their own, never inside apply() or checkpoint(). The next step may be begun right there.
class TableWriterListener {
 public:
  // snapshot() shows it. `spent` is the block, empty: to be filled again without new memory, or to be dropped.
  virtual void on_applied(TableWriter& writer, RowBlock spent) = 0;
  virtual void on_checkpointed(TableWriter& writer) = 0;  // checkpointed() shows it
  // A write or a sync failed: what is on disk above the last checkpoint is unknown. The WAL still holds it, and the next start
  // repairs it; this writer does nothing any more.
  virtual void on_failed(TableWriter& writer, const absl::Status& status) = 0;

 protected:
  ~TableWriterListener() = default;
};

// Destroyed when idle, or when its reactor will not turn again; before its TableIo.
class TableWriter {
 public:
  // A lane without files yet, or one whose files load() reads. `io` is shared by the writers of a shard.
  static std::unique_ptr<TableWriter> create(TableIo& io, SchemaRef schema, LaneId lane, TableWriterListener& listener,
                                             const CrowdingLimits& crowding = {});
  virtual ~TableWriter() = default;

  // Start-up, blocking: reads the manifests and the dictionaries. Blocks that a crash has torn are written again by the first
  // apply to their partition: they belong to rows that the WAL holds and that are replayed. Until then their bytes are the
  // manifest's.
  virtual absl::Status load() = 0;

  // The newest version; columns that it adds get files when the first value comes.
  virtual void set_schema(SchemaRef schema) = 0;

  virtual bool idle() const = 0;

  // Requires idle(). Rows of a partition that its manifest has already (txn not above applied) are left out: replay is
  // idempotent. So all rows of a commit come in one block. Every symbol in it has its id from dictionary(). The block is
  // sorted and split before this returns, the rest is done in rounds.
  virtual void apply(RowBlock block) = 0;

  // Requires idle(). Also makes the schema file durable when its version is newer than the file's (lane 0 only).
  virtual void checkpoint() = 0;

  virtual Txn applied() const = 0;
  virtual Txn checkpointed() const = 0;
  virtual bool dirty() const = 0;  // something applied or a schema is not checkpointed
  virtual LaneSnapshotRef snapshot() const = 0;

  // Which partitions take no rows before which timestamp, as of snapshot().
  virtual CrowdedRef crowded() const = 0;

  // The dictionary of a symbol column; the owner resolves texts with it before a frame is written.
  virtual SymbolDictionary& dictionary(ColumnId column) = 0;

  virtual const SchemaRef& schema() const = 0;
  virtual LaneId lane() const = 0;
};

}  // namespace storage
