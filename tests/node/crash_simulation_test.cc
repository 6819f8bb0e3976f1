// Thousands of simulated crashes: every acknowledged row survives, none appears twice or out of nowhere, whatever the seed.
#include "tests/node/crash_simulation.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/catch.h"

namespace sim {
namespace {

// An optimized build without sanitizers does the work; the others look for other mistakes.
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) || \
    __has_feature(thread_sanitizer) || !defined(__OPTIMIZE__)
constexpr uint64_t recoveries_min = 400;
#else
constexpr uint64_t recoveries_min = 10'000;
#endif

// The first seed; MILLRACE_SEED replays or explores.
uint64_t first_seed() {
  const char* text = std::getenv("MILLRACE_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

void print(const SimulationCounts& counts, uint64_t seeds) {
  const auto line = [](const char* name, uint64_t value) {
    std::printf("  %-24s %10llu\n", name, static_cast<unsigned long long>(value));
  };
  std::printf("crash simulation, seeds %llu to %llu\n", static_cast<unsigned long long>(first_seed()),
              static_cast<unsigned long long>(first_seed() + seeds - 1));
  line("recoveries checked", counts.recoveries);
  line("rows acknowledged", counts.rows_acknowledged);
  line("rows compared", counts.rows_checked);
  line("segment rolls", counts.segment_rolls);
  line("segments recycled", counts.segment_recycles);
  line("checkpoints", counts.checkpoints);
  line("schema changes", counts.schema_changes);
  line("late runs seen", counts.late_runs);
  line("lives on several shards", counts.lives_with_shards);
  line("torn groups", counts.torn_groups);
  line("crashes in recovery", counts.recovery_crashes);
  line("clean stops", counts.clean_stops);
}

// Stories share nothing, so as many are told at once as there are CPUs. Takes seeds until there are enough recoveries.
class Storytellers {
 public:
  void run() {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
      threads.emplace_back([this] { tell(); });
    }
  }

  const SimulationCounts& counts() const { return counts_; }
  uint64_t seeds() const { return seeds_; }
  const std::map<uint64_t, std::string>& problems() const { return problems_; }  // by seed

 private:
  void tell() {
    std::unique_lock lock(mutex_);
    while (counts_.recoveries < recoveries_min && problems_.empty()) {
      const uint64_t seed = first_seed() + seeds_++;
      lock.unlock();
      const SimulationResult result = run_crash_simulation(seed);
      lock.lock();
      counts_.add(result.counts);
      if (!result.problem.empty()) problems_[seed] = result.problem;
    }
  }

  std::mutex mutex_;
  SimulationCounts counts_;
  uint64_t seeds_ = 0;
  std::map<uint64_t, std::string> problems_;
};

TEST_CASE("crash simulation: no acknowledged row is lost, doubled or changed", "[sim]") {
  Storytellers storytellers;
  storytellers.run();
  for (const auto& [seed, problem] : storytellers.problems()) {
    UNSCOPED_INFO("MILLRACE_SEED=" << seed << " tells it again");
    CHECK(problem == "");
  }
  const SimulationCounts& counts = storytellers.counts();
  print(counts, storytellers.seeds());
  CHECK(counts.rows_acknowledged > 0);
  CHECK(counts.segment_rolls > 0);
  CHECK(counts.segment_recycles > 0);
  CHECK(counts.checkpoints > 0);
  CHECK(counts.schema_changes > 0);
  CHECK(counts.late_runs > 0);
  CHECK(counts.lives_with_shards > 0);
  CHECK(counts.torn_groups > 0);
  CHECK(counts.recovery_crashes > 0);
  CHECK(counts.clean_stops > 0);
}

TEST_CASE("crash simulation: the same seed tells the same story", "[sim]") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const SimulationResult first = run_crash_simulation(seed);
    const SimulationResult second = run_crash_simulation(seed);
    INFO("seed " << seed);
    CHECK(first.trace_hash == second.trace_hash);
    CHECK(first.counts.rows_acknowledged == second.counts.rows_acknowledged);
  }
}

}  // namespace
}  // namespace sim
