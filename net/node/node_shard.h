// One shard of a node with all that runs on it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/shard/loop.h"
#include "engine/shard/shard.h"
#include "net/http/server.h"
#include "net/ingest/ingest.h"
#include "net/node/options.h"
#include "net/node/phases.h"
#include "net/stream/acceptor.h"
#include "storage/owner/owner.h"
#include "storage/recovery/recovery.h"
#include "storage/repeat/desk.h"
#include "storage/route/catalog.h"
#include "storage/source/source.h"

namespace net {

class NodeShard final : public engine::Loop, public engine::Service, public AcceptorListener, public storage::OwnerListener {
 public:
  NodeShard(const NodeOptions& options, engine::ShardMesh& mesh, engine::ShardId id, engine::IoBackend& backend,
            uint64_t hash_seed, NodeListener& listener);
  ~NodeShard();

  // Before the loop runs: what the phase start will load.
  void set_recovery(const storage::Recovery* recovery) { recovery_ = recovery; }
  void add_reusable_segment(std::string path) { reusable_segments_.push_back(std::move(path)); }
  void add_lane(storage::SchemaRef schema) { lanes_to_load_.push_back(std::move(schema)); }
  storage::Catalog* catalog() { return catalog_.get(); }

  // Loop.
  void run_once() override { shard_.run_once(); }
  engine::IoBackend& backend() override { return shard_.backend(); }

  engine::Shard& shard() { return shard_; }
  const storage::Owner& owner() const { return owner_; }
  const storage::Source& source() const { return source_; }
  const Ingest& ingest() const { return ingest_; }

  // Service.
  const char* name() const override { return "control"; }
  bool on_turn(engine::Instant now) override;
  void on_message(engine::ShardId from, const engine::MeshMessage& message) override;

 private:
  void on_accepted(int32_t raw_socket, engine::SocketAddress peer) override;
  void on_fatal(const absl::Status& status) override;

  absl::Status start();
  absl::Status open(NodeAddresses& addresses);
  absl::Status spread(const NodeAddresses& addresses);
  absl::StatusOr<engine::BoundSocket> listen(const engine::SocketAddress& address, int32_t inherited);
  absl::StatusOr<engine::SocketAddress> receive_datagrams(const engine::SocketAddress& address);
  ShardFigures figures() const;
  void begin_stop();
  bool step_done() const;
  void finish_step(absl::Status status);

  const NodeOptions& options_;
  NodeListener& listener_;
  engine::Shard shard_;
  storage::Source source_;
  storage::RepeatDesk repeats_;
  storage::Owner owner_;
  Ingest ingest_;
  HttpServer http_;
  std::unique_ptr<storage::Catalog> catalog_;  // shard 0
  std::unique_ptr<Acceptor> tcp_acceptor_;     // shard 0
  const storage::Recovery* recovery_ = nullptr;
  std::vector<storage::SchemaRef> lanes_to_load_;
  std::vector<std::string> reusable_segments_;
  ControlStep* step_ = nullptr;  // that is under way
  engine::ShardId steering_;
  uint16_t next_shard_ = 0;  // for the next connection
};

}  // namespace net
