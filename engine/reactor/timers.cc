#include "engine/reactor/timers.h"

#include <algorithm>

#include "engine/base/verify.h"

namespace engine {

Timer::~Timer() { disarm(); }

void Timer::arm(Instant deadline) {
  VERIFY_NE(deadline.ns, instant_never.ns);
  disarm();
  deadline_ = deadline;
  arming_ = wheel_.arming_next_++;
  const auto later = [](const Timer* a, const Timer* b) { return a->deadline_ < b->deadline_; };
  // upper_bound: behind the timers of the same deadline, which keeps ties in arming order.
  wheel_.armed_.insert(std::ranges::upper_bound(wheel_.armed_, this, later), this);
}

void Timer::disarm() {
  if (!armed()) return;
  VERIFY_EQ(std::erase(wheel_.armed_, this), 1U);
  deadline_ = instant_never;
}

Instant Timers::next_deadline() const { return armed_.empty() ? instant_never : armed_.front()->deadline_; }

size_t Timers::expire(Instant now) {
  // What is armed from inside a callback waits for the next call, due or not: a timer that re-arms itself for a past instant
  // would otherwise never let go of the turn. The list is searched anew each time, because a callback may disarm others.
  const uint64_t arming_end = arming_next_;
  for (size_t fired = 0;; ++fired) {
    const auto next =
        std::ranges::find_if(armed_, [&](const Timer* timer) { return timer->deadline_ > now || timer->arming_ < arming_end; });
    if (next == armed_.end() || (*next)->deadline_ > now) return fired;
    Timer& timer = **next;
    armed_.erase(next);
    timer.deadline_ = instant_never;
    timer.expire(now);
  }
}

}  // namespace engine
