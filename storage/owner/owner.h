// The owner side of a shard: the lanes it owns, its WAL, and what becomes of durable rows.
//
//   batch, ask -> [waiting for WAL room] -> symbols resolved, frame appended -> durable: home to its source, rows pending
//   pending rows -> apply (size, age or a reader asks) -> published -> checkpoint (about once a second) -> WAL released
//
// A frame is acked only when it is durable, in LSN order. Back-pressure: without room in the WAL or in the account of unapplied
// rows nothing more is admitted, batches stay out, and their sources stop reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/shard/shard.h"
#include "storage/apply/lane_writer.h"
#include "storage/apply/row_block.h"
#include "storage/batch/symbol_section.h"
#include "storage/files/rounds.h"
#include "storage/route/messages.h"
#include "storage/table/crowding.h"
#include "storage/wal/writer.h"

namespace storage {

struct OwnerOptions {
  WalOptions wal;
  RoundOptions rounds;
  CrowdingLimits crowding;
  uint32_t symbols_max = storage::symbols_max;                   // distinct ones of a column
  size_t pending_size_max = size_t{64} << 20;                    // unapplied rows of all lanes
  size_t apply_size_min = size_t{4} << 20;                       // of one lane, applied at once
  engine::Duration apply_age_max = engine::seconds(1);           // readers do not wait for it: they ask
  engine::Duration demand_pause_min = engine::milliseconds(20);  // between two applies that readers ask for
  // Between two rounds of checkpoints, of all lanes each. At least so long, and at least checkpoint_rest times what the last
  // round took: the syncs of thousands of column files would otherwise leave the disk no time for the WAL.
  engine::Duration checkpoint_pause = engine::seconds(1);
  uint32_t checkpoint_rest = 8;
  uint32_t checkpoints_at_once_max = 4;
};

// The disk failed; nothing more is acked. The process says why and exits.
class OwnerListener {
 public:
  virtual void on_fatal(const absl::Status& status) = 0;

 protected:
  ~OwnerListener() = default;
};

struct OwnerCounters {
  uint64_t batches = 0;
  uint64_t rows_committed = 0;
  uint64_t rows_applied = 0;
  uint64_t applies = 0;
  uint64_t checkpoints = 0;
  uint64_t schema_changes = 0;
  uint64_t batches_refused = 0;
};

class Owner final : public engine::Service, public WalListener {
 public:
  Owner(engine::Shard& shard, const OwnerOptions& options, OwnerListener& listener);
  ~Owner();

  // Start-up, blocking: opens this start's stream, in `reusable` segments of released ones as far as they go.
  absl::Status open_wal(const Database& database, std::span<const std::string> reusable);
  // Start-up, blocking: a lane that exists on disk.
  absl::Status add_lane(SchemaRef schema);

  // From now on everything is applied and checkpointed at once; stopped() when nothing is left to do.
  void begin_stop();
  bool stopped() const;

  const OwnerCounters& counters() const { return counters_; }
  const WalWriter& wal() const { return *wal_; }
  bool has_wal() const { return wal_ != nullptr; }
  size_t pending_size() const { return pending_size_; }
  uint32_t checkpoints_running() const { return checkpoints_running_; }

  const char* name() const override { return "owner"; }
  bool on_turn(engine::Instant now) override;
  void on_message(engine::ShardId from, const engine::MeshMessage& message) override;

 private:
  class Lane;

  // A frame that is appended and not yet durable.
  struct Frame {
    Lsn lsn;
    Txn txn;
    Lane* lane = nullptr;
    RoutedBatch* batch = nullptr;  // null: the frame carries `schema`
    SchemaRef schema;
  };

  // An answer that leaves when the frame `lsn` is durable.
  struct Reply {
    Lsn lsn;
    engine::ShardId target;
    engine::MeshMessage message;
  };

  void on_durable(Lsn upto) override;
  void on_failed(const absl::Status& status) override;

  void admit();
  bool try_admit(const engine::MeshMessage& message);
  bool try_commit(RoutedBatch& batch);
  bool try_ensure(TableAsk& ask);
  bool try_add_columns(ColumnsAsk& ask);
  bool try_append_schema(Lane& lane, FrameType type, SchemaRef schema);
  void append_late_schema(Lane& lane);
  bool is_closed(const Lane& lane, RoutedBatch& batch);
  bool resolve_symbols(Lane& lane, RoutedBatch& batch);
  void refuse(RoutedBatch& batch, absl::Status refusal);
  bool fits_segment(uint64_t stored_size) const { return stored_size <= frame_size_max(options_.wal.segment_size); }
  absl::Status too_large(const std::string& table, std::string_view what, uint64_t stored_size) const;
  void reply_when_durable(Lsn lsn, engine::ShardId target, const engine::MeshMessage& message);

  void ask_snapshot(SnapshotAsk& ask);
  void answer_snapshot(SnapshotAsk& ask);

  Lane& make_lane(SchemaRef schema);
  Lane* find_lane(LaneId id);
  void activate(Lane& lane);
  void serve_lanes(engine::Instant now);
  void on_timer(engine::Instant now);
  void begin_checkpoints(engine::Instant now);
  void end_checkpoints(engine::Instant now);
  void release_wal();

  engine::Shard& shard_;
  OwnerOptions options_;
  OwnerListener& listener_;
  Rounds rounds_;
  std::unique_ptr<WalWriter> wal_;
  std::map<LaneId, std::unique_ptr<Lane>> lanes_;  // ordered: what depends on its order is the same in every run
  std::vector<Lane*> active_;                      // with anything pending, dirty or asked
  std::deque<engine::MeshMessage> waiting_;        // in order of arrival; bounded by what sources can have out
  std::deque<Frame> in_flight_;                    // by LSN
  std::vector<Reply> replies_;
  SchemaRef late_schema_;                 // Sabotage::schema_not_awaited: announced, its frame comes behind the next rows
  std::vector<NewSymbol> fresh_symbols_;  // of the frame that is being made
  std::vector<std::byte> head_;           // likewise
  size_t pending_size_ = 0;
  uint32_t checkpoints_running_ = 0;
  engine::Instant checkpoint_at_;      // the next round
  engine::Instant checkpoints_began_;  // the round that runs
  bool checkpoints_begun_ = false;
  bool serve_now_ = false;
  bool stopping_ = false;
  bool failed_ = false;
  engine::MemberTimer<&Owner::on_timer> timer_;
  OwnerCounters counters_;
};

}  // namespace storage
