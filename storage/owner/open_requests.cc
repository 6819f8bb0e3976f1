#include "storage/owner/open_requests.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "engine/base/verify.h"

namespace storage {

std::vector<ResolvedSymbols> resolved_symbols(const RoutedBatch& batch) {
  std::vector<ResolvedSymbols> symbols;
  for (const BatchSymbols& column : batch.symbols) {
    ResolvedSymbols& resolved = symbols.emplace_back(ResolvedSymbols{.column = column.column, .ids = {}});
    for (const BatchSymbols::Entry& entry : column.entries) resolved.ids.push_back(entry.id);
  }
  return symbols;
}

void OpenRequests::add(const RoutedBatch& batch, Lsn lsn) {
  Parts& parts = parts_[{batch.request, batch.lane}];
  if (parts.count == 0) {
    parts.first = lsn;
    needed_.insert(lsn);
    open_.emplace(lsn, batch.request);
  }
  VERIFY_LT(parts.first.value, lsn.value + 1);
  ++parts.count;
  parts.size += batch.body.size();
  size_ += batch.body.size();
}

void OpenRequests::add_rejected(const RoutedBatch& batch) { parts_[{batch.request, batch.lane}].is_rejected = true; }

size_t OpenRequests::size_of(RequestId request) const {
  size_t size = 0;
  for (const auto& [key, parts] : parts_) {
    if (key.first == request) size += parts.size;
  }
  return size;
}

void OpenRequests::keep_rows(const RoutedBatch& batch) {
  const auto parts = parts_.find(Key{batch.request, batch.lane});
  VERIFY(parts != parts_.end());  // it is abandoned when its parts are home, not before
  parts->second.rows.push_back({.body = batch.body, .symbols = resolved_symbols(batch), .rows = batch.rows});
  VERIFY_LE(parts->second.rows.size(), parts->second.count);
}

std::optional<absl::Status> OpenRequests::check(const RequestAsk& commit) const {
  bool is_complete = true;
  for (const RequestAsk::Lane& lane : commit.lanes) {
    const auto parts = parts_.find(Key{commit.request, lane.lane});
    const bool is_rejected = parts != parts_.end() && parts->second.is_rejected;
    if (is_rejected) return engine::resource_exhausted("a part of the request was rejected");
    is_complete &= parts != parts_.end() && parts->second.count == lane.parts;
  }
  if (!is_complete) return std::nullopt;
  return absl::OkStatus();
}

void OpenRequests::commit(RequestId request, LaneId lane, Txn txn) {
  const Parts& parts = parts_.at({request, lane});
  open_.erase(parts.first);
  committed_[lane].push_back({.txn = txn, .first = parts.first});
}

std::vector<PartRows> OpenRequests::take_rows(RequestId request, LaneId lane) {
  auto node = parts_.extract(Key{request, lane});
  VERIFY(!node.empty());
  std::deque<PartRows>& rows = node.mapped().rows;
  VERIFY_EQ(rows.size(), node.mapped().count);
  for (const PartRows& part : rows) size_ -= part.body.size();
  return {std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end())};
}

void OpenRequests::forget(LaneId lane, Txn checkpointed) {
  const auto found = committed_.find(lane);
  if (found == committed_.end()) return;
  std::deque<Committed>& commits = found->second;
  while (!commits.empty() && commits.front().txn <= checkpointed) {
    release(commits.front().first);
    commits.pop_front();
  }
  if (commits.empty()) committed_.erase(found);
}

void OpenRequests::keep_decision(RequestId request, Lsn lsn) {
  VERIFY(decisions_.emplace(request, lsn).second);
  needed_.insert(lsn);
}

void OpenRequests::conclude(RequestId request) {
  const auto found = decisions_.find(request);
  if (found == decisions_.end()) return;
  release(found->second);
  decisions_.erase(found);
}

bool OpenRequests::has_parts(LaneId lane) const {
  return std::ranges::any_of(parts_, [lane](const auto& parts) { return parts.first.second == lane; });
}

uint32_t OpenRequests::frame_count(RequestId request, LaneId lane) const {
  const auto parts = parts_.find(Key{request, lane});
  return parts == parts_.end() ? 0 : parts->second.count;
}

void OpenRequests::abort(RequestId request, LaneId lane, Txn txn) {
  const auto node = parts_.extract(Key{request, lane});
  VERIFY(!node.empty());
  for (const PartRows& part : node.mapped().rows) size_ -= part.body.size();
  VERIFY_EQ(node.mapped().rows.size(), node.mapped().count);  // all are home
  open_.erase(node.mapped().first);
  committed_[lane].push_back({.txn = txn, .first = node.mapped().first});
}

std::optional<OpenRequests::Oldest> OpenRequests::oldest_open() const {
  if (open_.empty() || open_.begin()->second == hurried_) return std::nullopt;
  return Oldest{.request = open_.begin()->second, .first = open_.begin()->first};
}

void OpenRequests::release(Lsn lsn) {
  const auto found = needed_.find(lsn);
  VERIFY(found != needed_.end());
  needed_.erase(found);
}

}  // namespace storage
