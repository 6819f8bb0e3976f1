#include "tools/load/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

namespace tools {
namespace {

constexpr std::chrono::milliseconds terminal_interval{500};
constexpr std::chrono::seconds plain_interval{10};

std::string_view verb_of(LoadPhase phase) {
  switch (phase) {
    case LoadPhase::sending:
      return "sent";
    case LoadPhase::settling:
      return "durable";
    case LoadPhase::verifying:
      return "checked";
  }
  UNREACHABLE("load phase");
}

}  // namespace

LoadProgressLine::LoadProgressLine(uint64_t rows)
    : rows_(rows), terminal_(::isatty(STDERR_FILENO) == 1), shown_at_(Clock::now()), phase_start_(shown_at_) {}

LoadProgressLine::~LoadProgressLine() {
  if (terminal_ && shown_) std::fputc('\n', stderr);
}

void LoadProgressLine::on_progress(const LoadProgress& progress) {
  const Clock::time_point now = Clock::now();
  if (progress.phase != phase_) {
    phase_ = progress.phase;
    phase_start_ = now;
  }
  if (now - shown_at_ < (terminal_ ? Clock::duration(terminal_interval) : Clock::duration(plain_interval))) return;
  shown_at_ = now;
  shown_ = true;
  // The escape erases what a longer line left behind.
  std::fputs(fmt::format(fmt::runtime(terminal_ ? "\r{}\x1b[K" : "{}\n"), line(progress, now)).c_str(), stderr);
  std::fflush(stderr);
}

// Rates are means since the phase began, so the time that is left is stable.
std::string LoadProgressLine::line(const LoadProgress& progress, Clock::time_point now) const {
  const double elapsed_s = std::chrono::duration<double>(now - phase_start_).count();
  const double rate = elapsed_s > 0 ? static_cast<double>(progress.rows) / elapsed_s : 0;
  std::string text = fmt::format("{} {} rows, {:.0f}%, {:.3f} M rows/s", verb_of(progress.phase), progress.rows,
                                 100.0 * static_cast<double>(progress.rows) / static_cast<double>(rows_), rate * 1e-6);
  if (progress.bytes > 0 && elapsed_s > 0)
    text += fmt::format(", {:.1f} MB/s", static_cast<double>(progress.bytes) / elapsed_s * 1e-6);
  if (rate > 0 && progress.rows < rows_)
    text += fmt::format(", {:.0f} s left", static_cast<double>(rows_ - progress.rows) / rate);
  return text;
}

}  // namespace tools
