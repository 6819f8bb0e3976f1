// What a process held that has just been killed may outlive it for a moment: its listening socket until the kernel has taken
// its rings apart, its lock until its last thread is gone. A start waits for them, and says so.
#pragma once

#include <fmt/format.h>

#include <string>

#include "engine/base/status.h"
#include "engine/base/time.h"
#include "tools/serve/output.h"
#include "tools/serve/signals.h"

namespace tools {

inline constexpr int patience_seconds = 5;

inline const absl::Status& status_of(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& status_of(const absl::StatusOr<T>& result) {
  return result.status();
}

// Calls `attempt` until it answers something else than already-exists, or time is up, or a signal says to stop. Needs
// block_signals().
template <typename Attempt>
auto try_patiently(Output& output, Attempt attempt) {
  constexpr engine::Duration pause = engine::milliseconds(20);
  for (int tries = 0;; ++tries) {
    auto result = attempt();
    if (status_of(result).code() != absl::StatusCode::kAlreadyExists) return result;
    if (tries == 0) {
      output.write(fmt::format("millrace serve: {}: waiting for it, {} s at most\n", engine::message_of(status_of(result)),
                               patience_seconds));
    }
    if (pause * tries >= engine::seconds(patience_seconds) || stop_signal_came(pause)) return result;
  }
}

}  // namespace tools
