#include "perf/rows.h"

#include <string_view>

#include "engine/base/prng.h"

namespace perf {
namespace {

constexpr size_t buffer_size = 256 * 1024;

std::string decimal(engine::Prng& prng, uint64_t whole_max, size_t fraction_digits) {
  std::string text = std::to_string(prng.between(1, whole_max)) + '.';
  for (size_t i = 0; i < fraction_digits; ++i) text += static_cast<char>('0' + prng.below(10));
  return text;
}

std::string trades_row(engine::Prng& prng, uint64_t timestamp) {
  constexpr std::string_view symbols[] = {"BTC-USD", "ETH-USD", "SOL-USD", "ADA-USD", "XRP-USD"};
  return "trades,symbol=" + std::string(symbols[prng.below(5)]) + ",side=" + (prng.chance(1, 2) ? "sell" : "buy") +
         " price=" + decimal(prng, 99'999, 2) + ",amount=" + decimal(prng, 9, 6) + ' ' + std::to_string(timestamp) + '\n';
}

std::string tsbs_cpu_row(engine::Prng& prng, uint64_t timestamp) {
  const std::string zone = "eu-west-" + std::to_string(prng.between(1, 3));
  std::string row = "cpu,hostname=host_" + std::to_string(prng.below(4000)) + ",region=" + zone + ",datacenter=" + zone +
                    "b,rack=" + std::to_string(prng.below(100)) +
                    ",os=Ubuntu16.04LTS,arch=x86,team=SF,service=" + std::to_string(prng.below(20)) +
                    ",service_version=1,service_environment=production";
  constexpr std::string_view fields[] = {"user", "system",  "idle",  "nice",  "iowait",
                                         "irq",  "softirq", "steal", "guest", "guest_nice"};
  char separator = ' ';
  for (const std::string_view field : fields) {
    row += separator + ("usage_" + std::string(field)) + '=' + std::to_string(prng.below(101)) + 'i';
    separator = ',';
  }
  return row + ' ' + std::to_string(timestamp) + '\n';
}

template <typename MakeRow>
Rows make_rows(const MakeRow& make_row) {
  engine::Prng prng(1);
  Rows rows;
  for (uint64_t timestamp = 1'451'606'400'000'000'000; rows.text.size() < buffer_size; timestamp += 2'500'000) {
    rows.text += make_row(prng, timestamp);
    ++rows.count;
  }
  return rows;
}

}  // namespace

Rows make_trades() { return make_rows(trades_row); }

Rows make_tsbs_cpu() { return make_rows(tsbs_cpu_row); }

void set_counters(benchmark::State& state, const Rows& rows) {
  const auto count = static_cast<double>(rows.count);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(rows.text.size()));
  state.counters["bytes/row"] = static_cast<double>(rows.text.size()) / count;
  state.counters["row"] =
      benchmark::Counter(count, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

}  // namespace perf
