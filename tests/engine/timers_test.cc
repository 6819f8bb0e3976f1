#include "engine/reactor/timers.h"

#include <optional>
#include <vector>

#include "tests/catch.h"

namespace engine {
namespace {

// Notes its name when it fires, then does what the test asked for.
class NotingTimer final : public Timer {
 public:
  NotingTimer(Timers& wheel, std::vector<int>& fired, int name) : Timer(wheel), fired_(fired), name_(name) {}

  void rearm_at(Instant deadline) { rearm_at_ = deadline; }
  void disarm_when_fired(Timer& other) { victim_ = &other; }

 private:
  void expire(Instant) override {
    fired_.push_back(name_);
    if (rearm_at_) arm(*rearm_at_);
    if (victim_ != nullptr) victim_->disarm();
  }

  std::vector<int>& fired_;
  int name_;
  std::optional<Instant> rearm_at_;
  Timer* victim_ = nullptr;
};

struct Wheel {
  Timers wheel;
  std::vector<int> fired;
  NotingTimer first{wheel, fired, 1};
  NotingTimer second{wheel, fired, 2};
  NotingTimer third{wheel, fired, 3};
};

TEST_CASE("timer_wheel: timers fire in order of deadline, ties in order of arming") {
  Wheel w;
  w.third.arm({20});
  w.second.arm({10});
  w.first.arm({10});
  CHECK(w.wheel.next_deadline() == Instant{10});
  CHECK(w.wheel.expire({9}) == 0);
  CHECK(w.wheel.expire({20}) == 3);
  CHECK(w.fired == std::vector<int>{2, 1, 3});
  CHECK(w.wheel.next_deadline() == instant_never);
}

TEST_CASE("timer_wheel: a timer fires once per arm, at its deadline and not before") {
  Wheel w;
  w.first.arm({5});
  CHECK(w.wheel.expire({4}) == 0);
  CHECK(w.first.armed());
  CHECK(w.wheel.expire({5}) == 1);
  CHECK_FALSE(w.first.armed());
  CHECK(w.wheel.expire({100}) == 0);
}

TEST_CASE("timer_wheel: arming again replaces the deadline") {
  Wheel w;
  w.first.arm({5});
  w.first.arm({50});
  CHECK(w.wheel.next_deadline() == Instant{50});
  CHECK(w.wheel.expire({49}) == 0);
  w.first.arm({7});
  CHECK(w.wheel.expire({49}) == 1);
}

TEST_CASE("timer_wheel: a disarmed or destroyed timer does not fire") {
  Wheel w;
  w.first.arm({5});
  w.first.disarm();
  w.first.disarm();
  {
    NotingTimer gone{w.wheel, w.fired, 9};
    gone.arm({5});
  }
  CHECK(w.wheel.next_deadline() == instant_never);
  CHECK(w.wheel.expire({100}) == 0);
  CHECK(w.fired.empty());
}

TEST_CASE("timer_wheel: a timer that re-arms itself for the past waits for the next call") {
  Wheel w;
  w.first.rearm_at({1});
  w.first.arm({5});
  w.second.arm({6});
  CHECK(w.wheel.expire({10}) == 2);
  CHECK(w.fired == std::vector<int>{1, 2});
  CHECK(w.wheel.next_deadline() == Instant{1});
  CHECK(w.wheel.expire({10}) == 1);
}

TEST_CASE("timer_wheel: a callback may disarm a timer that is due in the same call") {
  Wheel w;
  w.first.disarm_when_fired(w.second);
  w.first.arm({5});
  w.second.arm({6});
  w.third.arm({7});
  CHECK(w.wheel.expire({10}) == 2);
  CHECK(w.fired == std::vector<int>{1, 3});
}

}  // namespace
}  // namespace engine
