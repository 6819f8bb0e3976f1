// Timers of one shard, thousands of them: a connection has a few, and arms one again with every request. A heap by deadline, in
// which each armed timer knows its place: to arm, arm again and disarm takes as many steps as the heap is deep, and the next
// deadline is at the top.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/time.h"

namespace engine {

class Timers;

// Owned by whoever waits; fires once per arm. Disarms itself when destroyed.
class Timer {
 public:
  explicit Timer(Timers& timers) : timers_(timers) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer();

  // Replaces an earlier deadline.
  void arm(Instant deadline);
  void disarm();
  bool armed() const { return deadline_ != instant_never; }
  Instant deadline() const { return deadline_; }

 protected:
  virtual void expire(Instant now) = 0;

 private:
  friend class Timers;

  Timers& timers_;
  Instant deadline_ = instant_never;
  uint64_t arming_ = 0;  // ordinal of the last arm
  size_t place_ = 0;     // in the heap or among the fresh ones, while armed
};

template <auto method>
class MemberTimer;
template <typename Owner, void (Owner::*method)(Instant)>
class MemberTimer<method> final : public Timer {
 public:
  MemberTimer(Timers& timers, Owner& owner) : Timer(timers), owner_(owner) {}

 private:
  void expire(Instant now) override { (owner_.*method)(now); }

  Owner& owner_;
};

// Outlives what is armed.
class Timers {
 public:
  Timers() = default;
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;
  ~Timers();

  // The earliest deadline, or instant_never.
  Instant next_deadline() const;

  // Fires every timer whose deadline is not after `now`, in order of deadline, ties by order of arming. Returns how many. A
  // timer that is armed by one of these callbacks fires in a later call.
  size_t expire(Instant now);

  size_t armed_count() const { return heap_.size() + fresh_.size(); }

 private:
  friend class Timer;

  // A heap of four: half as deep as one of two, and the children of a place lie side by side.
  //
  //   place 0 is the earliest;  children of p: 4p + 1 ... 4p + 4;  parent of p: (p - 1) / 4
  static constexpr size_t arity = 4;

  static bool is_earlier(const Timer& a, const Timer& b);
  bool is_fresh(const Timer& timer) const { return timer.arming_ >= arming_end_; }
  void insert(Timer& timer);
  void remove(Timer& timer);
  void heap_insert(Timer& timer);
  void heap_remove(size_t place);
  void move_up(size_t place, Timer& timer);
  void move_down(size_t place, Timer& timer);
  void put(size_t place, Timer& timer);

  std::vector<Timer*> heap_;
  std::vector<Timer*> fresh_;  // armed by callbacks of the call of expire that runs, in no order; they know their place, too
  uint64_t arming_next_ = 0;
  uint64_t arming_end_ = UINT64_MAX;  // while expire runs: armings from here on are fresh
};

}  // namespace engine
