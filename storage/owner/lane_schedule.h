// Which lanes have something to do, and when: a lane is asked only then, however many there are. Pure.
#pragma once

#include <optional>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "engine/base/time.h"
#include "storage/schema/ids.h"

namespace storage {

class LaneSchedule {
 public:
  static constexpr engine::Instant at_once{INT64_MIN};

  // Not later than this; an earlier time that was set before stays, and who comes too early is set again. instant_never sets
  // nothing.
  void set(LaneId lane, engine::Instant due);

  // The lane that is due first, of equals the lowest, which is then set no more. None: all are due later than `now`.
  std::optional<LaneId> take_due(engine::Instant now);

  // When the first one is due.
  engine::Instant next() const { return order_.empty() ? engine::instant_never : order_.begin()->first; }

 private:
  std::set<std::pair<engine::Instant, LaneId>> order_;
  absl::flat_hash_map<LaneId, engine::Instant> due_;  // the same, by lane
};

}  // namespace storage
