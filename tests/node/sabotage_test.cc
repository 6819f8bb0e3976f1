// Tests of the tests: with each of these bugs built in, the crash simulation must find something wrong. Linked against a
// storage library of its own, in which the bugs can be switched on.
#include "storage/sabotage.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <string>

#include "tests/catch.h"
#include "tests/node/crash_simulation.h"

namespace sim {
namespace {

using storage::Sabotage;

struct PlantedBug {
  Sabotage bug;
  const char* name;
};

constexpr PlantedBug planted_bugs[] = {
    {Sabotage::early_ack, "early ack"},
    {Sabotage::skip_directory_sync, "no directory sync"},
    {Sabotage::ignore_checksum, "checksum ignored"},
    {Sabotage::ignore_epoch, "epoch ignored"},
    {Sabotage::recycle_too_early, "segment recycled too early"},
    {Sabotage::apply_twice, "apply twice"},
    {Sabotage::symbol_text_left_out, "symbol text left out of the frame"},
    {Sabotage::answers_not_awaited, "answers before their frames are durable"},
};

// Runs in a process of its own: a planted bug may also end in a failed VERIFY, which is a find too.
std::string run_apart(uint64_t seed) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // the runner's own handler would report it as a failure of the test
    std::signal(SIGSEGV, SIG_DFL);
    ::close(STDERR_FILENO);
    const std::string problem = run_crash_simulation(seed).problem;
    [[maybe_unused]] const ssize_t written = ::write(ends[1], problem.data(), problem.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::array<char, 512> text{};
  const ssize_t size = ::read(ends[0], text.data(), text.size());
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return "an assertion failed";
  return {text.data(), static_cast<size_t>(std::max<ssize_t>(size, 0))};
}

TEST_CASE("sabotage: the crash simulation finds every planted bug", "[sim]") {
  constexpr uint64_t seeds_max = 400;
  for (const PlantedBug& planted : planted_bugs) {
    storage::sabotage_active = planted.bug;
    std::string problem;
    uint64_t seed = 0;
    while (problem.empty() && seed < seeds_max) problem = run_apart(++seed);
    storage::sabotage_active = Sabotage::none;
    std::printf("  %-36s seed %3llu: %s\n", planted.name, static_cast<unsigned long long>(seed), problem.c_str());
    INFO(planted.name);
    CHECK(problem != "");
  }
}

TEST_CASE("sabotage: without a planted bug nothing is found", "[sim]") {
  for (uint64_t seed = 1; seed <= 20; ++seed) CHECK(run_crash_simulation(seed).problem == "");
}

}  // namespace
}  // namespace sim
