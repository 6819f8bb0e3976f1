#include "engine/reactor/timers.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/prng.h"
#include "tests/catch.h"

namespace engine {
namespace {

// Notes its name when it fires, then does what the test asked for.
class NotingTimer final : public Timer {
 public:
  NotingTimer(Timers& timers, std::vector<int>& fired, int name) : Timer(timers), fired_(fired), name_(name) {}

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

struct Bench {
  Timers timers;
  std::vector<int> fired;
  NotingTimer first{timers, fired, 1};
  NotingTimer second{timers, fired, 2};
  NotingTimer third{timers, fired, 3};
};

TEST_CASE("timers: timers fire in order of deadline, ties in order of arming") {
  Bench b;
  b.third.arm({20});
  b.second.arm({10});
  b.first.arm({10});
  CHECK(b.timers.next_deadline() == Instant{10});
  CHECK(b.timers.expire({9}) == 0);
  CHECK(b.timers.expire({20}) == 3);
  CHECK(b.fired == std::vector<int>{2, 1, 3});
  CHECK(b.timers.next_deadline() == instant_never);
}

TEST_CASE("timers: a timer fires once per arm, at its deadline and not before") {
  Bench b;
  b.first.arm({5});
  CHECK(b.timers.expire({4}) == 0);
  CHECK(b.first.armed());
  CHECK(b.timers.expire({5}) == 1);
  CHECK_FALSE(b.first.armed());
  CHECK(b.timers.expire({100}) == 0);
}

TEST_CASE("timers: arming again replaces the deadline") {
  Bench b;
  b.first.arm({5});
  b.first.arm({50});
  CHECK(b.timers.next_deadline() == Instant{50});
  CHECK(b.timers.expire({49}) == 0);
  b.first.arm({7});
  CHECK(b.timers.expire({49}) == 1);
}

TEST_CASE("timers: a disarmed or destroyed timer does not fire") {
  Bench b;
  b.first.arm({5});
  b.first.disarm();
  b.first.disarm();
  {
    NotingTimer gone{b.timers, b.fired, 9};
    gone.arm({5});
  }
  CHECK(b.timers.next_deadline() == instant_never);
  CHECK(b.timers.expire({100}) == 0);
  CHECK(b.fired.empty());
}

TEST_CASE("timers: a timer that re-arms itself for the past waits for the next call") {
  Bench b;
  b.first.rearm_at({1});
  b.first.arm({5});
  b.second.arm({6});
  CHECK(b.timers.expire({10}) == 2);
  CHECK(b.fired == std::vector<int>{1, 2});
  CHECK(b.timers.next_deadline() == Instant{1});
  CHECK(b.timers.expire({10}) == 1);
}

TEST_CASE("timers: a callback may disarm a timer that is due in the same call") {
  Bench b;
  b.first.disarm_when_fired(b.second);
  b.first.arm({5});
  b.second.arm({6});
  b.third.arm({7});
  CHECK(b.timers.expire({10}) == 2);
  CHECK(b.fired == std::vector<int>{1, 3});
}

TEST_CASE("timers: a callback may disarm what another callback of the same call has armed") {
  Bench b;
  b.first.rearm_at({3});
  b.second.disarm_when_fired(b.first);
  b.first.arm({5});
  b.second.arm({6});
  CHECK(b.timers.expire({10}) == 2);
  CHECK(b.timers.next_deadline() == instant_never);
  CHECK(b.timers.armed_count() == 0);
}

// The same calls on a list that is searched from end to end.
TEST_CASE("timers: thousands that are armed, armed again, disarmed and fired do what a plain list does") {
  struct Armed {
    int64_t deadline;
    uint64_t arming;
    int name;
  };
  constexpr int count = 1'000;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Prng prng(seed);
    Timers timers;
    std::vector<int> fired;
    std::vector<std::unique_ptr<NotingTimer>> all;
    for (int name = 0; name < count; ++name) all.push_back(std::make_unique<NotingTimer>(timers, fired, name));
    std::vector<Armed> list;
    const auto forget = [&list](int name) { std::erase_if(list, [name](const Armed& armed) { return armed.name == name; }); };
    uint64_t armings = 0;
    int64_t now = 0;
    for (int step = 0; step < 5'000; ++step) {
      const auto name = static_cast<int>(prng.below(count));
      forget(name);
      if (prng.chance(1, 5)) {
        all[static_cast<size_t>(name)]->disarm();
      } else {
        // Few different ones, so that many tie.
        const int64_t deadline = now + static_cast<int64_t>(prng.below(400));
        all[static_cast<size_t>(name)]->arm({deadline});
        list.push_back({.deadline = deadline, .arming = armings++, .name = name});
      }
      if (!prng.chance(1, 20)) continue;
      now += static_cast<int64_t>(prng.below(10));
      std::ranges::sort(list, {}, [](const Armed& armed) { return std::pair(armed.deadline, armed.arming); });
      std::vector<int> expected;
      for (const Armed& armed : list) {
        if (armed.deadline <= now) expected.push_back(armed.name);
      }
      fired.clear();
      REQUIRE(timers.expire({now}) == expected.size());
      REQUIRE(fired == expected);
      std::erase_if(list, [now](const Armed& armed) { return armed.deadline <= now; });
      REQUIRE(timers.armed_count() == list.size());
      REQUIRE(timers.next_deadline() == (list.empty() ? instant_never : Instant{list[0].deadline}));
    }
  }
}

}  // namespace
}  // namespace engine
