#include "storage/owner/open_requests.h"

#include <algorithm>
#include <string>

#include "engine/base/verify.h"

namespace storage {

void OpenRequests::add(const RoutedBatch& batch, Lsn lsn, const WalFramePlace& place) {
  Parts& parts = parts_[{batch.request, batch.lane}];
  if (parts.count == 0) {
    parts.first = lsn;
    needed_.insert(lsn);
    open_.emplace(lsn, batch.request);
  }
  VERIFY_LT(parts.first.value, lsn.value + 1);
  ++parts.count;
  parts.log_size += place.size;
  ++parts_count_;
}

void OpenRequests::add_rejected(const RoutedBatch& batch) { parts_[{batch.request, batch.lane}].is_rejected = true; }

OpenRequests::Extent OpenRequests::extent_of(RequestId request) const {
  Extent extent;
  for (const auto& [key, parts] : parts_) {
    if (key.first != request) continue;
    extent.parts += parts.count;
    extent.log_size += parts.log_size;
  }
  return extent;
}

void OpenRequests::note_durable(const RoutedBatch& batch, const WalFramePlace& place) {
  const auto parts = parts_.find(Key{batch.request, batch.lane});
  VERIFY(parts != parts_.end());  // it is abandoned when its parts are home, not before
  parts->second.durable.add(batch, place, room_);
  VERIFY_LE(parts->second.durable.frame_count(), parts->second.count);
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

CommitRows OpenRequests::take_rows(RequestId request, LaneId lane) {
  auto node = parts_.extract(Key{request, lane});
  VERIFY(!node.empty());
  VERIFY_EQ(node.mapped().durable.frame_count(), node.mapped().count);
  parts_count_ -= node.mapped().count;
  return std::move(node.mapped().durable);
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
  VERIFY_EQ(node.mapped().durable.frame_count(), node.mapped().count);  // all are home
  node.mapped().durable.let_go(room_);
  parts_count_ -= node.mapped().count;
  open_.erase(node.mapped().first);
  committed_[lane].push_back({.txn = txn, .first = node.mapped().first});
}

std::optional<OpenRequests::Oldest> OpenRequests::oldest_open() const {
  if (open_.empty() || open_.begin()->second == hurried_.request) return std::nullopt;
  return Oldest{.request = open_.begin()->second, .first = open_.begin()->first};
}

void OpenRequests::release(Lsn lsn) {
  const auto found = needed_.find(lsn);
  VERIFY(found != needed_.end());
  needed_.erase(found);
}

}  // namespace storage
