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

// Rows that follow each other, ascend, and lie on one pile.
struct Piece {
  uint32_t pile;
  uint32_t begin;
  uint32_t end;
};

struct Piles {
  std::vector<Piece> pieces;  // in order of rows; those of one pile, one behind the other, ascend
  std::vector<size_t> sizes;  // rows of each pile
};

// Each row goes to the first pile whose last timestamp is not after it, so the lasts always fall strictly and there are no more
// piles than needed. What ascends stays on its pile until the pile before takes it: cut there, a range that begins below a pile
// and ends above it is no reason for a further one.
Piles deal_to_piles(std::span<const int64_t> timestamps, uint64_t& steps) {
  Piles piles;
  std::vector<int64_t> lasts;  // of the piles
  for (size_t begin = 0; begin < timestamps.size();) {
    const auto ends_after = [&steps](int64_t last, int64_t timestamp) {
      ++steps;
      return last > timestamp;
    };
    const auto found = std::lower_bound(lasts.begin(), lasts.end(), timestamps[begin], ends_after);
    const auto pile = static_cast<size_t>(found - lasts.begin());
    if (found == lasts.end()) {
      lasts.push_back(timestamps[begin]);
      piles.sizes.push_back(0);
    }
    const int64_t latest = pile == 0 ? std::numeric_limits<int64_t>::max() : lasts[pile - 1] - 1;
    size_t end = begin + 1;
    while (end < timestamps.size() && timestamps[end - 1] <= timestamps[end] && timestamps[end] <= latest) ++end;
    VERIFY_LE(timestamps[end - 1], latest);
    lasts[pile] = timestamps[end - 1];
    piles.pieces.push_back({static_cast<uint32_t>(pile), static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
    piles.sizes[pile] += end - begin;
    steps += end - begin;
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

std::vector<uint32_t> order_by_timestamp(std::span<const int64_t> timestamps, uint64_t* steps) {
  VERIFY_LE(timestamps.size(), std::numeric_limits<uint32_t>::max());
  uint64_t taken = 0;
  const Piles piles = deal_to_piles(timestamps, taken);
  std::vector<size_t> ends{0};  // of the sorted parts of `keys`, from 0
  for (const size_t size : piles.sizes) ends.push_back(ends.back() + size);
  std::vector<Key> keys(timestamps.size());
  std::vector<size_t> next(ends.begin(), ends.end() - 1);  // place of each pile's next row
  for (const Piece& piece : piles.pieces) {
    size_t& place = next[piece.pile];
    for (uint32_t row = piece.begin; row < piece.end; ++row) keys[place++] = {timestamps[row], row};
  }
  VERIFY_EQ(ends.back(), keys.size());
  taken += keys.size();
  std::vector<Key> merged(keys.size());
  while (ends.size() > 2) {
    std::vector<size_t> merged_ends{0};
    for (size_t i = 1; i < ends.size(); i += 2) {
      const size_t end = i + 1 < ends.size() ? ends[i + 1] : ends[i];
      const std::span<const Key> all(keys);
      merge(all.subspan(ends[i - 1], ends[i] - ends[i - 1]), all.subspan(ends[i], end - ends[i]), merged.data() + ends[i - 1]);
      merged_ends.push_back(end);
    }
    taken += keys.size();
    keys.swap(merged);
    ends = std::move(merged_ends);
  }
  std::vector<uint32_t> order(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) order[i] = keys[i].row;
  if (steps != nullptr) *steps += taken;
  return order;
}

//   lasts of runs 0, 1, 2:  50 30 10      rows    5 | 12 12 | 35 | 60 70
//                                         to run  3 |   2   |  1 |   0        run 3 is new
std::vector<RunShare> deal_to_runs(std::span<const int64_t> lasts, std::span<const int64_t> timestamps, const RowSlice& slice) {
  VERIFY_DEBUG(std::ranges::is_sorted(lasts, std::greater_equal<>()));
  VERIFY_LE(slice.end, timestamps.size());
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
    VERIFY_LT(place, end);
    VERIFY(shares.empty() || run < shares.back().run);
    shares.push_back({run, place, end});
    place = end;
    run_limit = run;
  }
  return shares;
}

}  // namespace storage
