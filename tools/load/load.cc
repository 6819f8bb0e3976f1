#include "tools/load/load.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "tools/cli/args.h"
#include "tools/load/progress.h"
#include "tools/load/run.h"

namespace tools {
namespace {

const std::map<std::string, RowShape> shape_names = {{"trades", RowShape::trades}, {"tsbs-cpu", RowShape::tsbs_cpu}};
const std::map<std::string, VerifyMode> verify_names = {
    {"off", VerifyMode::off}, {"counts", VerifyMode::counts}, {"cells", VerifyMode::cells}};

// What a shape means unless the command line says otherwise.
constexpr int64_t trades_step_us = 1;
constexpr int64_t tsbs_cpu_step_us = 10'000'000;

// A closed set of words.
template <typename Value>
void add_choice(CLI::App& app, const std::string& name, Value& target, const std::map<std::string, Value>& values,
                const std::string& description) {
  const auto parse = [&values](std::string_view text) -> absl::StatusOr<Value> {
    if (const auto found = values.find(std::string(text)); found != values.end()) return found->second;
    std::string names;
    for (const auto& [word, value] : values) names += (names.empty() ? "" : " or ") + word;
    return engine::invalid_argument(fmt::format("'{}', expected {}", text, names));
  };
  add_parsed(app, name, target, parse, description);
}

absl::StatusOr<uint64_t> parse_batch_size(std::string_view text) {
  absl::StatusOr<uint64_t> size = parse_size(text);
  if (size.ok() && (*size < batch_size_min || *size > batch_size_max)) {
    return engine::invalid_argument(fmt::format("'{}', expected {} bytes to {}M", text, batch_size_min, batch_size_max >> 20));
  }
  return size;
}

class LoadCommand final : public Command {
 public:
  void add_options(CLI::App& app) override {
    add_row_options(app);
    add_parsed(app, "--tcp", options_.send.server, parse_address, "HOST:PORT to send to (127.0.0.1:9009)");
    add_parsed(app, "--http", options_.http, parse_address_or_off,
               "HOST:PORT to read back from (127.0.0.1:9000), off for a server that only receives");
    add_choice(app, "--verify", options_.verify, verify_names, "off, counts or cells (cells up to 2M rows, then counts)");
    add_parsed(app, "--rate", rate_, parse_count, "rows a second of all connections (full speed)");
    add_parsed(app, "--batch", batch_size_, parse_batch_size, "bytes of a send, at most (256K)");
    app.add_flag("--single-row", options_.send.single_row, "one send for each row");
    app.add_option("--cpu", cpu_, "run on this CPU only")->check(CLI::Range(cpu_number_max));
    app.add_option("--server-pid", options_.server_pid, "report the CPU of this process, too")->check(CLI::PositiveNumber);
    app.add_flag("--dry", dry_, "make the rows and send none: the generator's own speed");
    app.add_option("--json", json_path_, "write the figures to this file");
  }

  int run() override {
    complete_options();
    if (cpu_) {
      if (const absl::Status pinned = pin_thread(*cpu_); !pinned.ok()) return fail(pinned);
    }
    absl::StatusOr<LoadReport> report = measure();
    if (!report.ok()) return fail(report.status());
    std::fputs(report_text(*report).c_str(), stdout);
    if (!json_path_.empty() && !(std::ofstream(json_path_) << report_json(options_, *report) << std::flush)) {
      return fail(engine::invalid_argument(fmt::format("--json: cannot write {}", json_path_)));
    }
    return report->mismatch_count == 0 ? exit_ok : exit_failed;
  }

 private:
  void add_row_options(CLI::App& app) {
    RowPlan& plan = options_.plan;
    add_parsed(app, "--rows", plan.rows, parse_count, "rows of all connections together (1M)");
    add_choice(app, "--shape", plan.shape, shape_names, "trades or tsbs-cpu (trades)");
    app.add_option("--connections", plan.senders, "connections, each a sender of its own (1)")
        ->check(CLI::Range(1U, senders_max));
    app.add_option("--tables", plan.tables, "tables that every sender writes in turn (1)")->check(CLI::Range(1U, tables_max));
    app.add_option("--table", table_, "first part of the tables' names (trades or cpu)");
    app.add_option("--seed", plan.seed, "same seed, same rows (1)");
    add_parsed(app, "--start", plan.start_us, parse_date_us, "timestamp of the first row (2022-01-01)");
    add_parsed(app, "--step", step_us_, parse_duration_us,
               "time between rows, or between reports of all hosts (1us, tsbs-cpu 10s)");
    add_parsed(app, "--new-columns-every", plan.new_columns_every, parse_count, "each sender adds a column after so many rows");
  }

  void complete_options() {
    RowPlan& plan = options_.plan;
    const bool trades = plan.shape == RowShape::trades;
    plan.table = table_.value_or(trades ? "trades" : "cpu");
    plan.step_us = step_us_.value_or(trades ? trades_step_us : tsbs_cpu_step_us);
    options_.send.rate = static_cast<double>(rate_);
    options_.send.batch_size = batch_size_;
  }

  absl::StatusOr<LoadReport> measure() {
    if (dry_) return run_dry(options_.plan, options_.send.batch_size);
    LoadProgressLine progress(options_.plan.rows);
    return run_load(options_, &progress);
  }

  static int fail(const absl::Status& status) {
    std::fputs(fmt::format("millrace load: {}\n", engine::message_of(status)).c_str(), stderr);
    const bool untouched = absl::IsInvalidArgument(status) || absl::IsFailedPrecondition(status);
    return untouched ? exit_usage : exit_failed;
  }

  static constexpr engine::SocketAddress local(uint16_t port) { return engine::SocketAddress::loopback(port); }

  LoadOptions options_{.send = {.server = local(9009)}, .http = local(9000)};
  std::optional<std::string> table_;
  std::optional<int64_t> step_us_;
  uint64_t rate_ = 0;
  uint64_t batch_size_ = SendOptions{}.batch_size;
  std::optional<uint32_t> cpu_;
  bool dry_ = false;
  std::string json_path_;
};

}  // namespace

std::unique_ptr<Command> make_load_command() { return std::make_unique<LoadCommand>(); }

}  // namespace tools
