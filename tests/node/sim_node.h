// A whole node in a simulated world: the shards, listeners and recovery that the server runs, stepped on one thread.
#pragma once

#include <memory>
#include <vector>

#include "net/node/node.h"
#include "net/node/node_shard.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_world.h"

namespace sim {

class SimNode final : public net::NodeListener {
 public:
  SimNode(SimWorld& world, const net::NodeOptions& options);
  ~SimNode();

  // Blocking: opens the data directory. An error with world.outage() set is the outage, not the node.
  absl::Status recover();

  // Blocking: WAL streams and lanes, then listeners. Needs recover().
  absl::Status start();

  // One turn of every shard in seeded order, then time moves on. False: nothing will ever happen by itself.
  bool step();

  // Everything that arrived is durable, applied and checkpointed. False: it did not get there within `steps_max`.
  bool stop(uint64_t steps_max);

  // What the ledgers say, of all shards.
  std::vector<net::LedgerRow> ledger() const;
  const storage::RecoveryReport& recovery() const { return node_->recovery(); }
  const net::NodeAddresses& addresses() const { return node_->addresses(); }
  net::NodeShard& shard(uint16_t index) { return node_->shard(index); }
  uint16_t shard_count() const { return shard_count_; }

  // The disk failed under a shard.
  const absl::Status& fatal() const { return fatal_; }

 private:
  void on_fatal(const absl::Status& status) override { fatal_ = status; }
  absl::Status run(net::NodePhase phase, uint64_t steps_max);

  SimWorld& world_;
  uint16_t shard_count_;
  absl::Status fatal_;
  std::vector<std::unique_ptr<SimBackend>> backends_;
  std::unique_ptr<net::Node> node_;
};

}  // namespace sim
