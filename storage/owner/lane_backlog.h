// Rows of durable commits that wait for their turn: those of a request that is larger than a block, and what its lane got
// behind it, in order of txn. They are in memory as far as there is room for them there; beyond it only their places in the log
// are kept, which keeps them until they are checkpointed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "engine/base/status.h"
#include "engine/base/verify.h"
#include "storage/batch/batch_symbols.h"
#include "storage/route/messages.h"
#include "storage/schema/ids.h"
#include "storage/wal/frame_bytes.h"

namespace storage {

// The ids of a batch's symbols, once the owner has given them.
std::vector<ResolvedSymbols> resolved_symbols(const RoutedBatch& batch);

// Rows of a durable frame.
struct LoggedRows {
  std::vector<std::byte> body;
  std::vector<ResolvedSymbols> symbols;
};

// Bounds the sealed rows that a shard keeps in memory although its log has them. Full: they are read back from there.
class RowRoom {
 public:
  explicit RowRoom(size_t size_max) : size_max_(size_max) {}

  bool try_take(size_t size) {
    if (size_ + size > size_max_) return false;
    size_ += size;
    return true;
  }
  void give_back(size_t size) {
    VERIFY_LE(size, size_);
    size_ -= size;
  }
  size_t size() const { return size_; }

 private:
  const size_t size_max_;
  size_t size_ = 0;
};

// The rows of one commit in its order: the first ones in memory, the rest in the log.
struct CommitRows {
  std::vector<LoggedRows> kept;
  std::vector<WalFramePlace> places;
  uint64_t rows = 0;
  size_t size = 0;  // sealed bytes of all

  // Of a frame that is durable.
  void add(const RoutedBatch& batch, const WalFramePlace& place, RowRoom& room);
  size_t frame_count() const { return kept.size() + places.size(); }
  void let_go(RowRoom& room);
};

struct WaitingCommit {
  Txn txn;
  RequestId request;  // number 0: a commit of one frame, or of none
  CommitRows rows;
  size_t frames_taken = 0;

  bool is_begun() const { return frames_taken != 0; }
  bool is_taken() const { return frames_taken == rows.frame_count(); }
  // What comes next of it, if it is not taken: rows in memory, or places.
  bool has_kept() const { return frames_taken < rows.kept.size(); }
  std::span<const WalFramePlace> places_left() const { return std::span(rows.places).subspan(frames_taken - rows.kept.size()); }

  // That the frame is the one which comes next. data-loss: the log has another one in its place.
  absl::Status check(const WalFrame& frame) const;
};

class LaneBacklog {
 public:
  bool empty() const { return commits_.empty(); }
  WaitingCommit& front() { return commits_.front(); }
  const WaitingCommit& front() const { return commits_.front(); }
  void push(WaitingCommit commit);
  void pop();

  // Of what is kept for each commit and frame, without the rows themselves.
  size_t memory_size() const { return memory_size_; }

 private:
  static size_t size_of(const WaitingCommit& commit);

  std::deque<WaitingCommit> commits_;
  size_t memory_size_ = 0;
};

}  // namespace storage
