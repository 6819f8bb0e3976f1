// Who sent how much, and what became of it: one record per TCP or HTTP connection and UDP socket of a shard. Closed connections
// stay listed until closed_max newer ones have closed and their own rows are settled.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/io/backend.h"
#include "storage/route/sender.h"

namespace net {

enum class Transport : uint8_t { tcp, udp, http };

constexpr std::string_view transport_name(Transport transport) {
  constexpr std::array<std::string_view, 3> names = {"tcp", "udp", "http"};
  return names[static_cast<size_t>(transport)];
}

// Belongs to its shard; readers get copies (LedgerRow).
struct SenderRecord {
  uint64_t id = 0;  // unique in the node: shard in the upper 16 bits, count in the others
  Transport transport{};
  engine::SocketAddress peer;  // of a UDP record: zero, any peer
  engine::WallTime opened;
  engine::WallTime closed;
  bool is_open = true;
  uint64_t bytes_received = 0;
  storage::Sender sender;
};

struct LedgerRow {
  uint64_t id = 0;
  Transport transport{};
  engine::SocketAddress peer;
  engine::WallTime opened;
  engine::WallTime closed;
  bool is_open = false;
  uint64_t bytes_received = 0;
  uint64_t rows_received = 0;
  uint64_t rows_durable = 0;
  uint64_t rows_rejected = 0;
  uint64_t rows_repeated = 0;  // of requests that were stored before
  uint64_t rows_pending = 0;
  uint64_t requests_repeated = 0;
};

// All records of one shard. Belongs to the reader that asks.
struct LedgerAsk {
  engine::ShardId reader;
  std::vector<LedgerRow> rows;
};

// Of all senders since the start.
struct LedgerTotals {
  uint64_t bytes_received = 0;
  uint64_t rows_received = 0;
  uint64_t rows_durable = 0;
  uint64_t rows_rejected = 0;

  void add(const SenderRecord& record);
};

class Ledger {
 public:
  static constexpr size_t closed_max = 1000;

  explicit Ledger(engine::ShardId shard) : next_id_(uint64_t{shard.value} << 48) {}

  // The record stays until it is closed, settled and pushed out.
  SenderRecord& open(Transport transport, engine::SocketAddress peer, engine::WallTime now);
  void close(SenderRecord& record, engine::WallTime now);

  std::vector<LedgerRow> rows() const;
  LedgerTotals totals() const;

  // No row of any sender is on its way.
  bool settled() const;

 private:
  void push_out_closed();

  std::deque<std::unique_ptr<SenderRecord>> records_;  // in order of opening
  LedgerTotals pushed_out_;
  uint64_t next_id_;
  size_t open_count_ = 0;  // of the records
};

}  // namespace net
