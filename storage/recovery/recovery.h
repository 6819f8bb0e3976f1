// Opening a data directory: after it, every row that was ever durable is in the column files, and the write-ahead log of
// earlier starts is gone. Runs before the shards, on one thread, blocking; a crash within it is one more crash, and the next
// start begins anew from what is durable then.
//
//   superblock: epoch + 1 -> streams read to their ends -> segments that were never begun removed -> schemas loaded -> streams
//   replayed in order of (epoch, shard), lanes loaded as frames speak of them -> everything applied and checkpointed -> streams
//   released -> their segments taken over by the new streams -> what is left of them removed
//
// A lane's frames are in order of txn over all streams: it has one owner per start. A frame below the lane's checkpoint is
// skipped as a whole, one above it is applied to those partitions whose manifests do not have it yet. Rows are gathered and
// applied in blocks of the size that they have in life, so that a start makes about as many runs, and takes no more memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "storage/database/superblock.h"
#include "storage/files/rounds.h"
#include "storage/repeat/options.h"
#include "storage/schema/request_note.h"
#include "storage/schema/schema.h"

namespace storage {

struct RecoveryReport {
  bool created = false;            // the directory was empty
  uint32_t superblock_copies = 0;  // valid ones found, of superblock_copy_count
  uint64_t tables = 0;
  uint64_t streams = 0;  // of earlier starts
  uint64_t frames_replayed = 0;
  uint64_t rows_replayed = 0;
  uint64_t torn_tails = 0;  // streams whose last group was not whole: never acked, cut off
};

struct Recovery {
  Database database;                           // of this start
  std::vector<SchemaRef> tables;               // by id; those that were not dropped
  TableId table_last;                          // the highest id that was ever given
  std::vector<std::string> reusable_segments;  // of released streams, whole and written once: for WalWriter::open
  std::vector<StreamId> released_streams;      // for remove_leftovers
  std::vector<RequestNote> notes;              // of requests that may come again
  RecoveryReport report;
};

struct RecoveryOptions {
  RoundOptions rounds;
  uint64_t segment_size = 0;  // of the new streams
  // As an owner's: decoded rows that wait for their files, of all lanes, and of one lane.
  size_t pending_size_max = size_t{64} << 20;
  size_t apply_size_min = size_t{4} << 20;
  size_t logged_size_max = size_t{32} << 20;  // sealed rows of requests whose COMMIT is still to come
  RepeatOptions repeats;
};

// data-loss: acked rows are damaged; the message says which. Where the log itself is damaged nothing but the epoch has changed
// then, else nothing but the epoch and bytes that no manifest counts. No file is open when it returns a recovery.
absl::StatusOr<Recovery> recover(engine::IoBackend& backend, const RecoveryOptions& options);

// When the new streams have taken what they want: released streams, and dropped tables. Blocking; what a crash leaves is
// removed after the next start.
absl::Status remove_leftovers(engine::IoBackend& backend, const Recovery& recovery);

}  // namespace storage
