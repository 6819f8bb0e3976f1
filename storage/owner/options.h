// What the services of an owning shard are told at start, and what they count.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/time.h"
#include "storage/files/rounds.h"
#include "storage/repeat/options.h"
#include "storage/table/crowding.h"
#include "storage/table/symbol_dictionary.h"
#include "storage/wal/writer.h"

namespace storage {

struct OwnerOptions {
  WalOptions wal;
  RoundOptions rounds;
  CrowdingLimits crowding;
  uint32_t symbols_max = storage::symbols_max;  // distinct ones of a column
  size_t pending_size_max = size_t{64} << 20;   // unapplied rows of all lanes
  // Sealed rows that are kept in memory though the log has them: of requests that have not committed, or are not applied yet.
  // What is beyond is read back from the log.
  size_t logged_size_max = size_t{32} << 20;
  uint32_t parts_max = 256 * 1024;                               // of requests that have not committed
  size_t apply_size_min = size_t{4} << 20;                       // of one lane, applied at once
  engine::Duration apply_age_max = engine::seconds(1);           // readers do not wait for it: they ask
  engine::Duration demand_pause_min = engine::milliseconds(20);  // between two applies that readers ask for
  // Between two rounds of checkpoints, of all lanes each. At least so long, and at least checkpoint_rest times what the last
  // round took: the syncs of thousands of column files would otherwise leave the disk no time for the WAL.
  engine::Duration checkpoint_pause = engine::seconds(1);
  uint32_t checkpoint_rest = 8;
  uint32_t checkpoints_at_once_max = 4;
  RepeatOptions repeats;
};

struct OwnerCounters {
  uint64_t batches = 0;
  uint64_t rows_committed = 0;
  uint64_t rows_applied = 0;
  uint64_t applies = 0;
  uint64_t slices = 0;  // of them, those without the end of their commit
  uint64_t checkpoints = 0;
  uint64_t schema_changes = 0;
  uint64_t batches_rejected = 0;
};

}  // namespace storage
