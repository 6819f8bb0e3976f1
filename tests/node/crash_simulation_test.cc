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
#include "tests/quick.h"

namespace sim {
namespace {

// An optimized build without sanitizers does the work; the others look for other mistakes.
#ifdef MILLRACE_OPTIMIZED
constexpr uint64_t recoveries_min = 2'000;
#else
constexpr uint64_t recoveries_min = 400;
#endif

uint64_t variable(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// The first seed, and how many stories are told: to replay, to explore, to divide the work. A story is one seed's alone.
uint64_t first_seed() { return variable("MILLRACE_SEED", 1); }
uint64_t stories_max() { return variable("MILLRACE_STORIES", UINT64_MAX); }

// What a story draws from; the others belong to tests of their own.
constexpr Fault drawn_faults[] = {
    Fault::disk_stall,        Fault::write_error,   Fault::sync_error,     Fault::entry_error,  Fault::write_short,
    Fault::disk_full,         Fault::fail_point,    Fault::reset,          Fault::accept_error, Fault::multishot_end,
    Fault::buffers_exhausted, Fault::datagram_lost, Fault::datagram_twice, Fault::submit_short,
};

void print_line(const char* name, uint64_t value) {
  std::printf("  %-24s %10llu\n", name, static_cast<unsigned long long>(value));
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
    while (counts_.recoveries < tests::stories(recoveries_min, 20) && seeds_ < stories_max() && problems_.empty()) {
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
  std::printf("crash simulation from seed %llu on\n", static_cast<unsigned long long>(first_seed()));
  std::fflush(stdout);
  storytellers.run();
  for (const auto& [seed, problem] : storytellers.problems()) {
    UNSCOPED_INFO("MILLRACE_SEED=" << seed << " MILLRACE_STORIES=1 tells it again, alone");
    CHECK(problem == "");
  }
  const SimulationCounts& counts = storytellers.counts();
  const bool is_part = tests::is_quick() || stories_max() != UINT64_MAX;  // too few to reach everything
  for (const SimulationCount& count : simulation_counts) {
    print_line(count.name, counts.*count.member);
    CHECK((counts.*count.member > 0 || is_part));
  }
  for (const Fault fault : drawn_faults) {
    const auto index = static_cast<size_t>(fault);
    print_line(fault_names[index], counts.faults[index]);
    CHECK((counts.faults[index] > 0 || is_part));
  }
}

TEST_CASE("crash simulation: the same seed tells the same story", "[sim]") {
  for (uint64_t seed = 1; seed <= tests::stories(20, 2); ++seed) {
    const SimulationResult first = run_crash_simulation(seed);
    const SimulationResult second = run_crash_simulation(seed);
    INFO("seed " << seed);
    CHECK(first.trace_hash == second.trace_hash);
    CHECK(first.counts.rows_acknowledged == second.counts.rows_acknowledged);
  }
}

}  // namespace
}  // namespace sim
