// A whole node in a simulated world: the shards, the reader and the steering thread that the server runs, each on a thread of
// SimThreads, so that they sleep and wake as the server's do. What a thread is not woken for, it does not see.
//
// Times are the world's. A node is made for each start, and destroyed before the world restarts.
#pragma once

#include <deque>
#include <initializer_list>
#include <memory>
#include <vector>

#include "engine/shard/loop.h"
#include "net/node/node.h"
#include "net/node/node_shard.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_options.h"
#include "tests/sim/sim_threads.h"
#include "tests/sim/sim_world.h"

namespace sim {

// What a node of a test is made of: a few KiB of everything, so that limits are met and files change soon. Nothing listens.
net::NodeOptions small_node();
// The address that means "any free port"; for NodeOptions.
inline constexpr engine::SocketAddress any_port = engine::SocketAddress::loopback(0);

class SimNode final : public net::NodeListener, private engine::Loop {
 public:
  SimNode(SimWorld& world, const net::NodeOptions& options, const BackendOptions& backend = {});
  ~SimNode();

  // Blocking: opens the data directory. An error with world.outage() set is the outage, not the node.
  absl::Status recover();

  // Blocking: WAL streams and lanes, then listeners. Needs recover().
  absl::Status start();

  // One turn of one thread that is due, or else time passes, up to `limit`. False: nothing happens before `limit`.
  bool step(engine::Instant limit = engine::instant_never) { return threads_.step(limit); }
  // Time passes, and whatever is due in it happens.
  void run_for(engine::Duration time);
  // Until `done()`. False: it was not within `time`.
  template <typename Done>
  bool run_until(Done done, engine::Duration time) {
    return threads_.run_until(done, world_.now() + time);
  }

  // While it is held the thread of a shard gets no CPU: it is in one long turn.
  void hold_shard(uint16_t index, bool held) { backends_[index]->set_held(held); }

  // Everything that arrived is durable, applied and checkpointed. An error: it did not get there in `time`.
  absl::Status stop(engine::Duration time);

  // What the ledgers say, of all shards.
  std::vector<net::LedgerRow> ledger() const;
  const storage::RecoveryReport& recovery() const { return node_->recovery(); }
  const net::NodeAddresses& addresses() const { return node_->addresses(); }
  net::NodeShard& shard(uint16_t index) { return node_->shard(index); }
  const net::NodeShard& shard(uint16_t index) const { return node_->shard(index); }
  uint16_t shard_count() const { return shard_count_; }

  size_t buffers_lent() const;  // for receiving, by all threads

  // The disk failed under a shard.
  const absl::Status& fatal() const { return fatal_; }

 private:
  void on_fatal(const absl::Status& status) override { fatal_ = status; }
  absl::Status run(std::initializer_list<net::NodePhase> phases, engine::Duration time);

  // The steering thread.
  void run_once() override;
  engine::IoBackend& backend() override { return *backends_.back(); }
  void run_phase(net::NodePhase phase);

  SimWorld& world_;
  uint16_t shard_count_;
  uint16_t reader_count_;
  absl::Status fatal_;
  std::vector<std::unique_ptr<SimBackend>> backends_;
  std::unique_ptr<net::Node> node_;
  SimThreads threads_;
  std::deque<net::NodePhase> phases_;  // that the steering thread has still to lead the node through
  absl::Status phase_status_;
  bool ending_ = false;
};

}  // namespace sim
