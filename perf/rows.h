// The two shapes of rows that Millrace is measured with, as text in a buffer as large as a few receive buffers, and the
// counters of benchmarks that go over all of them once an iteration.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

namespace perf {

struct Rows {
  std::string text;
  int64_t count = 0;
};

Rows make_trades();    // 2 tags, 2 doubles: about 83 bytes
Rows make_tsbs_cpu();  // what TSBS sends for cpu-only: 10 tags, 10 small integers, about 347 bytes

// "row" is the time of one row.
void set_counters(benchmark::State& state, const Rows& rows);

}  // namespace perf
