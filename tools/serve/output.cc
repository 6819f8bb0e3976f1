#include "tools/serve/output.h"

#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <memory>
#include <string>
#include <utility>

namespace tools {
namespace {

constexpr size_t log_lines_max = 8192;  // waiting to be written
constexpr int patience_ms = 1000;

// On a terminal the letter of the level stands out.
std::string_view color_of(spdlog::level::level_enum level) {
  if (level >= spdlog::level::err) return "\x1b[31m";
  return level == spdlog::level::warn ? "\x1b[33m" : "\x1b[32m";
}

class OutputSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  OutputSink() : output_(STDERR_FILENO), is_terminal_(output_.is_terminal()) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t formatted;
    formatter_->format(message, formatted);
    std::string text(formatted.data(), formatted.size());
    if (is_terminal_ && message.color_range_end > message.color_range_start) {
      text.insert(message.color_range_end, "\x1b[0m");
      text.insert(message.color_range_start, color_of(message.level));
    }
    output_.write(text);
  }
  void flush_() override {}

  Output output_;
  bool is_terminal_;
};

}  // namespace

bool Output::is_terminal() const { return ::isatty(descriptor_) != 0; }

// Pieces of PIPE_BUF: poll promises room for so much in a pipe (pipe(7)), and a write of it does not wait then.
void Output::write(std::string_view text) {
  while (!text.empty()) {
    if (!wait_for_room()) {
      ++lost_;
      return;
    }
    const ssize_t size = ::write(descriptor_, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) {
      ++lost_;
      return;
    }
    text.remove_prefix(static_cast<size_t>(size));
  }
}

bool Output::wait_for_room() {
  pollfd waiting{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  is_stalled_ = ::poll(&waiting, 1, is_stalled_ ? 0 : patience_ms) == 0;
  return !is_stalled_;
}

void start_logging() {
  spdlog::init_thread_pool(log_lines_max, 1);
  auto logger = std::make_shared<spdlog::async_logger>("millrace", std::make_shared<OutputSink>(), spdlog::thread_pool(),
                                                       spdlog::async_overflow_policy::overrun_oldest);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%L%$ %v", spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(std::move(logger));
}

void stop_logging() { spdlog::shutdown(); }

}  // namespace tools
