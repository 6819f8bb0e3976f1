#include "storage/owner/lane_schedule.h"

#include "engine/base/verify.h"

namespace storage {

void LaneSchedule::set(LaneId lane, engine::Instant due) {
  if (due == engine::instant_never) return;
  const auto [found, added] = due_.emplace(lane, due);
  if (!added) {
    if (found->second <= due) return;
    order_.erase({found->second, lane});
    found->second = due;
  }
  order_.emplace(due, lane);
  VERIFY_EQ(order_.size(), due_.size());
}

std::optional<LaneId> LaneSchedule::take_due(engine::Instant now) {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  const LaneId lane = order_.begin()->second;
  order_.erase(order_.begin());
  due_.erase(lane);
  VERIFY_EQ(order_.size(), due_.size());
  return lane;
}

}  // namespace storage
