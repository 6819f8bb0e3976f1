#include "tools/load/run.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/cli/http_client.h"
#include "tools/load/clock.h"
#include "tools/load/ledger.h"
#include "tools/load/verify.h"

namespace tools {
namespace {

constexpr int ledger_interval_ms = 10;    // how late the durable and the visible clock may stop
constexpr double settle_wait_s_max = 60;  // without any progress

double thread_cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// User and system time of all threads of a process. proc(5): fields 14 and 15 of stat, counted after the name in parentheses.
absl::StatusOr<double> process_cpu_s(int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return engine::failed_precondition(fmt::format("server-pid: there is no process {}", pid));
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user_ticks = 0;
  double system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  return (user_ticks + system_ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

VerifyMode effective_mode(const LoadOptions& options) {
  if (!options.http || options.verify == VerifyMode::off) return VerifyMode::off;
  if (options.verify != VerifyMode::automatic) return options.verify;
  return options.plan.rows <= cells_rows_max ? VerifyMode::cells : VerifyMode::counts;
}

// Passes what the sender and the verifier say on to the observer of the load.
class Relay final : public SendObserver, public VerifyObserver {
 public:
  explicit Relay(LoadObserver* observer) : observer_(observer) {}

  void on_sent(const SendTotals& totals) override {
    report({.phase = LoadPhase::sending, .rows = totals.rows, .bytes = totals.bytes});
  }
  void on_durable(uint64_t rows) { report({.phase = LoadPhase::settling, .rows = rows}); }
  void on_checked(uint64_t rows) override { report({.phase = LoadPhase::verifying, .rows = rows}); }

 private:
  void report(const LoadProgress& progress) {
    if (observer_ != nullptr) observer_->on_progress(progress);
  }

  LoadObserver* observer_;
};

// Watches a value that must reach `goal`, and gives up when it stands still.
class Settling {
 public:
  Settling(std::string_view what, uint64_t goal) : what_(what), goal_(goal), moved_(Clock::now()) {}

  // True: reached. unavailable: no progress for settle_wait_s_max.
  absl::StatusOr<bool> check(uint64_t value) {
    if (value >= goal_) return true;
    if (value != last_) moved_ = Clock::now();
    last_ = value;
    if (seconds_since(moved_) > settle_wait_s_max) {
      return engine::unavailable(fmt::format("{} of {} rows are {}, and none more for {} s; the server's log says why", value,
                                             goal_, what_, settle_wait_s_max));
    }
    ::poll(nullptr, 0, ledger_interval_ms);
    return false;
  }

 private:
  std::string_view what_;
  uint64_t goal_;
  uint64_t last_ = 0;
  Clock::time_point moved_;
};

// One load that is read back.
class Load {
 public:
  Load(const LoadOptions& options, const RowSource& rows, LoadObserver* observer)
      : options_(options), rows_(rows), relay_(observer), sender_(rows, options.send) {
    if (options.http) http_.emplace(*options.http);
    report_.verified = effective_mode(options);
  }

  absl::StatusOr<LoadReport> run() {
    RETURN_IF_ERROR(check_tables_empty());
    RETURN_IF_ERROR(sender_.connect());
    double server_cpu_start = 0;
    if (options_.server_pid != 0) {
      ASSIGN_OR_RETURN(server_cpu_start, process_cpu_s(options_.server_pid));
    }
    RETURN_IF_ERROR(send());
    if (http_) {
      RETURN_IF_ERROR(wait_until_durable());
      RETURN_IF_ERROR(wait_until_visible());
    } else {
      RETURN_IF_ERROR(sender_.finish());
    }
    if (options_.server_pid != 0) {
      ASSIGN_OR_RETURN(const double server_cpu_end, process_cpu_s(options_.server_pid));
      report_.server_cpu_s = server_cpu_end - server_cpu_start;
    }
    RETURN_IF_ERROR(verify());
    if (http_) RETURN_IF_ERROR(sender_.finish());
    return report_;
  }

 private:
  absl::Status check_tables_empty() {
    if (!http_) return absl::OkStatus();
    const absl::StatusOr<uint64_t> visible = read_visible_rows(*http_, rows_);
    if (!visible.ok()) {
      return engine::failed_precondition(fmt::format("{}; --http names where to read back, --http off reads nothing back",
                                                     engine::message_of(visible.status())));
    }
    if (*visible == 0) return absl::OkStatus();
    return engine::failed_precondition(
        fmt::format("tables {}_* hold {} rows already and could not be told from these; give other names with --table",
                    rows_.plan().table, *visible));
  }

  absl::Status send() {
    const double cpu_start = thread_cpu_s();
    start_ = Clock::now();
    RETURN_IF_ERROR(sender_.run(&relay_));
    report_.sent_s = seconds_since(start_);
    report_.own_cpu_s = thread_cpu_s() - cpu_start;
    const SendTotals totals = sender_.totals();
    report_.rows = totals.rows;
    report_.bytes = totals.bytes;
    return absl::OkStatus();
  }

  absl::Status wait_until_durable() {
    std::vector<engine::SocketAddress> peers;
    for (uint32_t sender = 0; sender < rows_.plan().senders; ++sender) peers.push_back(sender_.address(sender));
    Settling settling("durable", report_.rows);
    for (;;) {
      ASSIGN_OR_RETURN(const auto ledgers, read_connections_of(*http_, peers));
      uint64_t durable = 0;
      for (uint32_t sender = 0; sender < ledgers.size(); ++sender) {
        RETURN_IF_ERROR(check_ledger(sender, ledgers[sender]));
        durable += ledgers[sender].rows_durable;
      }
      relay_.on_durable(durable);
      const double now_s = seconds_since(start_);
      ASSIGN_OR_RETURN(const bool reached, settling.check(durable));
      if (!reached) continue;
      report_.durable_s = now_s;
      return absl::OkStatus();
    }
  }

  absl::Status check_ledger(uint32_t sender, const ConnectionLedger& ledger) {
    if (ledger.rows_rejected != 0) {
      return engine::data_loss(fmt::format("connection {} ({}): {} of {} rows were rejected; the server's log says why", sender,
                                           ledger.peer, ledger.rows_rejected, rows_.sender_rows(sender)));
    }
    if (ledger.rows_received != ledger.rows_durable + ledger.rows_rejected + ledger.rows_pending) {
      return engine::data_loss(fmt::format(
          "connection {} ({}): the ledger does not balance: received {}, durable {}, rejected {}, pending {}", sender,
          ledger.peer, ledger.rows_received, ledger.rows_durable, ledger.rows_rejected, ledger.rows_pending));
    }
    if (ledger.rows_received > rows_.sender_rows(sender)) {
      return engine::data_loss(fmt::format("connection {} ({}): {} rows received, {} sent", sender, ledger.peer,
                                           ledger.rows_received, rows_.sender_rows(sender)));
    }
    return absl::OkStatus();
  }

  absl::Status wait_until_visible() {
    Settling settling("visible", report_.rows);
    for (;;) {
      ASSIGN_OR_RETURN(const uint64_t visible, read_visible_rows(*http_, rows_));
      const double now_s = seconds_since(start_);
      ASSIGN_OR_RETURN(const bool reached, settling.check(visible));
      if (!reached) continue;
      report_.visible_s = now_s;
      return absl::OkStatus();
    }
  }

  absl::Status verify() {
    if (report_.verified == VerifyMode::off) return absl::OkStatus();
    LoadVerifier verifier(rows_);
    RETURN_IF_ERROR(verifier.verify_counts(*http_));
    if (report_.verified == VerifyMode::cells) {
      RETURN_IF_ERROR(verifier.verify_cells(*http_, &relay_));
    } else {
      RETURN_IF_ERROR(verifier.verify_sample(*http_));
    }
    report_.rows_checked = verifier.rows_checked();
    report_.cells_checked = verifier.cells_checked();
    report_.mismatch_count = verifier.mismatch_count();
    report_.mismatches = verifier.mismatches();
    return absl::OkStatus();
  }

  const LoadOptions& options_;
  const RowSource& rows_;
  Relay relay_;
  LoadSender sender_;
  std::optional<HttpClient> http_;
  Clock::time_point start_;
  LoadReport report_;
};

std::string_view name_of(VerifyMode mode) {
  switch (mode) {
    case VerifyMode::automatic:
      return "automatic";
    case VerifyMode::off:
      return "off";
    case VerifyMode::counts:
      return "counts";
    case VerifyMode::cells:
      return "cells";
  }
  UNREACHABLE("verify mode");
}

double per_second(const LoadReport& report, double seconds) {
  return seconds > 0 ? static_cast<double>(report.rows) / seconds : 0;
}
double ns_per_row(const LoadReport& report, double seconds) { return seconds * 1e9 / static_cast<double>(report.rows); }

std::string rate_line(std::string_view name, const LoadReport& report, double seconds) {
  return fmt::format("{:<12}{:>14.3f} s   {:>14.0f} rows/s\n", name, seconds, per_second(report, seconds));
}

}  // namespace

absl::StatusOr<LoadReport> run_load(const LoadOptions& options, LoadObserver* observer) {
  ASSIGN_OR_RETURN(const RowSource rows, RowSource::create(options.plan));
  return Load(options, rows, observer).run();
}

absl::StatusOr<LoadReport> run_dry(const RowPlan& plan, size_t batch_size) {
  ASSIGN_OR_RETURN(const RowSource rows, RowSource::create(plan));
  std::vector<char> buffer(batch_size);
  LoadReport report;
  const Clock::time_point start = Clock::now();
  const double cpu_start = thread_cpu_s();
  for (uint32_t sender = 0; sender < plan.senders; ++sender) {
    for (RowId next{.sender = sender}; next.sequence < rows.sender_rows(sender);) {
      const RowSource::Filled filled = rows.fill(next, rows.sender_rows(sender) - next.sequence, buffer);
      next.sequence += filled.rows;
      report.rows += filled.rows;
      report.bytes += filled.size;
    }
  }
  report.sent_s = seconds_since(start);
  report.own_cpu_s = thread_cpu_s() - cpu_start;
  return report;
}

std::string report_text(const LoadReport& report) {
  std::string text = fmt::format("{:<12}{:>14} rows{:>15} bytes   {:.1f} bytes/row\n", "load", report.rows, report.bytes,
                                 static_cast<double>(report.bytes) / static_cast<double>(report.rows));
  text += rate_line("sent", report, report.sent_s);
  if (report.durable_s) text += rate_line("durable", report, *report.durable_s);
  if (report.visible_s) text += rate_line("visible", report, *report.visible_s);
  text +=
      fmt::format("{:<12}{:>14.3f} s   {:>14.1f} ns/row\n", "own CPU", report.own_cpu_s, ns_per_row(report, report.own_cpu_s));
  if (report.server_cpu_s) {
    text += fmt::format("{:<12}{:>14.3f} s   {:>14.1f} ns/row\n", "server CPU", *report.server_cpu_s,
                        ns_per_row(report, *report.server_cpu_s));
  }
  text += fmt::format("{:<12}{}", "verified", name_of(report.verified));
  if (report.verified != VerifyMode::off) {
    text += fmt::format(": {} rows and {} cells read back, {} mismatches", report.rows_checked, report.cells_checked,
                        report.mismatch_count);
  }
  text += '\n';
  for (const std::string& mismatch : report.mismatches) text += fmt::format("mismatch: {}\n", mismatch);
  return text;
}

std::string report_json(const LoadOptions& options, const LoadReport& report) {
  nlohmann::ordered_json json = {{"shape", options.plan.shape == RowShape::trades ? "trades" : "tsbs-cpu"},
                                 {"connections", options.plan.senders},
                                 {"tables", options.plan.tables},
                                 {"rows", report.rows},
                                 {"bytes", report.bytes},
                                 {"sent_s", report.sent_s},
                                 {"sent_rows_per_s", per_second(report, report.sent_s)}};
  if (report.durable_s) {
    json["durable_s"] = *report.durable_s;
    json["durable_rows_per_s"] = per_second(report, *report.durable_s);
  }
  if (report.visible_s) {
    json["visible_s"] = *report.visible_s;
    json["visible_rows_per_s"] = per_second(report, *report.visible_s);
  }
  json["own_cpu_ns_per_row"] = ns_per_row(report, report.own_cpu_s);
  if (report.server_cpu_s) json["server_cpu_ns_per_row"] = ns_per_row(report, *report.server_cpu_s);
  json["verified"] = {{"mode", name_of(report.verified)},
                      {"rows", report.rows_checked},
                      {"cells", report.cells_checked},
                      {"mismatches", report.mismatch_count}};
  return json.dump(2) + '\n';
}

}  // namespace tools
