// A node: its shards, its readers and the thread that steers them. Composes what the other files build; owns no thread itself:
// the server runs each loop on a thread of its own, the simulator steps them all.
//
//   recover() -> start -> open -> serving, report now and then -> drain -> finish -> destroyed
//
// A phase is asked for by the steering thread and done when every shard has answered.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/io/backend.h"
#include "engine/shard/loop.h"
#include "engine/shard/mesh.h"
#include "net/node/options.h"
#include "net/node/phases.h"
#include "net/route/messages.h"
#include "storage/recovery/recovery.h"

namespace net {

class NodeShard;
class QueryReader;

class Node final : public engine::MeshReceiver {
 public:
  // Endpoints of the mesh: the shards, then the readers, then the steering thread.
  static constexpr uint16_t endpoint_count(const NodeOptions& options) {
    return static_cast<uint16_t>(options.shards + options.readers + 1);
  }

  // One backend per shard, one per reader, one for the steering thread; all outlive the node.
  struct Backends {
    std::vector<engine::IoBackend*> shards;
    std::vector<engine::IoBackend*> readers;
    engine::IoBackend* main = nullptr;
  };

  Node(const NodeOptions& options, const Backends& backends, NodeListener& listener);
  ~Node();

  // Blocking, on the steering thread, before any loop runs: the data directory is opened, and what its WAL holds is applied.
  absl::Status recover();
  // Blocking, on the steering thread, after the phase start: removes what is left of earlier WAL streams.
  absl::Status finish_recovery();
  const storage::RecoveryReport& recovery() const { return recovery_.report; }

  engine::Loop& shard_loop(uint16_t shard);
  engine::Loop& reader_loop(uint16_t reader);

  // Steering thread. begin asks every shard; poll hands over answers, and wait does so after at most `limit`.
  void begin(NodePhase phase);
  bool poll();
  bool wait(engine::Duration limit);
  // The first error of the phase, after poll or wait said true.
  absl::Status phase_status() const;

  const NodeAddresses& addresses() const { return addresses_; }
  const ShardFigures& figures(uint16_t shard) const { return steps_[shard].figures; }  // after the phase report
  NodeShard& shard(uint16_t index) { return *shards_[index]; }

 private:
  void on_message(engine::ShardId from, const engine::MeshMessage& message) override;

  NodeOptions options_;
  Backends backends_;
  engine::ShardMesh mesh_;
  engine::MeshEndpoint& endpoint_;  // of the steering thread
  storage::Recovery recovery_;
  NodeAddresses addresses_;
  std::vector<std::unique_ptr<NodeShard>> shards_;
  std::vector<std::unique_ptr<QueryReader>> readers_;
  std::vector<ControlStep> steps_;
  uint32_t steps_missing_ = 0;
};

}  // namespace net
