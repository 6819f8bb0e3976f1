#include "storage/recovery/backlog.h"

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "engine/base/bytes.h"
#include "storage/batch/batch_format.h"
#include "storage/wal/reader.h"
#include "storage/wal/streams.h"

namespace storage {

absl::StatusOr<WalBacklog> read_wal_backlog(engine::IoBackend& backend, const Database& database,
                                            std::span<const TableSnapshot> snapshots) {
  absl::flat_hash_map<LaneId, Txn> applied;
  for (const TableSnapshot& table : snapshots) {
    for (const LaneSnapshotRef& lane : table.lanes) applied[lane->lane] = lane->applied;
  }

  WalBacklog backlog;
  absl::flat_hash_set<TableId> tables;
  Database next_start = database;  // to whose recovery the last start's streams belong as well
  ++next_start.epoch;
  ASSIGN_OR_RETURN(const WalInventory inventory, list_streams(backend, next_start));
  for (const WalStreamFiles& files : inventory.streams) {
    WalReader reader(backend, database, files);
    while (true) {
      ASSIGN_OR_RETURN(const std::optional<WalFrame> frame, reader.next());
      if (!frame) break;
      if (frame->type != FrameType::data || frame->body.size() < sizeof(BatchHeader)) continue;
      const auto lane = applied.find(frame->lane);
      if (lane != applied.end() && frame->txn <= lane->second) continue;
      backlog.rows += engine::load<BatchHeader>(frame->body.data()).rows;
      tables.insert(frame->lane.table);
    }
  }
  backlog.tables = tables.size();
  return backlog;
}

}  // namespace storage
