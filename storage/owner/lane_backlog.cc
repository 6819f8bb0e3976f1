#include "storage/owner/lane_backlog.h"

#include <optional>
#include <string>
#include <utility>

#include "storage/wal/request_mark.h"

namespace storage {

std::vector<ResolvedSymbols> resolved_symbols(const RoutedBatch& batch) {
  std::vector<ResolvedSymbols> symbols;
  for (const BatchSymbols& column : batch.symbols) {
    ResolvedSymbols& resolved = symbols.emplace_back(ResolvedSymbols{.column = column.column, .ids = {}});
    for (const BatchSymbols::Entry& entry : column.entries) resolved.ids.push_back(entry.id);
  }
  return symbols;
}

// Behind the first one that found no room all are in the log, so that their order needs no further word.
void CommitRows::add(const RoutedBatch& batch, const WalFramePlace& place, RowRoom& room) {
  if (places.empty() && room.try_take(batch.body.size())) {
    kept.push_back({.body = batch.body, .symbols = resolved_symbols(batch)});
  } else {
    places.push_back(place);
  }
  rows += batch.rows;
  size += batch.body.size();
}

void CommitRows::let_go(RowRoom& room) {
  for (const LoggedRows& frame : kept) room.give_back(frame.body.size());
  kept.clear();
}

absl::Status WaitingCommit::check(const WalFrame& frame) const {
  bool is_expected = frame.type == FrameType::data && frame.txn == txn;
  if (request.number != 0) {
    const std::optional<RequestMark> mark = find_request_mark(frame.attachments);
    is_expected = frame.type == FrameType::part && mark && mark->request == request && mark->part == frames_taken + 1;
  }
  if (is_expected) return absl::OkStatus();
  return engine::data_loss("frame " + std::to_string(frame.lsn.value) + " of the log is not number " +
                           std::to_string(frames_taken + 1) + " of commit " + std::to_string(txn.value));
}

void LaneBacklog::push(WaitingCommit commit) {
  VERIFY(commits_.empty() || commits_.back().txn < commit.txn);
  memory_size_ += size_of(commit);
  commits_.push_back(std::move(commit));
}

void LaneBacklog::pop() {
  VERIFY(commits_.front().is_taken());
  memory_size_ -= size_of(commits_.front());
  commits_.pop_front();
}

size_t LaneBacklog::size_of(const WaitingCommit& commit) {
  return sizeof(WaitingCommit) + commit.rows.kept.size() * sizeof(LoggedRows) +
         commit.rows.places.size() * sizeof(WalFramePlace);
}

}  // namespace storage
