#include "net/ingest/ledger.h"

#include <algorithm>

#include "engine/base/verify.h"

namespace net {

void LedgerTotals::add(const SenderRecord& record) {
  bytes_received += record.bytes_received;
  rows_received += record.sender.received();
  rows_durable += record.sender.durable();
  rows_rejected += record.sender.rejected();
}

SenderRecord& Ledger::open(Transport transport, engine::SocketAddress peer, engine::WallTime now) {
  auto record = std::make_unique<SenderRecord>();
  record->id = next_id_++;
  record->transport = transport;
  record->peer = peer;
  record->opened = now;
  records_.push_back(std::move(record));
  ++open_count_;
  return *records_.back();
}

void Ledger::close(SenderRecord& record, engine::WallTime now) {
  VERIFY(record.is_open);
  record.is_open = false;
  record.closed = now;
  --open_count_;
  push_out_closed();
}

// Those with rows on their way have to stay, beyond closed_max if need be: a later call makes up for it.
void Ledger::push_out_closed() {
  while (records_.size() - open_count_ > closed_max) {
    const auto oldest =
        std::ranges::find_if(records_, [](const auto& record) { return !record->is_open && record->sender.settled(); });
    if (oldest == records_.end()) return;
    pushed_out_.add(**oldest);
    records_.erase(oldest);
  }
}

LedgerTotals Ledger::totals() const {
  LedgerTotals totals = pushed_out_;
  for (const std::unique_ptr<SenderRecord>& record : records_) totals.add(*record);
  return totals;
}

std::vector<LedgerRow> Ledger::rows() const {
  std::vector<LedgerRow> rows;
  rows.reserve(records_.size());
  for (const std::unique_ptr<SenderRecord>& record : records_) {
    const storage::Sender& sender = record->sender;
    rows.push_back({.id = record->id,
                    .transport = record->transport,
                    .peer = record->peer,
                    .opened = record->opened,
                    .closed = record->closed,
                    .is_open = record->is_open,
                    .bytes_received = record->bytes_received,
                    .rows_received = sender.received(),
                    .rows_durable = sender.durable(),
                    .rows_rejected = sender.rejected(),
                    .rows_repeated = sender.repeated(),
                    .rows_pending = sender.pending(),
                    .requests_repeated = sender.repeated_requests()});
  }
  return rows;
}

bool Ledger::settled() const {
  return std::ranges::all_of(records_, [](const auto& record) { return record->sender.settled(); });
}

}  // namespace net
