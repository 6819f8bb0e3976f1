// Requests that have parts in this shard's log: their rows until they commit, and which frames the log must keep for them.
//
//   part appended -> durable, rows kept here -> COMMIT appended -> durable, rows to the lane -> checkpointed: frames let go
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
#include "storage/batch/batch_symbols.h"
#include "storage/route/messages.h"
#include "storage/schema/ids.h"

namespace storage {

// The ids of a batch's symbols, once the owner has given them.
std::vector<ResolvedSymbols> resolved_symbols(const RoutedBatch& batch);

// Rows of a durable part.
struct PartRows {
  std::vector<std::byte> body;
  std::vector<ResolvedSymbols> symbols;
  uint32_t rows = 0;
};

class OpenRequests {
 public:
  // Of all parts together that no COMMIT has come for.
  explicit OpenRequests(size_t size_max) : size_max_(size_max) {}

  bool has_room(const RoutedBatch& batch) const { return size_ + batch.body.size() <= size_max_; }
  // Of the parts of one request.
  size_t size_of(RequestId request) const;

  // The part's frame is in the log; or the part was rejected, so that the request cannot commit here.
  void add(const RoutedBatch& batch, Lsn lsn);
  void add_rejected(const RoutedBatch& batch);

  // It is durable.
  void keep_rows(const RoutedBatch& batch);

  // Whether the commit can be done. Nothing: some of its parts are still on their way.
  std::optional<absl::Status> check(const RequestAsk& commit) const;

  // The lane's COMMIT frame is appended: the frames of its parts stay until its txn is checkpointed.
  void commit(RequestId request, LaneId lane, Txn txn);
  // It is durable: the rows of all parts, in order.
  std::vector<PartRows> take_rows(RequestId request, LaneId lane);
  void forget(LaneId lane, Txn checkpointed);

  // The first COMMIT of a request decides for all of its lanes: the log keeps it until conclude().
  void keep_decision(RequestId request, Lsn lsn);
  void conclude(RequestId request);

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
  void set_hurried(RequestId request) { hurried_ = request; }
  bool is_hurried(RequestId request) const { return request == hurried_; }

  Lsn oldest_needed(Lsn none_needed) const { return needed_.empty() ? none_needed : *needed_.begin(); }
  size_t size() const { return size_; }
  bool empty() const { return parts_.empty() && decisions_.empty(); }

 private:
  using Key = std::pair<RequestId, LaneId>;

  struct Parts {
    Lsn first;
    uint32_t count = 0;
    size_t size = 0;
    bool is_rejected = false;
    std::deque<PartRows> rows;
  };

  struct Committed {
    Txn txn;
    Lsn first;
  };

  void release(Lsn lsn);

  const size_t size_max_;
  size_t size_ = 0;  // bytes of rows, and of parts that will be
  absl::flat_hash_map<Key, Parts> parts_;
  std::map<LaneId, std::deque<Committed>> committed_;  // not checkpointed; by txn
  absl::flat_hash_map<RequestId, Lsn> decisions_;
  std::multiset<Lsn> needed_;      // of all of these
  std::map<Lsn, RequestId> open_;  // without COMMIT or ABORT, by their first part
  RequestId hurried_;
};

}  // namespace storage
