// A core's reactor, its end of the mesh and the services that run there. Owns no thread: whoever calls run_once is the thread.
//
// A turn: messages of the inbound rings, each service's slice, wakes for the peers; then the reactor submits, waits (unless a
// service has more work or a message came meanwhile) and runs completions and timers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/reactor/reactor.h"
#include "engine/shard/loop.h"
#include "engine/shard/mesh.h"
#include "engine/shard/service.h"

namespace engine {

// How often a phase of the turn (completions, messages, one service) was the longest of a slow turn.
struct TurnPhase {
  const char* name = nullptr;
  uint64_t slow_turn_count = 0;
  Duration slow_turn_max;  // the whole turn
};

class Shard final : public Loop, private MeshReceiver {
 public:
  static constexpr Duration slow_turn_min = milliseconds(25);
  static constexpr uint16_t message_kind_max = 64;

  // Attaches the backend to its end of the mesh.
  Shard(ShardMesh& mesh, ShardId id, IoBackend& backend);

  // Before the first turn. Services run in this order; the kinds of two services do not overlap.
  void add_service(Service& service, MessageKinds kinds);

  void run_once() override;

  ShardId id() const { return endpoint_.id(); }
  Reactor& reactor() { return reactor_; }
  MeshEndpoint& endpoint() { return endpoint_; }
  IoBackend& backend() override { return reactor_.backend(); }

  uint64_t turn_count() const { return turn_count_; }
  std::span<const TurnPhase> phases() const { return phases_; }

 private:
  class TurnClock;

  void on_message(ShardId from, const MeshMessage& message) override;

  Reactor reactor_;
  MeshEndpoint& endpoint_;
  std::vector<Service*> services_;
  std::array<Service*, message_kind_max> receivers_{};  // by kind
  std::vector<TurnPhase> phases_;                       // completions, messages, then one per service
  uint64_t turn_count_ = 0;
};

}  // namespace engine
