// Shows a running load: on a terminal one line that is written over, elsewhere a line now and then. Goes to stderr, results to
// stdout.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "tools/load/run.h"

namespace tools {

class LoadProgressLine final : public LoadObserver {
 public:
  explicit LoadProgressLine(uint64_t rows);
  // Ends the line on a terminal.
  ~LoadProgressLine() override;
  LoadProgressLine(const LoadProgressLine&) = delete;
  LoadProgressLine& operator=(const LoadProgressLine&) = delete;

  void on_progress(const LoadProgress& progress) override;

 private:
  using Clock = std::chrono::steady_clock;

  std::string line(const LoadProgress& progress, Clock::time_point now) const;

  uint64_t rows_;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point shown_at_;
  LoadPhase phase_ = LoadPhase::sending;
  Clock::time_point phase_start_;
};

}  // namespace tools
