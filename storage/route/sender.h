// The ledger of one sender of rows (a TCP or HTTP connection, a UDP socket): received = durable + rejected + repeated +
// pending, always.
//
// Rows of one turn form an interval. Its rows travel in several batches, to several owners, which become durable in any order;
// the durable count moves only when every batch of the oldest interval has come home, so it always names a prefix of what was
// sent. Rows of a request are pending until all of them are durable, or all rejected. Belongs to the source shard.
#pragma once

#include <cstdint>
#include <deque>

#include "engine/base/verify.h"

namespace storage {

class Sender {
 public:
  uint64_t received() const { return received_; }
  uint64_t durable() const { return durable_; }
  uint64_t rejected() const { return rejected_; }
  uint64_t repeated() const { return repeated_; }  // of requests that were stored before
  uint64_t pending() const { return received_ - durable_ - rejected_ - repeated_; }

  // The interval that rows go to now; the number goes up with every close.
  uint64_t interval() const { return first_interval_ + intervals_.size() - 1; }

  bool interval_empty() const { return intervals_.back().rows == 0; }

  void count_rejected() {
    ++received_;
    ++rejected_;
  }
  void count_row() {
    ++received_;
    ++intervals_.back().rows;
  }

  // Rows of a request, and what has become of them.
  enum class Fate : uint8_t { durable, rejected, repeated };
  void count_request_row() {
    ++received_;
    ++request_rows_;
  }
  void settle_request(uint64_t rows, Fate fate) {
    VERIFY_LE(rows, request_rows_);
    request_rows_ -= rows;
    (fate == Fate::durable ? durable_ : fate == Fate::rejected ? rejected_ : repeated_) += rows;
  }

  // Of requests that came again, with or without rows that had been read.
  void count_repeated_request() { ++repeated_requests_; }
  uint64_t repeated_requests() const { return repeated_requests_; }

  // A batch carries rows of the current interval.
  void batch_out() { ++intervals_.back().batches_out; }

  // The turn is over: later rows belong to the next interval.
  void close_interval() {
    if (intervals_.back().rows == 0) return;
    intervals_.emplace_back();
    settle();
  }

  // A batch with rows of `interval` is durable, but for `rejected` of them.
  void batch_home(uint64_t interval, uint64_t rejected) {
    VERIFY_GE(interval, first_interval_);
    VERIFY_LT(interval - first_interval_, intervals_.size());
    Interval& done = intervals_[interval - first_interval_];
    VERIFY_GT(done.batches_out, 0U);
    --done.batches_out;
    done.rejected += rejected;
    settle();
  }

  // Nothing is on its way any more.
  bool settled() const { return intervals_.size() == 1 && intervals_.front().rows == 0 && request_rows_ == 0; }

 private:
  struct Interval {
    uint64_t rows = 0;
    uint64_t rejected = 0;
    uint32_t batches_out = 0;
  };

  void settle() {
    while (intervals_.size() > 1 && intervals_.front().batches_out == 0) {
      VERIFY_LE(intervals_.front().rejected, intervals_.front().rows);
      durable_ += intervals_.front().rows - intervals_.front().rejected;
      rejected_ += intervals_.front().rejected;
      intervals_.pop_front();
      ++first_interval_;
    }
    VERIFY_LE(durable_ + rejected_ + repeated_, received_);
  }

  uint64_t received_ = 0;
  uint64_t durable_ = 0;
  uint64_t rejected_ = 0;
  uint64_t repeated_ = 0;
  uint64_t repeated_requests_ = 0;
  uint64_t request_rows_ = 0;  // not settled
  uint64_t first_interval_ = 0;
  std::deque<Interval> intervals_{1};
};

}  // namespace storage
