#include "tools/serve/signals.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <ctime>

namespace tools {
namespace {

constexpr std::array stop_signals = {SIGTERM, SIGINT, SIGQUIT, SIGPWR};
constexpr std::array other_signals = {SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT, SIGXCPU};

sigset_t all_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : stop_signals) sigaddset(&signals, number);
  for (const int number : other_signals) sigaddset(&signals, number);
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) sigaddset(&signals, number);
  return signals;
}

}  // namespace

void block_signals() {
  const sigset_t signals = all_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

bool stop_signal_came(engine::Duration limit) {
  constexpr int64_t ns_per_second = 1'000'000'000;
  const sigset_t signals = all_signals();
  const timespec time{.tv_sec = limit.ns / ns_per_second, .tv_nsec = limit.ns % ns_per_second};
  const int number = ::sigtimedwait(&signals, nullptr, &time);
  if (number <= 0) return false;
  if (std::ranges::find(stop_signals, number) != stop_signals.end()) return true;
  const char* const name = sigabbrev_np(number);
  spdlog::info("signal {}{}: the server goes on; settings are read at a start only", name == nullptr ? "" : "SIG",
               name == nullptr ? std::to_string(number) : name);
  return false;
}

}  // namespace tools
