// How many durable rows the write-ahead log holds that the tables on disk do not: what a reader of files misses.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "storage/database/superblock.h"
#include "storage/table/snapshot.h"

namespace storage {

struct WalBacklog {
  uint64_t rows = 0;
  uint64_t tables = 0;  // that these rows belong to
};

// Reads the whole log, and changes nothing. `snapshots` were read before. Beside a running server frames come and go meanwhile,
// so that the count is approximate and an error does not mean damage.
absl::StatusOr<WalBacklog> read_wal_backlog(engine::IoBackend& backend, const Database& database,
                                            std::span<const TableSnapshot> snapshots);

}  // namespace storage
