// How fast LineParser reads the two shapes of rows that Millrace is measured with, out of a buffer as large as a receive
// buffer.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string_view>

#include "engine/base/verify.h"
#include "net/judge/row_judge.h"
#include "net/line/parser.h"
#include "perf/rows.h"
#include "storage/schema/schema.h"

namespace {

// Calls `take_line` for every line, which must be good.
template <typename TakeLine>
void parse_all(net::LineParser& parser, const perf::Rows& rows, const TakeLine& take_line) {
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

template <auto make_rows>
void parse_rows(benchmark::State& state) {
  const perf::Rows rows = make_rows();
  net::LineParser parser;
  for (auto _ : state) {
    parse_all(parser, rows, [](const net::ParsedLine& line) { benchmark::DoNotOptimize(line.entities.data()); });
  }
  perf::set_counters(state, rows);
}

template <auto make_rows>
void judge_rows(benchmark::State& state) {
  const perf::Rows rows = make_rows();
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
  perf::set_counters(state, rows);
}

}  // namespace

BENCHMARK(parse_rows<perf::make_trades>)->Name("line_parser/trades");
BENCHMARK(parse_rows<perf::make_tsbs_cpu>)->Name("line_parser/tsbs-cpu");
BENCHMARK(judge_rows<perf::make_trades>)->Name("line_parser+row_judge/trades");
BENCHMARK(judge_rows<perf::make_tsbs_cpu>)->Name("line_parser+row_judge/tsbs-cpu");
