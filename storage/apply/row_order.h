// In which order the rows of a block are written, and to which runs. Pure: no files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace storage {

// Rows of a block, in the order in which they are written. Borrows `order`.
struct RowSlice {
  std::span<const uint32_t> order;  // empty: each row at its own place
  size_t begin = 0;                 // places
  size_t end = 0;

  size_t size() const { return end - begin; }
  size_t row(size_t place) const { return order.empty() ? place : order[place]; }
};

// The rows sorted by timestamp, ties in order of arrival. Made for unions of few ascending sequences, which several senders
// make: what ascends is dealt to piles, and the piles are merged (Chandramouli, Goldstein: "Patience is a virtue", 2014).
// `steps`, where given, is increased by the comparisons and moves that it took: O(n log n) whatever the timestamps are, and
// about 3 n for a few sequences, however finely they are interleaved.
std::vector<uint32_t> order_by_timestamp(std::span<const int64_t> timestamps, uint64_t* steps = nullptr);

// Rows for one run: places [begin, end) of a sorted slice.
struct RunShare {
  size_t run = 0;  // position among the partition's runs; their number for a new one
  size_t begin = 0;
  size_t end = 0;

  friend bool operator==(const RunShare&, const RunShare&) = default;
};

// Deals rows, sorted by timestamp, to runs: each to the first run whose last timestamp is not after it, so that of equal
// timestamps the earlier row is in the earlier run (table/manifest.h). `lasts` are the runs' last timestamps, which fall
// strictly. Shares come in order of rows; no run gets two.
std::vector<RunShare> deal_to_runs(std::span<const int64_t> lasts, std::span<const int64_t> timestamps, const RowSlice& slice);

}  // namespace storage
