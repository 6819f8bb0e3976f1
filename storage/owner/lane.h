// A lane as its owner keeps it: which commits were given and are durable, which rows wait to be applied, and when its next step
// is due. It knows no other lane; whoever holds it begins its steps (lanes.h).
//
//   durable rows -------------------------------------------> pending -> applied
//   a commit larger than a block, and what is behind it -> backlog -^    a block at a time, published with its last row
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

#include "engine/base/time.h"
#include "storage/apply/lane_writer.h"
#include "storage/apply/row_block.h"
#include "storage/owner/lane_backlog.h"
#include "storage/owner/options.h"
#include "storage/route/messages.h"

namespace storage {

class Lane;

// Called in a turn of their own; the next step may be begun right there.
class LaneListener {
 public:
  virtual void on_lane_applied(Lane& lane, size_t size, uint64_t rows) = 0;  // of the block, as it was counted
  virtual void on_lane_checkpointed(Lane& lane) = 0;
  virtual void on_lane_failed(const absl::Status& status) = 0;

 protected:
  ~LaneListener() = default;
};

// The commits of a lane: given in order, durable in order, and kept by the WAL until they are checkpointed.
class LaneCommits {
 public:
  // Of a lane that a start has found.
  void start_from(Txn txn);

  // The next commit, whose frame the WAL gave `lsn`.
  Txn last() const { return last_; }
  Txn next() const { return Txn{last_.value + 1}; }
  void add(Txn txn, Lsn lsn);
  void set_durable(Txn txn);
  // The WAL may forget the frames up to this commit.
  void forget(Txn checkpointed);

  Txn durable() const { return durable_; }
  bool is_held() const { return !held_.empty(); }  // the WAL keeps a frame for this lane
  Lsn first_held() const { return held_.front().lsn; }

 private:
  struct Held {
    Txn txn;
    Lsn lsn;
  };

  Txn last_;
  Txn durable_;
  std::deque<Held> held_;
};

class Lane final : private LaneWriterListener {
 public:
  // Lane lane_first of the schema's table. Options and listener outlive it.
  Lane(Rounds& rounds, SchemaRef schema, const OwnerOptions& options, RowRoom& room, LaneListener& listener);

  // Start-up, blocking, after recovery: what there is on disk.
  absl::Status load();

  LaneId id() const { return writer_.lane(); }
  LaneWriter& writer() { return writer_; }
  const LaneWriter& writer() const { return writer_; }
  LaneCommits& commits() { return commits_; }
  const LaneCommits& commits() const { return commits_; }

  // The newest schema, perhaps not durable yet, and its frame in this stream; none when it came from disk.
  const SchemaRef& schema() const { return schema_; }
  Lsn schema_lsn() const { return schema_lsn_; }
  void change_schema(SchemaRef schema, Lsn lsn);

  // Durable rows, or a durable schema, that wait to be applied.
  void add_rows(Txn txn, const RoutedBatch& batch, const WalFramePlace& place, engine::Instant now);
  // Of a request that has committed, or, empty, was aborted.
  void add_request(Txn txn, RequestId request, CommitRows rows, engine::Instant now);
  void add_schema(Txn txn, SchemaRef schema, engine::Instant now);
  size_t pending_size() const { return pending_.memory_size(); }
  size_t backlog_size() const { return backlog_.memory_size(); }

  // Moves what comes next of the backlog into the block that is pending, of rows in memory as many as `size_max` sealed bytes.
  enum class Fill : uint8_t {
    enough,  // nothing waits, or the block is to be applied first
    more,    // there are further ones in memory
    read,    // places_wanted() are to be read from the log
  };
  Fill fill(size_t size_max, engine::Instant now);
  bool has_backlog() const { return !backlog_.empty(); }
  std::span<const WalFramePlace> places_wanted() const { return backlog_.front().places_left(); }
  // The first ones of those. data-loss: they are not what was wanted.
  absl::Status take_frames(std::span<const WalFrame> frames, engine::Instant now);

  // A reader waits until this commit is applied.
  void ask(Txn target);

  // A checkpoint has its turn as soon as the rows that are pending now are applied, whatever comes meanwhile: under a load that
  // never ends more than one apply may not stand before it. With a backlog that is what is applied: a large commit takes long.
  void want_checkpoint() { checkpoint_from_ = backlog_.empty() ? commits_.durable() : writer_.applied(); }
  bool is_checkpoint_wanted() const { return checkpoint_from_.has_value(); }
  bool is_checkpoint_ready() const { return is_idle() && checkpoint_from_ && writer_.applied() >= *checkpoint_from_; }
  void cancel_checkpoint() { checkpoint_from_.reset(); }  // nothing is dirty

  bool is_idle() const { return writer_.idle(); }
  // When pending rows are to be applied; instant_never while a step runs, whose end the listener hears of.
  engine::Instant apply_due() const;

  // Need is_idle(), and rows that are pending; a checkpoint that is ready. Returns whether the block has the end of its last
  // commit: without it nothing of the block is published.
  BlockEnd begin_apply(engine::Instant now);
  void begin_checkpoint();

  // Nothing is pending, dirty or held: nobody needs to look at it before the next frame. Gives back the memory that was kept
  // for further rows.
  bool is_quiet() const;
  void rest() { spare_ = RowBlock(); }

  // Whether whoever holds the lane counts it among those that are not quiet.
  bool is_active() const { return is_active_; }
  void set_active(bool active) { is_active_ = active; }

 private:
  void append_rows(Txn txn, std::span<const std::byte> body, std::span<const ResolvedSymbols> symbols, engine::Instant now);
  void advance(Txn txn, engine::Instant now);
  void append_kept(WaitingCommit& commit, engine::Instant now);
  void append_all(Txn txn, CommitRows rows, engine::Instant now);
  void finish_front(engine::Instant now);
  // Rows of a commit that is begun go into blocks of their own where it is larger than what a block may still take.
  bool is_apart(const WaitingCommit& commit) const;
  void on_applied(LaneWriter& writer, RowBlock spent) override;
  void on_checkpointed(LaneWriter& writer) override;
  void on_failed(LaneWriter& writer, const absl::Status& status) override;

  const OwnerOptions& options_;
  RowRoom& room_;
  LaneListener& listener_;
  LaneWriter writer_;
  LaneCommits commits_;
  SchemaRef schema_;
  Lsn schema_lsn_;
  LaneBacklog backlog_;
  RowBlock pending_;  // whole commits, and perhaps a part of the backlog's first
  RowBlock spare_;    // an applied block's memory, for the next one
  engine::Instant pending_since_;
  engine::Instant applied_at_;
  size_t applying_size_ = 0;
  uint64_t applying_rows_ = 0;
  Txn asked_;
  bool is_active_ = false;
  std::optional<Txn> checkpoint_from_;  // wanted, once this commit is applied
};

}  // namespace storage
