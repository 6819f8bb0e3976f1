#include "storage/apply/row_order.h"

#include <algorithm>
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
