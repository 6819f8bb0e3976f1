#include "storage/apply/row_order.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/base/verify.h"

namespace storage {

namespace {

struct Key {
  int64_t timestamp;
  uint32_t row;
};

bool before(const Key& a, const Key& b) {
  return (a.timestamp < b.timestamp) | ((a.timestamp == b.timestamp) & (a.row < b.row));
}

struct Range {
  size_t begin;
  size_t end;
};

// A pile is a list of ascending ranges of rows, each beginning not before the one ahead of it has ended.
using Piles = std::vector<std::vector<Range>>;

Piles deal_to_piles(std::span<const int64_t> timestamps) {
  Piles piles;
  std::vector<int64_t> lasts;  // of the piles; they fall
  for (size_t begin = 0; begin < timestamps.size();) {
    size_t end = begin + 1;
    while (end < timestamps.size() && timestamps[end - 1] <= timestamps[end]) ++end;
    const auto pile = std::lower_bound(lasts.begin(), lasts.end(), timestamps[begin], std::greater<>());
    const auto index = static_cast<size_t>(pile - lasts.begin());
    if (pile == lasts.end()) {
      lasts.push_back(0);
      piles.emplace_back();
    }
    piles[index].push_back({begin, end});
    lasts[index] = timestamps[end - 1];
    // A long range may end after the last of the piles before: these take no more than it would, so they are just no longer
    // found.
    for (size_t i = index; i > 0 && lasts[i - 1] < lasts[i]; --i) lasts[i - 1] = lasts[i];
    begin = end;
  }
  return piles;
}

void merge(std::span<const Key> left, std::span<const Key> right, Key* target) {
  size_t l = 0;
  size_t r = 0;
  while (l < left.size() && r < right.size()) {
    const bool from_right = before(right[r], left[l]);
    *target++ = from_right ? right[r] : left[l];
    r += from_right ? 1 : 0;
    l += from_right ? 0 : 1;
  }
  target = std::copy(left.begin() + static_cast<std::ptrdiff_t>(l), left.end(), target);
  std::copy(right.begin() + static_cast<std::ptrdiff_t>(r), right.end(), target);
}

}  // namespace

std::vector<uint32_t> order_by_timestamp(std::span<const int64_t> timestamps) {
  VERIFY_LE(timestamps.size(), std::numeric_limits<uint32_t>::max());
  std::vector<Key> keys;
  keys.reserve(timestamps.size());
  std::vector<size_t> ends{0};  // of the sorted pieces of `keys`, from 0
  for (const std::vector<Range>& pile : deal_to_piles(timestamps)) {
    for (const Range& range : pile) {
      for (size_t row = range.begin; row < range.end; ++row) keys.push_back({timestamps[row], static_cast<uint32_t>(row)});
    }
    ends.push_back(keys.size());
  }
  std::vector<Key> merged(keys.size());
  while (ends.size() > 2) {
    std::vector<size_t> merged_ends{0};
    for (size_t i = 1; i < ends.size(); i += 2) {
      const size_t end = i + 1 < ends.size() ? ends[i + 1] : ends[i];
      const std::span<const Key> all(keys);
      merge(all.subspan(ends[i - 1], ends[i] - ends[i - 1]), all.subspan(ends[i], end - ends[i]), merged.data() + ends[i - 1]);
      merged_ends.push_back(end);
    }
    keys.swap(merged);
    ends = std::move(merged_ends);
  }
  std::vector<uint32_t> order(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) order[i] = keys[i].row;
  return order;
}

std::vector<RunShare> deal_to_runs(std::span<const int64_t> lasts, std::span<const int64_t> timestamps, const RowSlice& slice) {
  std::vector<RunShare> shares;
  const auto timestamp_at = [&](size_t place) { return timestamps[slice.row(place)]; };
  size_t place = slice.begin;
  // Rows only get later, so the runs that they go to only get earlier.
  size_t run_limit = lasts.size();
  while (place < slice.end) {
    const auto first = std::lower_bound(lasts.begin(), lasts.begin() + static_cast<std::ptrdiff_t>(run_limit),
                                        timestamp_at(place), std::greater<>());
    const auto run = static_cast<size_t>(first - lasts.begin());
    size_t end = slice.end;
    if (run > 0) {  // up to the first row that the run before takes
      size_t low = place + 1;
      while (low < end) {
        const size_t middle = low + (end - low) / 2;
        if (timestamp_at(middle) < lasts[run - 1]) {
          low = middle + 1;
        } else {
          end = middle;
        }
      }
      end = low;
    }
    shares.push_back({run, place, end});
    place = end;
    run_limit = run;
  }
  return shares;
}

}  // namespace storage
