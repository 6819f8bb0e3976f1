// A whole load: generate, send, wait until everything is durable and visible, read back. No command line and no terminal here;
// tests and benchmarks call it as the command does.
//
// Three clocks start with the first send: sent (the kernel has taken the last row), durable (the ledger of each connection says
// that all its rows are), visible (readers see all rows).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "tools/load/rows.h"
#include "tools/load/sender.h"

namespace tools {

enum class VerifyMode : uint8_t {
  automatic,  // cells up to cells_rows_max rows, otherwise counts
  off,
  counts,  // ledger of each sender, count(*) of each table, and the cells of a sample
  cells,   // the ledger, the counts and every cell
};

inline constexpr uint64_t cells_rows_max = 2'000'000;

struct LoadOptions {
  RowPlan plan;
  SendOptions send;
  std::optional<engine::SocketAddress> http;  // none: nothing is read back
  VerifyMode verify = VerifyMode::automatic;
  int64_t server_pid = 0;  // measure this process's CPU, all threads; 0: none
};

enum class LoadPhase : uint8_t { sending, settling, verifying };

struct LoadProgress {
  LoadPhase phase = LoadPhase::sending;
  uint64_t rows = 0;   // sent, durable, or checked
  uint64_t bytes = 0;  // sending only
};

class LoadObserver {
 public:
  virtual ~LoadObserver() = default;
  virtual void on_progress(const LoadProgress& progress) = 0;
};

struct LoadReport {
  uint64_t rows = 0;
  uint64_t bytes = 0;
  double sent_s = 0;
  std::optional<double> durable_s;
  std::optional<double> visible_s;
  double own_cpu_s = 0;                // while sending
  std::optional<double> server_cpu_s;  // until visible; without reading back until the server has closed all connections

  VerifyMode verified = VerifyMode::off;
  uint64_t rows_checked = 0;
  uint64_t cells_checked = 0;
  uint64_t mismatch_count = 0;
  std::vector<std::string> mismatches;  // the first ones
};

// invalid_argument and failed_precondition: nothing was sent. `observer` may be null.
absl::StatusOr<LoadReport> run_load(const LoadOptions& options, LoadObserver* observer);

// Makes the rows and sends none: what the generator alone can do.
absl::StatusOr<LoadReport> run_dry(const RowPlan& plan, size_t batch_size);

// The report for a person, lines aligned, and as a JSON object.
std::string report_text(const LoadReport& report);
std::string report_json(const LoadOptions& options, const LoadReport& report);

}  // namespace tools
