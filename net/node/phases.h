// The phases through which the steering thread leads the shards of a node, and what a shard answers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/status.h"
#include "net/ingest/ledger.h"
#include "net/node/options.h"

namespace net {

// What a shard has done since its start.
struct ShardFigures {
  LedgerTotals senders;
  uint64_t wal_size_held = 0;   // bytes of segments that are not released
  uint64_t rows_unapplied = 0;  // durable, not yet in column files
  size_t connections = 0;
  uint64_t datagrams_lost = 0;  // the kernel had no room for them
};

enum class NodePhase : uint8_t {
  start,   // WAL stream opened, lanes loaded
  open,    // listeners opened
  spread,  // datagrams received by the other shards, too, at the port that the first one has chosen
  report,  // figures taken
  drain,   // nothing is accepted any more, what has arrived is durable
  finish,  // everything is applied and checkpointed
};

// Lent to a shard for the time of a phase.
struct ControlStep {
  NodePhase phase{};
  absl::Status status;
  NodeAddresses addresses;  // phase open: of shard 0; later the same
  ShardFigures figures;     // phase report
};

// Called on the thread of the shard whose disk failed: nothing more is acked, the process ends.
class NodeListener {
 public:
  virtual void on_fatal(const absl::Status& status) = 0;

 protected:
  ~NodeListener() = default;
};

}  // namespace net
