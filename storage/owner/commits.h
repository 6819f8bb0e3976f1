// From a sealed batch to an ack: symbols get their ids, the commit its number, the frame its place in the WAL, and when that is
// durable, the rows go to their lane and the batch goes home. Schemas go the same way, so that all answers leave in LSN order,
// and none before what it says is durable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/shard/shard.h"
#include "storage/batch/symbol_section.h"
#include "storage/database/superblock.h"
#include "storage/owner/lanes.h"
#include "storage/owner/note_keeper.h"
#include "storage/owner/open_requests.h"
#include "storage/owner/options.h"
#include "storage/route/messages.h"
#include "storage/wal/writer.h"

namespace storage {

class CommitsListener {
 public:
  virtual void on_log_failed(const absl::Status& status) = 0;

 protected:
  ~CommitsListener() = default;
};

class Commits final : private WalListener, private NoteKeeperListener {
 public:
  Commits(engine::Shard& shard, const OwnerOptions& options, OwnerCounters& counters, Lanes& lanes, CommitsListener& listener);

  // Start-up, blocking: opens this start's stream, in `reusable` segments of released ones as far as they go.
  absl::Status open_wal(const Database& database, std::span<const std::string> reusable);
  bool has_wal() const { return wal_ != nullptr; }
  const WalWriter& wal() const { return *wal_; }

  // The functions that begin with try_ return false when the WAL has no room: once more, later, nothing has changed.

  // Home goes the batch when it is durable; at once, rejected, when it would pass a limit.
  bool try_commit(RoutedBatch& batch);

  // Answered when it is done, durably.
  bool try_request(RequestAsk& ask);

  // The table's next schema, or its first.
  bool try_change_schema(Lane& lane, FrameType type, SchemaRef schema);
  bool has_room_for(const Schema& schema) const;  // which fits at all
  absl::Status check_fits(const Schema& schema) const;

  // `message` leaves when the frame `lsn` is durable.
  void reply_when_durable(Lsn lsn, engine::ShardId target, const engine::MeshMessage& message);

  void flush() { wal_->flush(); }

  // A request has parts in this lane, and will still say what becomes of them.
  bool has_parts(LaneId lane) const { return requests_.has_parts(lane); }

  // Gives the WAL every frame that nobody needs any more; `lane` has been checkpointed.
  void release(const Lane& lane);

  // While the log fills: the request that keeps it from being released is asked to end. What is still to come of it is refused,
  // also out of turn.
  void hurry_request();
  bool try_refuse_hurried(RoutedBatch& batch);

  // The log is so full that checkpoints must not wait.
  bool is_log_filling() const;
  bool is_idle() const { return in_flight_.empty() && wal_->idle() && requests_.empty() && notes_.is_idle(); }

  // When all else is over: `notes` are what there is to know of requests that have their home here.
  void write_final_notes(std::span<const RequestNote> notes) { notes_.write_final(notes, shard_.reactor().now()); }
  bool has_written_final_notes() const { return notes_.is_final_written(); }

 private:
  // A frame that is appended and not yet durable.
  struct Frame {
    Lsn lsn;
    Txn txn;
    Lane* lane = nullptr;
    RoutedBatch* batch = nullptr;  // data, part
    SchemaRef schema;              // create, schema
    RequestId request;             // part, commit
    bool is_last = false;          // commit: of a request that has no lanes elsewhere
    FrameType type{};
    WalFramePlace place{};
  };

  // An answer that leaves when the frame `lsn` is durable.
  struct Reply {
    Lsn lsn;
    engine::ShardId target;
    engine::MeshMessage message;
  };

  void on_durable(Lsn upto) override;
  void on_failed(const absl::Status& status) override { listener_.on_log_failed(status); }

  void on_notes_written() override { release(); }
  void on_notes_failed(const absl::Status& status) override { listener_.on_log_failed(status); }

  void release();
  Lsn answerable(Lsn durable) const;
  bool is_closed(const Lane& lane, RoutedBatch& batch);
  bool resolve_symbols(Lane& lane, RoutedBatch& batch);
  absl::Status check_fits(const std::string& table, std::string_view what, uint64_t stored_size) const;
  void reject(const Lane& lane, RoutedBatch& batch, absl::Status why);
  absl::Status no_room_for_part(const RoutedBatch& batch) const;
  DatedNote dated(const RequestNote& note) const;
  void append_rows(Lane& lane, RoutedBatch& batch);
  void append(Lane& lane, const WalFrame& frame, Frame in_flight);
  bool try_commit_request(RequestAsk& ask);
  bool try_abort_request(RequestAsk& ask);
  bool try_append_end(FrameType type, RequestAsk& ask, const RequestAsk::Lane& member);
  std::vector<std::byte> encode_end(const RequestAsk& ask, uint32_t parts, bool is_shared, bool decides) const;
  void answer(RequestAsk& ask);
  void settle(const Frame& frame);
  void settle_rows(const Frame& frame);
  RequestHurry hurry_of(RequestId request) const;
  void reserve_ends();

  engine::Shard& shard_;
  const OwnerOptions& options_;
  OwnerCounters& counters_;
  Lanes& lanes_;
  CommitsListener& listener_;
  std::unique_ptr<WalWriter> wal_;
  OpenRequests requests_;
  NoteKeeper notes_;
  std::deque<Frame> in_flight_;  // by LSN
  std::vector<Reply> replies_;
  std::vector<NewSymbol> fresh_symbols_;  // of the frame that is being made
  std::vector<std::byte> head_;           // likewise
};

}  // namespace storage
