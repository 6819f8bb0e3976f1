#include "engine/shard/threads.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <system_error>
#include <utility>

#include "engine/base/verify.h"

namespace engine {
namespace {

// Relative to what whoever started the process has chosen, which only the privileged may undo. Linux gives each thread a
// priority of its own, under its thread id.
void lower_priority(int step) {
  VERIFY_GE(step, 0);
  if (step == 0) return;
  constexpr int nice_max = 19;
  const auto thread = static_cast<id_t>(gettid());
  const int given = getpriority(PRIO_PROCESS, thread);
  static_cast<void>(setpriority(PRIO_PROCESS, thread, std::min(given + step, nice_max)));
}

// Names, pins and ranks the calling thread. Pinned before its loop begins, because what it allocates and the kernel workers it
// gets follow its place.
absl::Status settle(const ThreadOptions& options) {
  VERIFY_LE(options.name.size(), 15U);
  pthread_setname_np(pthread_self(), options.name.c_str());
  if (options.cpu) {
    if (*options.cpu < 0 || *options.cpu >= CPU_SETSIZE) {
      return invalid_argument("pin thread " + options.name + ": there is no CPU " + std::to_string(*options.cpu));
    }
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(static_cast<size_t>(*options.cpu), &cpus);
    if (const int error = pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus); error != 0) {
      return errno_status(error, "pin thread " + options.name + " to CPU " + std::to_string(*options.cpu));
    }
  }
  lower_priority(options.nice_step);
  return absl::OkStatus();
}

}  // namespace

Threads::~Threads() { VERIFY(running_.empty()); }

absl::Status Threads::start(Loop& loop, const ThreadOptions& options) {
  VERIFY(!stop_.stop_requested());
  std::promise<absl::Status> settled;
  std::future<absl::Status> result = settled.get_future();
  auto body = [&loop, options, stop = stop_.get_token(), settled = std::move(settled)]() mutable {
    const absl::Status status = settle(options);
    settled.set_value(status);
    while (status.ok() && !stop.stop_requested()) loop.run_once();
  };
  std::thread thread;
  try {
    thread = std::thread(std::move(body));
  } catch (const std::system_error& error) {
    return errno_status(error.code().value(), "start thread " + options.name);
  }
  absl::Status status = result.get();
  if (!status.ok()) {
    thread.join();
    return status;
  }
  running_.push_back({&loop, std::move(thread)});
  return absl::OkStatus();
}

void Threads::stop(IoBackend& waker) {
  stop_.request_stop();
  for (const Running& running : running_) waker.wake(running.loop->backend());
  waker.reap({}, waker.now());  // hands the wakes over
  for (Running& running : running_) running.thread.join();
  running_.clear();
}

}  // namespace engine
