// Messages between the threads of a node: one SpscRing for each ordered pair of endpoints. Endpoints are the shards, then the
// other threads that talk to them (readers, main); each belongs to one thread and has a backend, through which it is woken.
//
// Messages of one pair arrive in the order of sending. Nothing here blocks. Three kinds of sending share a ring, each with room
// of its own:
//   forward   try_send, work for a peer, in any number: false when there is no room left for it, and the sender parks what it
//             wanted to send. A sender that waits keeps draining its own inbound rings, or two of them wait for each other.
//   reserved  send_reserved, work for a peer of which the sender itself never has more out than reserved_count_max, such as
//             batches of a pool. It never waits.
//   return    send_return, what a peer is owed: a batch going home, a reply. It never waits either: one endpoint never owes
//             another more than return_count_max, usually because each return answers a message or gives back one of a fixed
//             number of buffers.
// Forward messages leave the room of the other two free, however much of it is in use already.
// A message to oneself takes the ring whose two ends are the same thread; it needs no wake.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "engine/base/ids.h"
#include "engine/io/backend.h"
#include "engine/shard/spsc_ring.h"

namespace engine {

// One cache line: | kind u16 | 6 bytes zero | payload 56 bytes |. Larger things stay with the sender and travel as a pointer.
struct alignas(64) MeshMessage {
  static constexpr size_t payload_size_max = 56;

  uint16_t kind;
  std::array<uint8_t, 6> reserved;
  std::array<std::byte, payload_size_max> payload;

  template <typename T>
    requires(std::is_trivially_copyable_v<T> && sizeof(T) <= payload_size_max)
  static MeshMessage make(uint16_t kind, const T& payload) {
    MeshMessage message{.kind = kind, .reserved = {}, .payload = {}};
    std::memcpy(message.payload.data(), &payload, sizeof(T));
    return message;
  }

  template <typename T>
    requires(std::is_trivially_copyable_v<T> && sizeof(T) <= payload_size_max)
  T as() const {
    T value;
    std::memcpy(&value, payload.data(), sizeof(T));
    return value;
  }
};
static_assert(sizeof(MeshMessage) == 64 && offsetof(MeshMessage, payload) == 8);

class MeshReceiver {
 public:
  virtual void on_message(ShardId from, const MeshMessage& message) = 0;

 protected:
  ~MeshReceiver() = default;
};

class ShardMesh;

// One thread's end of the mesh. All calls are made on that thread.
class MeshEndpoint {
 public:
  MeshEndpoint(ShardMesh& mesh, ShardId id);
  MeshEndpoint(const MeshEndpoint&) = delete;
  MeshEndpoint& operator=(const MeshEndpoint&) = delete;

  ShardId id() const { return id_; }

  // Visible to the peer at once; wake_peers follows before this thread waits.
  [[nodiscard]] bool try_send(ShardId to, const MeshMessage& message);
  void send_reserved(ShardId to, const MeshMessage& message);
  void send_return(ShardId to, const MeshMessage& message);

  // Hands over what has arrived, at most drain_count_max of each peer so that a turn stays short. Returns how many.
  size_t drain(MeshReceiver& receiver);

  // Wakes those peers that were sent something since the last call and are asleep: once a turn, before the backend's next reap,
  // which hands the wakes over. Until then nobody else wakes these peers either, so it comes soon.
  void wake_peers();

  // Declares this thread asleep, unless a message is waiting (false: drain first). Between true and wake_up the thread waits in
  // its backend and nowhere else.
  [[nodiscard]] bool fall_asleep();
  void wake_up();

 private:
  friend class ShardMesh;

  static constexpr size_t drain_count_max = 64;
  static constexpr size_t line_size = 128;
  static constexpr uint32_t awake = 0;
  static constexpr uint32_t asleep = 1;

  // Alone on its lines: peers write it. Every access is an acq_rel exchange, so each one synchronizes with all before it in the
  // order of modification. A sender publishes, then exchanges; a sleeper exchanges, then looks at its rings. If the sender's
  // exchange is the earlier one, the sleeper sees the message; if it is the later one, it finds `asleep` and wakes, or someone
  // between the two has found it and has woken. (A seq_cst fence on both sides does the same, unseen by TSan.)
  struct alignas(line_size) SleepState {
    std::atomic<uint32_t> value = awake;
  };
  static_assert(sizeof(SleepState) == line_size);

  void send(ShardId to, const MeshMessage& message);

  SleepState sleep_;
  ShardMesh& mesh_;
  ShardId id_;
  IoBackend* backend_ = nullptr;
  std::vector<ShardId> to_wake_;     // sent to since the last wake_peers; each peer once
  std::vector<bool> is_in_to_wake_;  // by endpoint
};

class ShardMesh {
 public:
  struct Options {
    uint16_t endpoint_count = 1;
    uint32_t forward_count_max = 256;   // of each ring
    uint32_t reserved_count_max = 256;  // likewise
    uint32_t return_count_max = 256;    // likewise
  };

  explicit ShardMesh(const Options& options);

  // Before any thread of the mesh runs. The backends outlive every thread of the mesh.
  void attach(ShardId id, IoBackend& backend);

  MeshEndpoint& endpoint(ShardId id);
  uint16_t endpoint_count() const { return options_.endpoint_count; }

 private:
  friend class MeshEndpoint;

  SpscRing<MeshMessage>& ring(ShardId source, ShardId target);

  Options options_;
  std::vector<std::unique_ptr<SpscRing<MeshMessage>>> rings_;  // [source][target]
  std::vector<std::unique_ptr<MeshEndpoint>> endpoints_;
};

}  // namespace engine
