#include "engine/shard/shard.h"

#include <algorithm>

#include "engine/base/verify.h"

namespace engine {
namespace {

constexpr size_t phase_completions = 0;
constexpr size_t phase_messages = 1;
constexpr size_t phase_service_first = 2;

MeshEndpoint& attached(ShardMesh& mesh, ShardId id, IoBackend& backend) {
  mesh.attach(id, backend);
  return mesh.endpoint(id);
}

}  // namespace

// Times one turn phase by phase, from the moment the backend stopped waiting.
class Shard::TurnClock {
 public:
  TurnClock(IoBackend& backend, Instant start) : backend_(backend), start_(start), phase_start_(start) {}

  // Ends the current phase and returns the time.
  Instant end_phase(size_t phase) {
    const Instant now = backend_.now();
    VERIFY_LE(phase_start_, now);
    if (now - phase_start_ > longest_) {
      longest_ = now - phase_start_;
      longest_phase_ = phase;
    }
    phase_start_ = now;
    return now;
  }

  void end_turn(std::span<TurnPhase> phases) const {
    const Duration total = phase_start_ - start_;
    if (total <= slow_turn_min) return;
    VERIFY_LT(longest_phase_, phases.size());
    TurnPhase& longest = phases[longest_phase_];
    ++longest.slow_turn_count;
    longest.slow_turn_max = std::max(longest.slow_turn_max, total);
  }

 private:
  IoBackend& backend_;
  Instant start_;
  Instant phase_start_;
  Duration longest_;
  size_t longest_phase_ = 0;
};

Shard::Shard(ShardMesh& mesh, ShardId id, IoBackend& backend)
    : reactor_(backend), endpoint_(attached(mesh, id, backend)), phases_{{.name = "completions"}, {.name = "messages"}} {}

void Shard::add_service(Service& service, MessageKinds kinds) {
  VERIFY_EQ(turn_count_, 0U);
  VERIFY_LE(size_t{kinds.first} + kinds.count, message_kind_max);
  for (Service*& receiver : std::span(receivers_).subspan(kinds.first, kinds.count)) {
    VERIFY(receiver == nullptr);
    receiver = &service;
  }
  services_.push_back(&service);
  phases_.push_back({.name = service.name()});
}

void Shard::run_once() {
  ++turn_count_;
  TurnClock clock(backend(), reactor_.now());
  clock.end_phase(phase_completions);  // they ran at the end of the call before this one, after the wait

  endpoint_.drain(*this);
  Instant now = clock.end_phase(phase_messages);

  bool more_work = false;
  for (size_t i = 0; i < services_.size(); ++i) {
    more_work |= services_[i]->on_turn(now);
    now = clock.end_phase(phase_service_first + i);
  }
  clock.end_turn(phases_);

  endpoint_.wake_peers();
  const bool asleep = !more_work && endpoint_.fall_asleep();
  reactor_.turn(asleep ? instant_never : now);
  if (asleep) endpoint_.wake_up();
}

void Shard::on_message(ShardId from, const MeshMessage& message) {
  VERIFY_LT(message.kind, message_kind_max);
  Service* receiver = receivers_[message.kind];
  VERIFY(receiver != nullptr);
  receiver->on_message(from, message);
}

}  // namespace engine
