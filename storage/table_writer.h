// One lane's column files: applies durable rows to runs, publishes, and makes checkpoints. Belongs to the lane's owner; every step
// is asynchronous I/O on the owner's reactor, at most one step at a time.
//
// apply:      new dictionary texts and column bytes written (not synced), then a new snapshot is published in memory
// checkpoint: dictionaries, then column files, then partition manifests, then the lane manifest durable, in that order; then the
//             caller may let the WAL forget every commit up to checkpointed()
#pragma once

#include <cstdint>
#include <memory>

#include "engine/reactor.h"
#include "engine/status.h"
#include "storage/row_block.h"
#include "storage/snapshot.h"
#include "storage/symbol_dictionary.h"

namespace storage {

class TableWriter;

class TableWriterListener {
 public:
  virtual void on_applied(TableWriter& writer) = 0;       // snapshot() shows it
  virtual void on_checkpointed(TableWriter& writer) = 0;  // checkpointed() shows it
  // A write or a sync failed: what is on disk above the last checkpoint is unknown. The WAL still holds it.
  virtual void on_failed(TableWriter& writer, const absl::Status& status) = 0;

 protected:
  ~TableWriterListener() = default;
};

class TableWriter {
 public:
  // A lane without files yet, or one whose files load() reads.
  static std::unique_ptr<TableWriter> create(engine::Reactor& reactor, SchemaRef schema, LaneId lane, TableWriterListener& listener);
  virtual ~TableWriter() = default;

  // Start-up, blocking: reads the manifests and the dictionaries, and repairs torn partial blocks from the manifests' copies.
  virtual absl::Status load() = 0;

  // The newest version; columns that it adds get files when the first value comes.
  virtual void set_schema(SchemaRef schema) = 0;

  virtual bool idle() const = 0;

  // Requires idle(). Rows of a partition that its manifest has already (txn not above applied) are left out: replay is idempotent.
  virtual void apply(RowBlock block) = 0;

  // Requires idle(). Also makes the schema file durable when its version is newer than the file's.
  virtual void checkpoint() = 0;

  virtual Txn applied() const = 0;
  virtual Txn checkpointed() const = 0;
  virtual bool dirty() const = 0;  // something applied or a schema is not checkpointed
  virtual LaneSnapshotRef snapshot() const = 0;

  // The dictionary of a symbol column; the owner resolves texts with it before a frame is written.
  virtual SymbolDictionary& dictionary(ColumnId column) = 0;

  virtual const SchemaRef& schema() const = 0;
  virtual LaneId lane() const = 0;
};

}  // namespace storage
