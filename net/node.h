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

#include "engine/io_backend.h"
#include "engine/loop.h"
#include "engine/shard_mesh.h"
#include "net/line_ingest.h"
#include "net/messages.h"
#include "storage/owner.h"
#include "storage/recovery.h"
#include "storage/source.h"

namespace net {

class NodeShard;
class QueryReader;

struct NodeOptions {
  uint16_t shards = 1;
  std::optional<engine::SocketAddress> tcp;  // none: off
  std::optional<engine::SocketAddress> udp;
  std::optional<engine::SocketAddress> http;
  IngestOptions ingest;
  storage::SourceOptions source;
  storage::OwnerOptions owner;
};

// What listens where, with the ports that were chosen.
struct NodeAddresses {
  std::optional<engine::SocketAddress> tcp;
  std::optional<engine::SocketAddress> udp;
  std::optional<engine::SocketAddress> http;
};

// What a shard has done since its start.
struct ShardFigures {
  LedgerTotals senders;
  uint64_t wal_size_held = 0;   // bytes of segments that are not released
  uint64_t rows_unapplied = 0;  // durable, not yet in column files
  size_t connections = 0;
};

enum class NodePhase : uint8_t {
  start,   // WAL stream opened, lanes loaded
  open,    // listeners opened
  report,  // figures taken
  drain,   // nothing is accepted any more, what has arrived is durable
  finish,  // everything is applied and checkpointed
};

// Lent to a shard for the time of a phase.
struct ControlStep {
  NodePhase phase{};
  absl::Status status;
  NodeAddresses addresses;  // of shard 0, phase open
  ShardFigures figures;     // phase report
};

// Called on the thread of the shard whose disk failed: nothing more is acked, the process ends.
class NodeListener {
 public:
  virtual void on_fatal(const absl::Status& status) = 0;

 protected:
  ~NodeListener() = default;
};

class Node final : public engine::MeshReceiver {
 public:
  // Endpoints of the mesh: the shards, then the reader, then the steering thread.
  static constexpr uint16_t endpoint_count(uint16_t shards) { return static_cast<uint16_t>(shards + 2); }

  // One backend per shard, one for the reader, one for the steering thread; all outlive the node.
  struct Backends {
    std::vector<engine::IoBackend*> shards;
    engine::IoBackend* reader = nullptr;
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
  engine::Loop& reader_loop();

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
  std::unique_ptr<QueryReader> reader_;
  std::vector<ControlStep> steps_;
  uint32_t steps_missing_ = 0;
};

}  // namespace net
