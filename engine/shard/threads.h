// The threads of a node: one per shard, pinned, and a few others. The only user of std::thread.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/status.h"
#include "engine/shard/loop.h"

namespace engine {

struct ThreadOptions {
  std::string name;        // as ps and perf show it; 15 characters at most
  std::optional<int> cpu;  // none: wherever the scheduler likes
  int nice_step = 0;       // > 0 yields to the others: on top of what the process was given, at most 19 in all
};

// Runs loops until stop. Belongs to the thread that created it.
class Threads {
 public:
  Threads() = default;
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads();  // stop came before, if anything was started

  // Fails when the thread cannot be made, or not be pinned to its CPU; then it runs nothing. A priority that the system refuses
  // is no failure: the thread runs with the one that it has.
  absl::Status start(Loop& loop, const ThreadOptions& options);

  // Ends every loop after its current turn and joins the threads. `waker` is the backend of the calling thread.
  void stop(IoBackend& waker);

 private:
  struct Running {
    Loop* loop = nullptr;
    std::thread thread;
  };

  std::stop_source stop_;
  std::vector<Running> running_;
};

}  // namespace engine
