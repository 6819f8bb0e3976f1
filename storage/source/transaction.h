// The rows of one request, which become durable as a whole or not at all, in every table that they are for.
//
//   gathering --finish--> sending --parts durable--> deciding --decided--> committing --all committed--> settled
//   gathering, sending --abandon, or a part was rejected--> abandoning --no owner keeps a part--> settled
//
// One batch that is all there is goes out as any other batch, and its frame is the commit. Else each batch is a part of the
// request: durable, and without a meaning until a COMMIT frame of its lane comes. Where lanes of several shards take part the
// first shard's COMMIT decides for all, so it goes out when every part is durable; then the others commit; then the first one
// may forget (docs/wal.md, "Requests"). Two trips to the disk for one shard's lanes become three.
//
// Belongs to its source, which keeps it until it is settled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "storage/route/messages.h"
#include "storage/source/source.h"

namespace storage {

class TransactionListener {
 public:
  // All rows are durable; or, where the status is not ok, none of them is stored, and why. Once: after finish(), perhaps inside
  // of it, or, not ok, at any time before. The transaction must not be touched any more.
  virtual void on_settled(const absl::Status& status) = 0;

 protected:
  ~TransactionListener() = default;
};

class Transaction final : private AskWaiter {
 public:
  Transaction(Source& source, RequestId id, Sender& sender, TransactionListener& listener)
      : source_(source), id_(id), sender_(sender), listener_(&listener) {}

  // Where its rows of `table` gather.
  OpenPlace& place(SourceTable& table);

  uint64_t rows() const { return rows_; }

  RequestId id() const { return id_; }

  // That was the last row. The log notes what the request was, if anything.
  void finish(const RequestNote& note = {});

  // Nothing of it shall be stored. The listener is not called any more, nor the transaction touched. Not after finish().
  void abandon();
  // Likewise: because all of it is stored already.
  void abandon_repeated();

  // It has lasted too long, unless it is decided.
  void give_up(const absl::Status& why);

  // Somebody else waits for its end. After finish().
  void set_listener(TransactionListener& listener) { listener_ = &listener; }

  // Not ok: a part was rejected already, and the rest need not come.
  const absl::Status& rejection() const { return rejection_; }

  // Of the source.
  void count_row() {
    ++rows_;
    sender_.count_request_row();
  }
  void on_sealed(OpenPlace& place, RoutedBatch& batch);
  void on_home(const RoutedBatch& batch);
  // The table is about to be forgotten, and what was open of it is sealed: a request that has rows of it fails.
  void on_table_changed(const SourceTable& table);
  // It is finished, and a COMMIT in that table may still leave.
  bool may_commit_in(TableId table) const;
  bool has_place_in(const SourceTable& table) const;

 private:
  enum class State : uint8_t { gathering, sending, deciding, committing, concluding, abandoning, settled };

  struct Member {
    OpenPlace place;
    uint32_t parts = 0;
  };

  void on_answer() override;
  void leave();
  void seal_all();
  void go_on();
  void decide();
  void ask(RequestAsk::Step step, engine::ShardId owner);
  void ask_next(RequestAsk::Step step);
  void fail();
  void tell(const absl::Status& status);
  void settle(const absl::Status& status);
  bool is_alone() const;

  Source& source_;
  const RequestId id_;
  Sender& sender_;  // whose rows they are
  TransactionListener* listener_;
  State state_ = State::gathering;
  std::deque<Member> members_;  // places are referred to
  Member* last_member_ = nullptr;
  std::vector<engine::ShardId> owners_;  // with parts
  size_t owners_done_ = 0;
  uint64_t rows_ = 0;
  uint32_t batches_out_ = 0;
  bool is_whole_ = false;  // one batch is all there is
  bool is_abandoned_ = false;
  bool is_repeated_ = false;  // its rows are stored, by an earlier one
  RequestNote note_;
  absl::Status rejection_;
  RequestAsk ask_;
};

}  // namespace storage
