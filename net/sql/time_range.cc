#include "net/sql/time_range.h"

#include <algorithm>

#include "engine/base/verify.h"

namespace net {

void SqlTimeRange::raise_min(int64_t timestamp, bool included) {
  if (!included) {
    if (timestamp == std::numeric_limits<int64_t>::max()) {
      clear();
      return;
    }
    ++timestamp;
  }
  min_ = std::max(min_, timestamp);
}

void SqlTimeRange::lower_max(int64_t timestamp, bool included) {
  if (!included) {
    if (timestamp == std::numeric_limits<int64_t>::min()) {
      clear();
      return;
    }
    --timestamp;
  }
  max_ = std::min(max_, timestamp);
}

void SqlTimeRange::restrict(TimeComparison comparison, TimePoint point) {
  switch (comparison) {
    case TimeComparison::equal:
      raise_min(ceil_timestamp(point, unit_), true);
      lower_max(floor_timestamp(point, unit_), true);
      return;
    case TimeComparison::less:
      lower_max(ceil_timestamp(point, unit_), false);
      return;
    case TimeComparison::less_equal:
      lower_max(floor_timestamp(point, unit_), true);
      return;
    case TimeComparison::greater:
      raise_min(floor_timestamp(point, unit_), false);
      return;
    case TimeComparison::greater_equal:
      raise_min(ceil_timestamp(point, unit_), true);
      return;
  }
  UNREACHABLE("comparison");
}

}  // namespace net
