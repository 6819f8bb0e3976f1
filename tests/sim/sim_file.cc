#include "tests/sim/sim_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/verify.h"

namespace sim {
namespace {

bool all_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

void SparseBytes::write(uint64_t offset, std::span<const std::byte> source) {
  while (!source.empty()) {
    const uint64_t page = offset / engine::block_size;
    const uint64_t start = offset % engine::block_size;
    const auto piece = source.first(std::min<uint64_t>(source.size(), engine::block_size - start));
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (pages_[page] == nullptr && !all_zero(piece)) pages_[page] = std::make_unique<Page>();
    if (pages_[page] != nullptr) std::memcpy(pages_[page]->data() + start, piece.data(), piece.size());
    source = source.subspan(piece.size());
    offset += piece.size();
  }
}

void SparseBytes::read(uint64_t offset, std::span<std::byte> target) const {
  while (!target.empty()) {
    const uint64_t page = offset / engine::block_size;
    const uint64_t start = offset % engine::block_size;
    const auto piece = target.first(std::min<uint64_t>(target.size(), engine::block_size - start));
    if (page < pages_.size() && pages_[page] != nullptr) {
      std::memcpy(piece.data(), pages_[page]->data() + start, piece.size());
    } else {
      std::memset(piece.data(), 0, piece.size());
    }
    target = target.subspan(piece.size());
    offset += piece.size();
  }
}

void SparseBytes::flip_bit(uint64_t offset, unsigned bit) {
  VERIFY_LT(bit, 8U);
  std::byte value{};
  read(offset, {&value, 1});
  value ^= std::byte{1} << bit;
  write(offset, {&value, 1});
}

size_t SimFile::read_durable(uint64_t offset, std::span<std::byte> target) const {
  if (offset >= durable_size_) return 0;
  target = target.first(std::min<uint64_t>(target.size(), durable_size_ - offset));
  durable_.read(offset, target);
  return target.size();
}

size_t SimFile::read(uint64_t offset, std::span<std::byte> target) const {
  if (offset >= size_) return 0;
  target = target.first(std::min<uint64_t>(target.size(), size_ - offset));
  durable_.read(offset, target);
  const uint64_t end = offset + target.size();
  for (const Change& change : changes_) {
    if (!change.overlaps(offset, end)) continue;
    const uint64_t first = std::max(offset, change.offset);
    const uint64_t last = std::min(end, change.bytes_end());
    std::memcpy(target.data() + (first - offset), change.bytes.data() + (first - change.offset), last - first);
  }
  return target.size();
}

void SimFile::write(ChangeId id, uint64_t offset, std::span<const std::byte> source) {
  VERIFY(!source.empty());
  const uint64_t end = offset + source.size();
  changes_.push_back({.id = id, .offset = offset, .bytes = {source.begin(), source.end()}, .end = end});
  size_ = std::max(size_, end);
}

void SimFile::extend(ChangeId id, uint64_t size_min) {
  if (size_min <= size_) return;
  changes_.push_back({.id = id, .offset = size_, .end = size_min});
  size_ = size_min;
}

void SimFile::apply(const Change& change) {
  durable_.write(change.offset, change.bytes);
  durable_size_ = std::max(durable_size_, change.end);
}

// Keeps of every change only what is outside [first, last), because newer bytes are durable there.
void SimFile::cut(std::vector<Change>& changes, uint64_t first, uint64_t last) {
  std::vector<Change> pieces;
  for (Change& change : changes) {
    if (!change.overlaps(first, last)) {
      pieces.push_back(std::move(change));
      continue;
    }
    if (change.offset < first) {
      Change head = change;
      head.bytes.resize(first - change.offset);
      pieces.push_back(std::move(head));
    }
    if (change.bytes_end() > last) {
      Change tail = change;
      tail.bytes.erase(tail.bytes.begin(), tail.bytes.begin() + static_cast<std::ptrdiff_t>(last - change.offset));
      tail.offset = last;
      pieces.push_back(std::move(tail));
    }
  }
  changes = std::move(pieces);
}

template <typename Predicate>
void SimFile::persist_if(Predicate wanted) {
  std::vector<Change> left;
  for (Change& change : changes_) {
    if (!wanted(change)) {
      left.push_back(std::move(change));
      continue;
    }
    apply(change);
    if (!left.empty()) cut(left, change.offset, change.bytes_end());
  }
  changes_ = std::move(left);
}

void SimFile::persist_until(ChangeId last) {
  persist_if([last](const Change& change) { return change.id <= last && !change.forgotten; });
}

void SimFile::persist_one(ChangeId id) {
  persist_if([id](const Change& change) { return change.id == id; });
}

void SimFile::fail_sync(ChangeId last, engine::Prng& prng) {
  for (Change& change : changes_) change.forgotten = change.forgotten || (change.id <= last && prng.chance(1, 2));
  persist_until(last);
}

bool SimFile::is_durable(uint64_t offset, uint64_t size) const {
  const uint64_t end = offset + size;
  if (end > durable_size_) return false;
  return std::ranges::none_of(changes_, [&](const Change& change) { return change.overlaps(offset, end); });
}

bool SimFile::is_dirty() const {
  return std::ranges::any_of(changes_, [](const Change& change) { return !change.forgotten; });
}

std::optional<ChangeId> SimFile::youngest_write() const {
  std::optional<ChangeId> youngest;
  for (const Change& change : changes_) {
    if (!change.bytes.empty()) youngest = std::max(youngest.value_or(0), change.id);
  }
  return youngest;
}

void SimFile::apply_torn(const Change& change, uint64_t tear_size, engine::Prng& prng) {
  const uint64_t grid = engine::align_down(change.offset, tear_size);
  const uint64_t count = engine::div_ceil(change.bytes_end() - grid, tear_size);
  // One piece survives and another one does not, where there are two; each of the rest as it comes.
  const uint64_t kept = prng.below(std::max<uint64_t>(count, 1));
  const uint64_t lost = count < 2 ? count : (kept + prng.between(1, count - 1)) % count;
  uint64_t kept_end = 0;
  for (uint64_t index = 0; index < count; ++index) {
    const bool coin = prng.chance(1, 2);
    if (index == lost || (!coin && (index != kept || count < 2))) continue;
    const uint64_t first = std::max(grid + index * tear_size, change.offset);
    const uint64_t last = std::min(grid + (index + 1) * tear_size, change.bytes_end());
    durable_.write(first, std::span(change.bytes).subspan(first - change.offset, last - first));
    kept_end = last;
  }
  // The size is metadata: it may have become durable without the bytes, which then read as zeros.
  durable_size_ = std::max(durable_size_, prng.chance(1, 2) ? change.end : kept_end);
}

void SimFile::crash(const CrashPlan& plan, uint64_t tear_size, std::optional<ChangeId> youngest, engine::Prng& prng) {
  // Per file, so that "everything kept", "everything lost" and every mixture all occur.
  const uint64_t kept_of_4 = prng.below(5);
  const uint64_t torn_of_4 = prng.below(4);
  const uint64_t size_before = durable_size_;
  for (const Change& change : changes_) {
    if (change.forgotten) continue;
    Fate fate = plan.last_write.has_value() && change.id == youngest ? *plan.last_write : plan.writes;
    if (fate == Fate::seeded) {
      fate = prng.chance(torn_of_4, 4) ? Fate::torn : prng.chance(kept_of_4, 4) ? Fate::kept : Fate::lost;
    }
    if (fate == Fate::kept) apply(change);
    if (fate == Fate::torn) apply_torn(change, tear_size, prng);
  }
  VERIFY_GE(durable_size_, size_before);
  changes_.clear();
  size_ = durable_size_;
}

}  // namespace sim
