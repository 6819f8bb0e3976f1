// The lanes of a shard, and their turns: which one is due, whose checkpoint begins, which frames of the WAL any of them still
// needs, and whose rows are read back from there, one read at a time. Work of a turn grows with the lanes that are due, not
// with those that there are.
//
//   durable rows -> pending -> apply (size, age, a reader asks, a checkpoint waits) -> published -> checkpoint
//                -> frames forgotten
//
// Checkpoints come in sweeps, over all lanes that are not quiet, checkpoints_at_once_max at a time. Each lane of a sweep gets
// its turn after one apply at most, so the oldest lane manifest is as old as a pause and a sweep, whatever the load is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <span>

#include "absl/container/flat_hash_map.h"
#include "engine/reactor/reactor.h"
#include "storage/files/rounds.h"
#include "storage/owner/lane.h"
#include "storage/owner/lane_schedule.h"
#include "storage/owner/options.h"
#include "storage/wal/writer.h"

namespace storage {

// Called in a turn of their own.
class LanesListener {
 public:
  virtual void on_applied(Lane& lane) = 0;
  virtual void on_checkpointed(Lane& lane) = 0;  // oldest_needed() may have risen
  virtual void on_disk_failed(const absl::Status& status) = 0;
  // Nobody will speak of this lane, whose table is dropped, any more.
  virtual bool may_forget(LaneId) { return true; }

 protected:
  ~LanesListener() = default;
};

class Lanes final : private LaneListener, private WalFrameReadListener {
 public:
  Lanes(engine::Reactor& reactor, const OwnerOptions& options, OwnerCounters& counters, LanesListener& listener);

  Rounds& rounds() { return rounds_; }

  // Where rows are read back from; before the first one that is not kept in memory.
  void set_log(const WalWriter& log) { log_ = &log; }

  // A new lane, or after load() one that a start has found.
  Lane& make(SchemaRef schema);
  Lane* find(LaneId id);

  // Every lane, in order of table.
  const std::map<LaneId, std::unique_ptr<Lane>>& all() const { return lanes_; }

  // A frame of the lane is in the WAL, which keeps it until the lane's checkpoint.
  void hold(Lane& lane, Txn txn, Lsn lsn);

  // It is durable.
  void add_rows(Lane& lane, Txn txn, const RoutedBatch& batch, const WalFramePlace& place);
  void add_request(Lane& lane, Txn txn, RequestId request, CommitRows rows);
  void add_schema(Lane& lane, Txn txn, SchemaRef schema);

  void ask(Lane& lane, Txn target);

  // Steps that are due. In a hurry a sweep of checkpoints begins at once.
  enum class Pace : uint8_t { calm, hurry };
  void serve(engine::Instant now, Pace pace);

  // When serve() has something to do again, unless something happens before.
  engine::Instant next_due() const;

  // The first frame that a lane still needs, or `none_needed`.
  Lsn oldest_needed(Lsn none_needed) const { return needed_.empty() ? none_needed : *needed_.begin(); }
  // The same by asking every lane: for what must be right, now and then.
  bool needs_any_up_to(Lsn lsn) const;

  bool are_quiet() const { return active_.empty(); }
  size_t pending_size() const { return pending_size_ + backlog_size_; }
  RowRoom& row_room() { return row_room_; }
  uint64_t frames_read_back() const { return frames_read_back_; }
  uint32_t checkpoints_running() const { return sweep_.running; }

 private:
  struct CheckpointSweep {
    bool is_begun = false;
    engine::Instant began;
    engine::Instant next;        // may begin
    size_t wanting = 0;          // lanes that are still to be checkpointed
    uint32_t running = 0;        // of them, right now
    std::set<LaneId> waiting{};  // of them, those that only wait for another one to end
  };

  // What a lane holds of the accounts.
  struct Sizes {
    size_t pending = 0;
    size_t backlog = 0;
  };
  static Sizes sizes_of(const Lane& lane) { return {.pending = lane.pending_size(), .backlog = lane.backlog_size()}; }

  void on_frames_read(std::span<const WalFrame> frames) override;
  void on_frames_failed(const absl::Status& status) override { listener_.on_disk_failed(status); }
  void on_lane_applied(Lane& lane, size_t size, uint64_t rows) override;
  void on_lane_checkpointed(Lane& lane) override;
  void on_lane_failed(const absl::Status& status) override { listener_.on_disk_failed(status); }

  void activate(Lane& lane);
  void count(Lane& lane, const Sizes& before);
  void fill(Lane& lane, engine::Instant now);
  void read_next();
  void serve_lane(Lane& lane, engine::Instant now);
  void rest(Lane& lane);
  bool begin_checkpoint(Lane& lane);
  void begin_sweep(engine::Instant now);
  void end_sweep(engine::Instant now);
  void wake_waiting();

  engine::Reactor& reactor_;
  const OwnerOptions& options_;
  OwnerCounters& counters_;
  LanesListener& listener_;
  Rounds rounds_;
  std::map<LaneId, std::unique_ptr<Lane>> lanes_;  // ordered: what depends on its order is the same in every run
  absl::flat_hash_map<LaneId, Lane*> by_id_;       // the same, for the one that each batch looks for
  std::map<LaneId, Lane*> active_;                 // not quiet
  LaneSchedule schedule_;
  std::set<Lsn> needed_;     // of each lane the first frame that the WAL keeps for it
  size_t pending_size_ = 0;  // of blocks
  size_t backlog_size_ = 0;
  RowRoom row_room_;
  const WalWriter* log_ = nullptr;
  WalFrameRead read_;
  std::deque<LaneId> readers_;  // the first one's read is out, or next; each at most once
  std::set<LaneId> starving_;   // that wait for room for a block
  uint64_t frames_read_back_ = 0;
  CheckpointSweep sweep_;
};

}  // namespace storage
