// How fast LineParser reads the two shapes of rows that Millrace is measured with, out of a buffer as large as a receive
// buffer.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/prng.h"
#include "engine/verify.h"
#include "net/line_parser.h"
#include "net/row_judge.h"
#include "storage/schema.h"

namespace {

constexpr size_t buffer_size = 256 * 1024;

std::string decimal(engine::Prng& prng, uint64_t whole_max, size_t fraction_digits) {
  std::string text = std::to_string(prng.between(1, whole_max)) + '.';
  for (size_t i = 0; i < fraction_digits; ++i) text += static_cast<char>('0' + prng.below(10));
  return text;
}

// 2 tags, 2 doubles: about 83 bytes.
std::string trades_row(engine::Prng& prng, uint64_t timestamp) {
  constexpr std::string_view symbols[] = {"BTC-USD", "ETH-USD", "SOL-USD", "ADA-USD", "XRP-USD"};
  return "trades,symbol=" + std::string(symbols[prng.below(5)]) + ",side=" + (prng.chance(1, 2) ? "sell" : "buy") +
         " price=" + decimal(prng, 99'999, 2) + ",amount=" + decimal(prng, 9, 6) + ' ' + std::to_string(timestamp) + '\n';
}

// What TSBS sends for cpu-only: 10 tags, 10 small integers, about 347 bytes.
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

struct Rows {
  std::string text;
  int64_t count = 0;
};

template <auto make_row>
Rows make_rows() {
  engine::Prng prng(1);
  Rows rows;
  for (uint64_t timestamp = 1'451'606'400'000'000'000; rows.text.size() < buffer_size; timestamp += 2'500'000) {
    rows.text += make_row(prng, timestamp);
    ++rows.count;
  }
  return rows;
}

// Calls `take_line` for every line, which must be good.
template <typename TakeLine>
void parse_all(net::LineParser& parser, const Rows& rows, const TakeLine& take_line) {
  std::string_view rest = rows.text;
  int64_t count = 0;
  for (;;) {
    const net::LineStep step = parser.consume(rest);
    rest.remove_prefix(step.consumed);
    if (step.event != net::LineEvent::line) break;
    take_line(parser.line());
    ++count;
  }
  VERIFY_EQ(count, rows.count);
}

// "row" is the time of one row.
void set_counters(benchmark::State& state, const Rows& rows) {
  const auto count = static_cast<double>(rows.count);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(rows.text.size()));
  state.counters["bytes/row"] = static_cast<double>(rows.text.size()) / count;
  state.counters["row"] =
      benchmark::Counter(count, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

template <auto make_row>
void parse_rows(benchmark::State& state) {
  const Rows rows = make_rows<make_row>();
  net::LineParser parser;
  for (auto _ : state) {
    parse_all(parser, rows, [](const net::ParsedLine& line) { benchmark::DoNotOptimize(line.entities.data()); });
  }
  set_counters(state, rows);
}

template <auto make_row>
void judge_rows(benchmark::State& state) {
  const Rows rows = make_rows<make_row>();
  net::LineParser parser;
  net::RowJudge judge(1);
  VERIFY(parser.consume(rows.text).event == net::LineEvent::line);
  VERIFY(judge.judge(parser.line(), nullptr) == net::Judgement::needs_table);
  const storage::Schema schema = storage::make_schema(storage::TableId{1}, judge.table_wish());
  for (auto _ : state) {
    parse_all(parser, rows, [&](const net::ParsedLine& line) {
      VERIFY(judge.judge(line, &schema) == net::Judgement::row);
      benchmark::DoNotOptimize(judge.row().cells.data());
    });
  }
  set_counters(state, rows);
}

}  // namespace

BENCHMARK(parse_rows<trades_row>)->Name("line_parser/trades");
BENCHMARK(parse_rows<tsbs_cpu_row>)->Name("line_parser/tsbs-cpu");
BENCHMARK(judge_rows<trades_row>)->Name("line_parser+row_judge/trades");
BENCHMARK(judge_rows<tsbs_cpu_row>)->Name("line_parser+row_judge/tsbs-cpu");
