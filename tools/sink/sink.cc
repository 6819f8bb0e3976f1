#include "tools/sink/sink.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "engine/reactor/reactor.h"
#include "engine/uring/backend.h"
#include "tools/cli/args.h"
#include "tools/sink/discard_sink.h"

namespace tools {
namespace {

// What a signal handler may write.
volatile std::sig_atomic_t stop_requested = 0;

// A signal that arrives between the check and the wait ends the next turn.
constexpr engine::Duration turn_wait_max = engine::milliseconds(100);

double process_cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Time and CPU since the first byte, taken when there was something new.
struct SinkClock {
  double elapsed_s() const { return static_cast<double>((last - first).ns) * 1e-9; }

  void update(engine::Instant now, uint64_t bytes_now) {
    if (bytes_now == bytes) return;
    if (bytes == 0) {
      first = now;
      cpu_first_s = process_cpu_s();
    }
    bytes = bytes_now;
    last = now;
  }

  engine::Instant first;
  engine::Instant last;
  uint64_t bytes = 0;
  double cpu_first_s = 0;
};

std::string report_text(const DiscardSink& sink, const SinkClock& clock, double cpu_s) {
  const double rows = static_cast<double>(sink.lines());
  const double seconds = clock.elapsed_s();
  std::string text = fmt::format("{:<12}{:>14} rows{:>15} bytes\n", "received", sink.lines(), sink.bytes());
  if (seconds > 0 && rows > 0) {
    text += fmt::format("{:<12}{:>14.3f} s   {:>14.0f} rows/s   {:.1f} MB/s\n", "time", seconds, rows / seconds,
                        static_cast<double>(sink.bytes()) / seconds * 1e-6);
    text += fmt::format("{:<12}{:>14.3f} s   {:>14.1f} ns/row\n", "own CPU", cpu_s, cpu_s * 1e9 / rows);
  }
  return text;
}

class SinkCommand final : public Command {
 public:
  void add_options(CLI::App& app) override {
    add_parsed(app, "--tcp", address_, parse_address, "HOST:PORT to listen on, port 0 picks a free one (127.0.0.1:9009)");
    add_parsed(app, "--cpus", cpus_, parse_cpus, "run on the first of these CPUs");
    app.add_option("--ready-file", ready_path_, "write the bound address to this file, as JSON, when connections are accepted");
    app.add_flag("--exit-when-idle", exit_when_idle_, "end when the last connection has closed, not only on SIGINT or SIGTERM");
  }

  int run() override {
    const absl::Status status = receive();
    if (status.ok()) return exit_ok;
    std::fputs(fmt::format("millrace sink: {}\n", engine::message_of(status)).c_str(), stderr);
    return exit_usage;
  }

 private:
  absl::Status receive() {
    if (!cpus_.empty()) RETURN_IF_ERROR(pin_thread(cpus_.front()));
    ASSIGN_OR_RETURN(const auto backend, engine::UringBackend::create({.data_directory = "."}));
    ASSIGN_OR_RETURN(const engine::BoundSocket listener, backend->listen_tcp(address_));
    engine::Reactor reactor(*backend);
    DiscardSink sink(reactor, listener.file);
    std::signal(SIGINT, [](int) { stop_requested = 1; });
    std::signal(SIGTERM, [](int) { stop_requested = 1; });
    RETURN_IF_ERROR(announce(listener.address));
    SinkClock clock;
    while (stop_requested == 0 && !is_finished(sink)) {
      reactor.turn(backend->now() + turn_wait_max);
      clock.update(backend->now(), sink.bytes());
    }
    std::fputs(report_text(sink, clock, process_cpu_s() - clock.cpu_first_s).c_str(), stdout);
    return absl::OkStatus();
  }

  bool is_finished(const DiscardSink& sink) const {
    return exit_when_idle_ && sink.accepted_count() > 0 && sink.open_count() == 0;
  }

  // The ready file appears whole, under its name, or not at all.
  absl::Status announce(engine::SocketAddress bound) const {
    std::fputs(fmt::format("discarding what arrives on {}\n", bound.to_string()).c_str(), stderr);
    if (ready_path_.empty()) return absl::OkStatus();
    const std::string temporary_path = ready_path_ + ".new";
    std::ofstream file(temporary_path);
    file << fmt::format("{{\"tcp\":\"{}\",\"pid\":{}}}\n", bound.to_string(), ::getpid()) << std::flush;
    if (!file || std::rename(temporary_path.c_str(), ready_path_.c_str()) != 0) {
      return engine::invalid_argument(fmt::format("--ready-file: cannot write {}", ready_path_));
    }
    return absl::OkStatus();
  }

  engine::SocketAddress address_ = engine::SocketAddress::loopback(9009);
  std::vector<uint32_t> cpus_;
  std::string ready_path_;
  bool exit_when_idle_ = false;
};

}  // namespace

std::unique_ptr<Command> make_sink_command() { return std::make_unique<SinkCommand>(); }

}  // namespace tools
