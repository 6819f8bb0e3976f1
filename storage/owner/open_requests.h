// Requests that have parts in this shard's log: where their rows are until they commit, and which frames the log must keep for
// them.
//
//   part appended -> durable, noted here     -> COMMIT appended -> durable, rows to the lane -> checkpointed: frames let go
//                                            -> ABORT appended, rows let go -------------------> checkpointed: frames let go
//
// The frames of an aborted request stay so long, too: later frames may use symbols whose texts stand in them alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/status.h"
#include "storage/owner/lane_backlog.h"
#include "storage/route/messages.h"
#include "storage/route/request_hurry.h"
#include "storage/schema/ids.h"

namespace storage {

class OpenRequests {
 public:
  // `parts_max`: of all requests together that no COMMIT has come for. `room` is for the rows that are kept in memory.
  OpenRequests(uint32_t parts_max, RowRoom& room) : parts_max_(parts_max), room_(room) {}

  bool has_room() const { return parts_count_ < parts_max_; }
  // Of one request: its parts, and the bytes of their frames.
  struct Extent {
    uint32_t parts = 0;
    uint64_t log_size = 0;
  };
  Extent extent_of(RequestId request) const;

  // The part's frame is in the log; or the part was rejected, so that the request cannot commit here.
  void add(const RoutedBatch& batch, Lsn lsn, const WalFramePlace& place);
  void add_rejected(const RoutedBatch& batch);

  // It is durable.
  void note_durable(const RoutedBatch& batch, const WalFramePlace& place);

  // Whether the commit can be done. Nothing: some of its parts are still on their way.
  std::optional<absl::Status> check(const RequestAsk& commit) const;

  // The lane's COMMIT frame is appended: the frames of its parts stay until its txn is checkpointed.
  void commit(RequestId request, LaneId lane, Txn txn);
  // It is durable: the rows of all parts, in order.
  CommitRows take_rows(RequestId request, LaneId lane);
  void forget(LaneId lane, Txn checkpointed);

  // The first COMMIT of a request decides for all of its lanes: the log keeps it until conclude().
  void keep_decision(RequestId request, Lsn lsn);
  void conclude(RequestId request);

  // COMMITs and ABORTs that are still to come, at most.
  size_t end_count() const { return parts_.size(); }
  // Of any request that has not ended.
  bool has_parts(LaneId lane) const;
  // How many frames the lane has of it; rejected parts have none.
  uint32_t frame_count(RequestId request, LaneId lane) const;
  // The lane's ABORT frame is appended.
  void abort(RequestId request, LaneId lane, Txn txn);
  // A request without frames.
  void drop(RequestId request, LaneId lane) { parts_.erase(Key{request, lane}); }

  // The request whose part is the oldest frame that the log keeps for those that may still fail. Nothing: there is none, or the
  // caller was told before.
  struct Oldest {
    RequestId request;
    Lsn first;
  };
  std::optional<Oldest> oldest_open() const;
  void set_hurried(const RequestHurry& hurry) { hurried_ = hurry; }
  bool is_hurried(RequestId request) const { return request == hurried_.request; }
  const RequestHurry& hurried() const { return hurried_; }

  Lsn oldest_needed(Lsn none_needed) const { return needed_.empty() ? none_needed : *needed_.begin(); }
  uint32_t parts_count() const { return parts_count_; }
  bool empty() const { return parts_.empty() && decisions_.empty(); }

 private:
  using Key = std::pair<RequestId, LaneId>;

  struct Parts {
    Lsn first;
    uint32_t count = 0;
    uint64_t log_size = 0;
    bool is_rejected = false;
    CommitRows durable{};
  };

  struct Committed {
    Txn txn;
    Lsn first;
  };

  void release(Lsn lsn);

  const uint32_t parts_max_;
  RowRoom& room_;
  uint32_t parts_count_ = 0;
  absl::flat_hash_map<Key, Parts> parts_;
  std::map<LaneId, std::deque<Committed>> committed_;  // not checkpointed; by txn
  absl::flat_hash_map<RequestId, Lsn> decisions_;
  std::multiset<Lsn> needed_;      // of all of these
  std::map<Lsn, RequestId> open_;  // without COMMIT or ABORT, by their first part
  RequestHurry hurried_;
};

}  // namespace storage
