#include "engine/shard/threads.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

#include "engine/uring/backend.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"

namespace engine {
namespace {

// Notes the priority of its thread, then ends what waits for it.
class PriorityLoop final : public Loop {
 public:
  explicit PriorityLoop(IoBackend& backend) : backend_(backend) {}

  void run_once() override {
    nice_ = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
    is_known_ = true;
    is_known_.notify_one();
    backend_.reap({}, backend_.now() + milliseconds(1));
  }
  IoBackend& backend() override { return backend_; }

  int nice() {
    is_known_.wait(false);
    return nice_;
  }

 private:
  IoBackend& backend_;
  int nice_ = 0;
  std::atomic<bool> is_known_ = false;
};

// The priority of a thread that is to yield by `step`, in a process without privileges that was given `nice`: who has them may
// raise a priority again, and would not see what others see.
int nice_of_thread(const std::string& directory, int nice, int step) {
  auto waker = UringBackend::create({.data_directory = directory});
  auto backend = UringBackend::create({.data_directory = directory});
  if (!waker.ok() || !backend.ok()) return 101;
  constexpr uid_t nobody = 65'534;
  if (setpriority(PRIO_PROCESS, 0, nice) != 0) return 102;
  if (geteuid() == 0 && setuid(nobody) != 0) return 103;
  PriorityLoop loop(**backend);
  Threads threads;
  if (!threads.start(loop, {.name = "yielding", .cpu = std::nullopt, .nice_step = step}).ok()) return 104;
  const int found = loop.nice();
  threads.stop(**waker);
  return found;
}

// In a process of its own, for nothing of this can be taken back.
int nice_of_thread_apart(int nice, int step) {
  const tests::TemporaryDirectory directory;
  const pid_t child = fork();
  if (child == 0) _exit(nice_of_thread(directory.path(), nice, step));
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return static_cast<int8_t>(WEXITSTATUS(status));  // a priority may be negative
}

TEST_CASE("threads: one that yields does so on top of what the process was given, and starts at any priority") {
  const int given = getpriority(PRIO_PROCESS, 0);
  for (const int nice : {given, std::max(given, 10), std::max(given, 17), 19}) {
    CAPTURE(nice);
    CHECK(nice_of_thread_apart(nice, 0) == nice);
    CHECK(nice_of_thread_apart(nice, 5) == std::min(nice + 5, 19));
  }
}

}  // namespace
}  // namespace engine
