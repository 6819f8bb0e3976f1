// The timestamps that comparisons with the designated column leave over.
#pragma once

#include <cstdint>
#include <limits>

#include "net/sql/timestamp_text.h"

namespace net {

enum class TimeComparison : char { equal = '=', less = '<', less_equal = 'l', greater = '>', greater_equal = 'g' };

class SqlTimeRange {
 public:
  explicit SqlTimeRange(engine::TimeUnit unit) : unit_(unit) {}

  // Keeps the timestamps for which `timestamp <comparison> point` holds.
  void restrict(TimeComparison comparison, TimePoint point);

  // A comparison with NULL holds for none.
  void clear() { empty_ = true; }

  bool empty() const { return empty_ || min_ > max_; }
  int64_t min() const { return min_; }  // both included
  int64_t max() const { return max_; }

 private:
  void raise_min(int64_t timestamp, bool included);
  void lower_max(int64_t timestamp, bool included);

  engine::TimeUnit unit_;
  bool empty_ = false;
  int64_t min_ = std::numeric_limits<int64_t>::min();
  int64_t max_ = std::numeric_limits<int64_t>::max();
};

}  // namespace net
