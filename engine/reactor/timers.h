// Timers of one shard: few (tens), so a plain ordered list of armed timers; arming and expiry cost nothing per row.
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
  explicit Timer(Timers& wheel) : wheel_(wheel) {}
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

  Timers& wheel_;
  Instant deadline_ = instant_never;
  uint64_t arming_ = 0;  // ordinal of the last arm
};

template <auto method>
class MemberTimer;
template <typename Owner, void (Owner::*method)(Instant)>
class MemberTimer<method> final : public Timer {
 public:
  MemberTimer(Timers& wheel, Owner& owner) : Timer(wheel), owner_(owner) {}

 private:
  void expire(Instant now) override { (owner_.*method)(now); }

  Owner& owner_;
};

class Timers {
 public:
  // The earliest deadline, or instant_never.
  Instant next_deadline() const;

  // Fires every timer whose deadline is not after `now`, in order of deadline, ties by order of arming. Returns how many. A
  // timer that is armed by one of these callbacks fires in a later call.
  size_t expire(Instant now);

 private:
  friend class Timer;

  std::vector<Timer*> armed_;  // sorted by deadline, then by arming order
  uint64_t arming_next_ = 0;
};

}  // namespace engine
