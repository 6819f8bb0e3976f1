#include "storage/apply/row_order.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "engine/base/prng.h"
#include "tests/catch.h"

namespace storage {
namespace {

std::vector<uint32_t> stable_order(const std::vector<int64_t>& timestamps) {
  std::vector<uint32_t> order(timestamps.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, {}, [&timestamps](uint32_t row) { return timestamps[row]; });
  return order;
}

TEST_CASE("row_order: sorted by timestamp, ties in order of arrival") {
  engine::Prng prng(5);
  for (int round = 0; round < 300; ++round) {
    const uint64_t senders = 1 + prng.below(6);
    const uint64_t distinct = uint64_t{1} << prng.below(20);
    const uint64_t late_rate = prng.chance(1, 3) ? prng.below(1000) : 0;
    std::vector<int64_t> clocks(senders);
    std::vector<int64_t> timestamps;
    const uint64_t count = prng.below(2000);
    while (timestamps.size() < count) {
      int64_t& clock = clocks[prng.below(senders)];
      for (uint64_t i = prng.below(50); i > 0; --i) {
        clock += static_cast<int64_t>(prng.below(distinct));
        timestamps.push_back(prng.chance(late_rate, 1000) ? clock / 2 : clock);
      }
    }
    REQUIRE(order_by_timestamp(timestamps) == stable_order(timestamps));
  }
}

TEST_CASE("row_order: falling timestamps") {
  std::vector<int64_t> timestamps(5000);
  for (size_t i = 0; i < timestamps.size(); ++i) timestamps[i] = -static_cast<int64_t>(i);
  CHECK(order_by_timestamp(timestamps) == stable_order(timestamps));
  CHECK(order_by_timestamp({}).empty());
}

// Rows of `count` sequences, each in order, by turns, `gap` apart.
std::vector<int64_t> interleaved(size_t count, size_t rows, int64_t gap) {
  std::vector<int64_t> timestamps(rows);
  for (size_t i = 0; i < rows; ++i) {
    timestamps[i] = static_cast<int64_t>(i / count) + gap * static_cast<int64_t>(i * 7 % count);
  }
  return timestamps;
}

uint64_t steps_of(const std::vector<int64_t>& timestamps) {
  uint64_t steps = 0;
  REQUIRE(order_by_timestamp(timestamps, &steps) == stable_order(timestamps));
  return steps;
}

TEST_CASE("row_order: sequences that are interleaved row by row cost little more than one") {
  constexpr size_t rows = 40'000;
  CHECK(steps_of(interleaved(1, rows, 0)) <= 3 * rows);
  for (const int64_t gap : {int64_t{1}, int64_t{100}, int64_t{86'400'000'000}, int64_t{-100}}) {
    CHECK(steps_of(interleaved(2, rows, gap)) <= 5 * rows);
    CHECK(steps_of(interleaved(5, rows, gap)) <= 10 * rows);
  }
}

TEST_CASE("row_order: no timestamps cost more than a sort") {
  engine::Prng prng(6);
  constexpr size_t rows = 1 << 15;
  constexpr uint64_t bound = rows * (2 * 15 + 3);
  std::vector<int64_t> timestamps(rows);
  SECTION("falling") {
    std::ranges::generate(timestamps, [next = int64_t{rows}]() mutable { return --next; });
  }
  SECTION("random") {
    std::ranges::generate(timestamps, [&prng] { return static_cast<int64_t>(prng.below(1 << 30)); });
  }
  SECTION("one row of the first sequence, then two of falling pairs") {
    for (size_t i = 0; i < rows; ++i) timestamps[i] = static_cast<int64_t>(i % 2 == 0 ? rows - i : rows + i);
  }
  SECTION("ranges that each begin below and end above all before") {
    for (size_t i = 0; i < rows; ++i) {
      const auto range = static_cast<int64_t>(i / 32);
      timestamps[i] = i % 32 < 16 ? -100 * range + static_cast<int64_t>(i % 32) : 100 * range + static_cast<int64_t>(i % 32);
    }
  }
  CHECK(steps_of(timestamps) <= bound);
}

TEST_CASE("row_order: the edges of int64 find their places") {
  constexpr int64_t low = std::numeric_limits<int64_t>::min();
  constexpr int64_t high = std::numeric_limits<int64_t>::max();
  steps_of({high, low, high, low, 0, high, low, low, high, high});
  steps_of({low, high, low + 1, high - 1, low, high});
}

TEST_CASE("row_order: rows go to the first run that ends before them") {
  const std::vector<int64_t> timestamps{1, 3, 5, 5, 9, 20, 30};
  const RowSlice slice{{}, 0, timestamps.size()};
  const auto deal = [&](std::vector<int64_t> lasts) { return deal_to_runs(lasts, timestamps, slice); };
  CHECK(deal({}) == std::vector<RunShare>{{0, 0, 7}});
  CHECK(deal({1}) == std::vector<RunShare>{{0, 0, 7}});
  CHECK(deal({5}) == std::vector<RunShare>{{1, 0, 2}, {0, 2, 7}});
  CHECK(deal({20, 5, 2}) == std::vector<RunShare>{{3, 0, 1}, {2, 1, 2}, {1, 2, 5}, {0, 5, 7}});
  CHECK(deal({100, 90}) == std::vector<RunShare>{{2, 0, 7}});
}

TEST_CASE("row_order: the last timestamps of runs always fall, and a merge by time and run restores the order of arrival") {
  engine::Prng prng(9);
  for (int round = 0; round < 50; ++round) {
    struct Row {
      int64_t timestamp;
      size_t arrival;
    };
    std::vector<std::vector<Row>> runs;
    size_t arrivals = 0;
    std::vector<Row> all;
    for (int block = 0; block < 20; ++block) {
      std::vector<int64_t> timestamps;
      for (uint64_t i = prng.below(20); i > 0; --i) timestamps.push_back(block * 5 + static_cast<int64_t>(prng.below(30)));
      const std::vector<uint32_t> order = order_by_timestamp(timestamps);
      std::vector<int64_t> lasts;
      for (const std::vector<Row>& run : runs) lasts.push_back(run.back().timestamp);
      for (const RunShare& share : deal_to_runs(lasts, timestamps, {order, 0, timestamps.size()})) {
        if (share.run == runs.size()) runs.emplace_back();
        for (size_t place = share.begin; place < share.end; ++place) {
          runs[share.run].push_back({timestamps[order[place]], arrivals + order[place]});
        }
      }
      for (size_t i = 0; i < timestamps.size(); ++i) all.push_back({timestamps[i], arrivals + i});
      arrivals += timestamps.size();
      for (size_t run = 1; run < runs.size(); ++run) {
        REQUIRE(runs[run].back().timestamp < runs[run - 1].back().timestamp);
      }
    }
    std::vector<Row> merged;
    for (const std::vector<Row>& run : runs) {
      REQUIRE(std::ranges::is_sorted(run, {}, &Row::timestamp));
      merged.insert(merged.end(), run.begin(), run.end());
    }
    std::ranges::stable_sort(merged, {}, &Row::timestamp);
    std::ranges::stable_sort(all, {}, &Row::timestamp);
    REQUIRE(std::ranges::equal(merged, all, {}, &Row::arrival, &Row::arrival));
  }
}

}  // namespace
}  // namespace storage
