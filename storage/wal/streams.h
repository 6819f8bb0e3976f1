// What of the write-ahead log earlier starts left behind, and how it goes away once everything in it is applied and
// checkpointed.
//
//   list_streams -> WalReader per stream to its end -> remove_unbegun_segments -> WalReader per stream, in this order: apply ->
//   checkpoint -> release_stream -> reuse its segments -> remove_stream
//
// Releasing is one step for the outside: a marker file that is durable before anything is removed. Until then a crash finds the
// whole stream and replays it again, afterwards it finds something to sweep up; a stream that is half gone never looks like
// damage.
//
// Blocking, for start-up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "storage/database/superblock.h"
#include "storage/wal/reader.h"

namespace storage {

struct WalInventory {
  std::vector<WalStreamFiles> streams;  // to be replayed, by epoch, then shard
  std::vector<StreamId> released;       // to be removed
};

// Everything in DATA/wal must be a stream of an earlier start than `database.epoch`, or it is not touched and the status is
// failed-precondition: nothing that cannot be understood is ever removed.
absl::StatusOr<WalInventory> list_streams(engine::IoBackend& backend, const Database& database);

// Removes the segments behind `sequence_last` (WalReadCounts), which were made ahead and never begun, also from `files`: on a
// full disk, applying the stream may need their space. The last one first, each durable before the next: a crash leaves no hole
// in the sequences.
absl::Status remove_unbegun_segments(engine::IoBackend& backend, WalStreamFiles& files, uint64_t sequence_last);

// After this the stream is never read again. Durable when it returns; may be repeated.
absl::Status release_stream(engine::IoBackend& backend, StreamId stream);

// Paths of the segments of a released stream that a WalWriter may take over: of the right size. All blocks of those that are
// left in `files` are written, since they were begun.
std::vector<std::string> reusable_segments(const WalStreamFiles& files, uint64_t segment_size);

// Removes what is left of a released stream. May be repeated, and cut off anywhere.
absl::Status remove_stream(engine::IoBackend& backend, StreamId stream);

}  // namespace storage
