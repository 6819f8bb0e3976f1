#include "engine/reactor/timers.h"

#include <algorithm>

#include "engine/base/verify.h"

namespace engine {

Timer::~Timer() { disarm(); }

Timers::~Timers() { VERIFY_EQ(armed_count(), 0U); }

void Timer::arm(Instant deadline) {
  VERIFY_NE(deadline.ns, instant_never.ns);
  disarm();
  deadline_ = deadline;
  arming_ = timers_.arming_next_++;
  timers_.insert(*this);
}

void Timer::disarm() {
  if (!armed()) return;
  timers_.remove(*this);
  deadline_ = instant_never;
}

Instant Timers::next_deadline() const {
  VERIFY(fresh_.empty());
  return heap_.empty() ? instant_never : heap_.front()->deadline_;
}

// What is armed from inside a callback waits for the next call, due or not: a timer that re-arms itself for a past instant
// would otherwise never let go of the turn. So it stays outside the heap until all others have fired.
size_t Timers::expire(Instant now) {
  VERIFY_EQ(arming_end_, UINT64_MAX);
  arming_end_ = arming_next_;
  size_t fired = 0;
  Instant latest{INT64_MIN};  // deadline that has fired
  for (; !heap_.empty() && heap_.front()->deadline_ <= now; ++fired) {
    Timer& timer = *heap_.front();
    VERIFY_LE(latest, timer.deadline_);
    latest = timer.deadline_;
    heap_remove(0);
    timer.deadline_ = instant_never;
    timer.expire(now);
  }
  arming_end_ = UINT64_MAX;
  for (Timer* timer : fresh_) heap_insert(*timer);
  fresh_.clear();
  return fired;
}

// Timers of one deadline fire in the order in which they were armed.
bool Timers::is_earlier(const Timer& a, const Timer& b) {
  return a.deadline_ != b.deadline_ ? a.deadline_ < b.deadline_ : a.arming_ < b.arming_;
}

void Timers::insert(Timer& timer) {
  if (!is_fresh(timer)) return heap_insert(timer);
  timer.place_ = fresh_.size();
  fresh_.push_back(&timer);
}

void Timers::remove(Timer& timer) {
  if (!is_fresh(timer)) return heap_remove(timer.place_);
  VERIFY_LT(timer.place_, fresh_.size());
  VERIFY(fresh_[timer.place_] == &timer);
  Timer& last = *fresh_.back();
  fresh_[timer.place_] = &last;
  last.place_ = timer.place_;
  fresh_.pop_back();
}

void Timers::heap_insert(Timer& timer) {
  heap_.push_back(&timer);
  move_up(heap_.size() - 1, timer);
}

// The last timer takes the place that becomes free, and goes from there to where it belongs: up or down, never both.
void Timers::heap_remove(size_t place) {
  VERIFY_LT(place, heap_.size());
  VERIFY_EQ(heap_[place]->place_, place);
  Timer& last = *heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  const bool rises = place > 0 && is_earlier(last, *heap_[(place - 1) / arity]);
  rises ? move_up(place, last) : move_down(place, last);
}

// `place` is free: `timer` goes there, or above, when those above are later.
void Timers::move_up(size_t place, Timer& timer) {
  VERIFY_LT(place, heap_.size());
  while (place > 0) {
    const size_t parent = (place - 1) / arity;
    if (!is_earlier(timer, *heap_[parent])) break;
    put(place, *heap_[parent]);
    place = parent;
  }
  put(place, timer);
}

// `place` is free: `timer` goes there, or below, when one of those below is earlier.
void Timers::move_down(size_t place, Timer& timer) {
  VERIFY_LT(place, heap_.size());
  for (;;) {
    const size_t first = arity * place + 1;
    if (first >= heap_.size()) break;
    const size_t end = std::min(first + arity, heap_.size());
    size_t earliest = first;
    for (size_t child = first + 1; child < end; ++child) {
      if (is_earlier(*heap_[child], *heap_[earliest])) earliest = child;
    }
    if (!is_earlier(*heap_[earliest], timer)) break;
    put(place, *heap_[earliest]);
    place = earliest;
  }
  put(place, timer);
}

void Timers::put(size_t place, Timer& timer) {
  heap_[place] = &timer;
  timer.place_ = place;
}

}  // namespace engine
