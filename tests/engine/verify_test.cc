#include "engine/base/verify.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <string>

#include "engine/base/ids.h"
#include "engine/base/time.h"
#include "tests/catch.h"

namespace {

struct Outcome {
  std::string text;  // what the child wrote to stderr
  bool aborted = false;
};

// Runs `body` in a child process.
Outcome run_apart(const std::function<void()>& body) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);
    ::dup2(ends[1], STDERR_FILENO);
    body();
    ::_exit(0);
  }
  ::close(ends[1]);
  Outcome outcome;
  std::array<char, 256> buffer{};
  for (ssize_t size; (size = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    outcome.text.append(buffer.data(), static_cast<size_t>(size));
  }
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  outcome.aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
  return outcome;
}

}  // namespace

TEST_CASE("verify: a condition that holds costs nothing but its evaluation") {
  const Outcome outcome = run_apart([] {
    VERIFY(1 + 1 == 2);
    VERIFY_EQ(2, 2);
    VERIFY_LT(1, 2);
  });
  CHECK(!outcome.aborted);
  CHECK(outcome.text.empty());
}

TEST_CASE("verify: a broken comparison aborts and shows both operands") {
  const Outcome outcome = run_apart([] {
    const int found = 3;
    const int expected = 4;
    VERIFY_EQ(found, expected);
  });
  CHECK(outcome.aborted);
  CHECK(outcome.text.find("verify_test.cc") != std::string::npos);
  CHECK(outcome.text.find("VERIFY(found == expected) failed: 3 against 4") != std::string::npos);
}

TEST_CASE("verify: text operands are quoted") {
  const Outcome outcome = run_apart([] { VERIFY_EQ(std::string_view("left"), std::string_view("right")); });
  CHECK(outcome.aborted);
  CHECK(outcome.text.find("\"left\" against \"right\"") != std::string::npos);
}

TEST_CASE("verify: ids and times show their numbers") {
  const Outcome ids = run_apart([] { VERIFY_EQ(engine::ShardId{3}, engine::ShardId{4}); });
  CHECK(ids.text.find("failed: 3 against 4") != std::string::npos);
  const Outcome times = run_apart([] { VERIFY_LE(engine::Instant{-7}, engine::Instant{-9}); });
  CHECK(times.text.find("failed: -7 against -9") != std::string::npos);
}
