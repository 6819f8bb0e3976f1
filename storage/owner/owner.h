// The owner side of a shard: the service that takes what other shards send to its lanes, and hands it to the desk that knows
// what to do with it.
//
//   batch, ask -> [waiting for room] -> commits, schema_desk -> durable: home to its source, rows to their lane
//   change_desk: tables that are changed or dropped, behind the batches that are on their way
//   lanes: pending rows -> applied -> published -> checkpointed (about once a second) -> WAL released
//   snapshot_desk: what is published, to those who ask
//
// A frame is acked only when it is durable, in LSN order. Back-pressure: without room in the WAL or in the account of unapplied
// rows nothing more is admitted, batches stay out, and their sources stop reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/shard/shard.h"
#include "storage/owner/change_desk.h"
#include "storage/owner/commits.h"
#include "storage/owner/lanes.h"
#include "storage/owner/options.h"
#include "storage/owner/schema_desk.h"
#include "storage/owner/snapshot_desk.h"
#include "storage/repeat/desk.h"
#include "storage/route/messages.h"
#include "storage/route/outbox.h"

namespace storage {

// The disk failed; nothing more is acked. The process says why and exits.
class OwnerListener {
 public:
  virtual void on_fatal(const absl::Status& status) = 0;

 protected:
  ~OwnerListener() = default;
};

class Owner final : public engine::Service, private LanesListener, private CommitsListener, private SnapshotDeskListener {
 public:
  // The sources are those of the shards 0 .. source_count - 1.
  Owner(engine::Shard& shard, uint16_t source_count, RepeatDesk& repeats, const OwnerOptions& options, OwnerListener& listener);

  // Start-up, blocking: opens this start's stream, in `reusable` segments of released ones as far as they go.
  absl::Status open_wal(const Database& database, std::span<const std::string> reusable);
  // Start-up, blocking: a lane that exists on disk.
  absl::Status add_lane(SchemaRef schema) { return lanes_.make(std::move(schema)).load(); }

  // From now on everything is applied and checkpointed at once; stopped() when nothing is left to do.
  void begin_stop() { stopping_ = true; }
  bool stopped() const { return is_quiet() && (!stopping_ || commits_.has_written_final_notes()); }
  bool is_quiet() const {
    return waiting_.empty() && request_asks_.empty() && change_desk_.is_idle() && outbox_.is_empty() && commits_.is_idle() &&
           lanes_.are_quiet();
  }

  const OwnerCounters& counters() const { return counters_; }
  const WalWriter& wal() const { return commits_.wal(); }
  bool has_wal() const { return commits_.has_wal(); }
  size_t pending_size() const { return lanes_.pending_size(); }
  uint64_t frames_read_back() const { return lanes_.frames_read_back(); }
  uint32_t checkpoints_running() const { return lanes_.checkpoints_running(); }

  const char* name() const override { return "owner"; }
  bool on_turn(engine::Instant now) override;
  void on_message(engine::ShardId from, const engine::MeshMessage& message) override;

 private:
  void on_applied(Lane& lane) override { snapshot_desk_.on_applied(lane); }
  void on_checkpointed(Lane& lane) override { commits_.release(lane); }
  void on_disk_failed(const absl::Status& status) override { fail(status); }
  bool may_forget(LaneId lane) override { return !commits_.has_parts(lane); }
  void on_log_failed(const absl::Status& status) override { fail(status); }
  void on_answered(SnapshotAsk& ask) override;

  void admit();
  void serve_requests();
  bool try_admit(const engine::MeshMessage& message);
  void on_timer(engine::Instant) {}  // the turn that it begins looks at what is due
  void fail(const absl::Status& status);

  engine::Shard& shard_;
  RepeatDesk& repeats_;
  const OwnerOptions options_;
  OwnerListener& listener_;
  OwnerCounters counters_;
  Lanes lanes_;
  Commits commits_;
  Outbox outbox_;
  SchemaDesk schema_desk_;
  ChangeDesk change_desk_;
  SnapshotDesk snapshot_desk_;
  std::deque<engine::MeshMessage> waiting_;  // in order of arrival; bounded by what sources can have out
  std::vector<RequestAsk*> request_asks_;    // likewise
  engine::MemberTimer<&Owner::on_timer> timer_;
  bool stopping_ = false;
  bool ends_notes_ = false;  // the last thing that a stop does
  bool failed_ = false;
};

}  // namespace storage
