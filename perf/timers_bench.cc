// What a timer costs while thousands of others are armed, as with one or two per connection.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "engine/base/prng.h"
#include "engine/reactor/timers.h"

namespace {

class SilentTimer final : public engine::Timer {
 public:
  using Timer::Timer;

 private:
  void expire(engine::Instant) override {}
};

struct Armed {
  explicit Armed(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      all.push_back(std::make_unique<SilentTimer>(timers));
      all.back()->arm({static_cast<int64_t>(prng.below(60'000'000'000))});
    }
  }

  engine::Timers timers;
  engine::Prng prng{1};
  std::vector<std::unique_ptr<SilentTimer>> all;
};

// A connection's time limit, moved on with each request.
void timers_arm_again(benchmark::State& state) {
  Armed armed(static_cast<size_t>(state.range(0)));
  int64_t now = 0;
  for (auto _ : state) {
    now += 1'000;
    armed.all[armed.prng.below(armed.all.size())]->arm({now + 60'000'000'000});
    benchmark::DoNotOptimize(armed.timers.next_deadline());
  }
}
BENCHMARK(timers_arm_again)->Arg(10)->Arg(1'000)->Arg(10'000);

// One that is armed for a moment and fires, among others that do not.
void timers_arm_and_fire(benchmark::State& state) {
  Armed armed(static_cast<size_t>(state.range(0)));
  SilentTimer soon(armed.timers);
  for (auto _ : state) {
    soon.arm({0});
    benchmark::DoNotOptimize(armed.timers.expire({0}));
  }
}
BENCHMARK(timers_arm_and_fire)->Arg(10)->Arg(1'000)->Arg(10'000);

}  // namespace
