#include "engine/shard/mesh.h"

#include <algorithm>
#include <bit>
#include <span>

#include "engine/base/sabotage.h"
#include "engine/base/verify.h"

namespace engine {

MeshEndpoint::MeshEndpoint(ShardMesh& mesh, ShardId id) : mesh_(mesh), id_(id), is_in_to_wake_(mesh.endpoint_count()) {
  to_wake_.reserve(mesh.endpoint_count());
}

// What is kept free may be in use already by those it is kept for; asking for all of it errs on the safe side, without counts
// that two threads would have to share.
bool MeshEndpoint::try_send(ShardId to, const MeshMessage& message) {
  const ShardMesh::Options& options = mesh_.options_;
  if (!mesh_.ring(id_, to).has_room(size_t{options.reserved_count_max} + options.return_count_max + 1)) return false;
  send(to, message);
  return true;
}

void MeshEndpoint::send_reserved(ShardId to, const MeshMessage& message) {
  VERIFY(mesh_.ring(id_, to).has_room(1));
  send(to, message);
}

void MeshEndpoint::send_return(ShardId to, const MeshMessage& message) {
  VERIFY(mesh_.ring(id_, to).has_room(1));
  send(to, message);
}

void MeshEndpoint::send(ShardId to, const MeshMessage& message) {
  SpscRing<MeshMessage>& ring = mesh_.ring(id_, to);
  ring.claim(1).front() = message;
  ring.commit(1);
  if (to == id_ || is_in_to_wake_[to.value]) return;
  is_in_to_wake_[to.value] = true;
  to_wake_.push_back(to);
}

size_t MeshEndpoint::drain(MeshReceiver& receiver) {
  size_t total = 0;
  for (ShardId from; from.value < mesh_.endpoint_count(); ++from.value) {
    SpscRing<MeshMessage>& ring = mesh_.ring(from, id_);
    const std::span<const MeshMessage> seen = ring.peek();
    const size_t count = std::min(seen.size(), drain_count_max);
    for (const MeshMessage& message : seen.first(count)) receiver.on_message(from, message);
    ring.release(count);
    total += count;
  }
  return total;
}

void MeshEndpoint::wake_peers() {
  for (const ShardId to : to_wake_) {
    is_in_to_wake_[to.value] = false;
    MeshEndpoint& peer = mesh_.endpoint(to);
    // Pairs with the exchange of fall_asleep. Leaves `awake` behind, so that only one of several senders wakes.
    if (peer.sleep_.value.exchange(awake, std::memory_order_acq_rel) != asleep) continue;
    VERIFY(backend_ != nullptr && peer.backend_ != nullptr);
    if (!sabotaged("wake_forgotten")) backend_->wake(*peer.backend_);
  }
  to_wake_.clear();
}

bool MeshEndpoint::fall_asleep() {
  VERIFY(to_wake_.empty());  // whoever was sent something would never hear of it
  const uint32_t before = sleep_.value.exchange(asleep, std::memory_order_acq_rel);  // pairs with the exchange of wake_peers
  VERIFY_EQ(before, awake);
  for (ShardId from; from.value < mesh_.endpoint_count(); ++from.value) {
    if (mesh_.ring(from, id_).peek().empty()) continue;
    wake_up();
    return false;
  }
  return true;
}

void MeshEndpoint::wake_up() {
  sleep_.value.exchange(awake, std::memory_order_acq_rel);  // a plain store would cut the chain of exchanges, see SleepState
}

ShardMesh::ShardMesh(const Options& options) : options_(options) {
  VERIFY_GT(options.endpoint_count, 0U);
  VERIFY_GT(options.forward_count_max, 0U);
  const size_t capacity =
      std::bit_ceil(size_t{options.forward_count_max} + options.reserved_count_max + options.return_count_max);
  const size_t ring_count = size_t{options.endpoint_count} * options.endpoint_count;
  rings_.reserve(ring_count);
  for (size_t i = 0; i < ring_count; ++i) rings_.push_back(std::make_unique<SpscRing<MeshMessage>>(capacity));
  for (ShardId id; id.value < options.endpoint_count; ++id.value)
    endpoints_.push_back(std::make_unique<MeshEndpoint>(*this, id));
}

void ShardMesh::attach(ShardId id, IoBackend& backend) {
  VERIFY(endpoint(id).backend_ == nullptr);
  endpoint(id).backend_ = &backend;
}

MeshEndpoint& ShardMesh::endpoint(ShardId id) {
  VERIFY_LT(id.value, options_.endpoint_count);
  return *endpoints_[id.value];
}

SpscRing<MeshMessage>& ShardMesh::ring(ShardId source, ShardId target) {
  VERIFY_LT(source.value, options_.endpoint_count);
  VERIFY_LT(target.value, options_.endpoint_count);
  return *rings_[size_t{source.value} * options_.endpoint_count + target.value];
}

}  // namespace engine
