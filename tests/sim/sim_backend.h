// One shard's view of a simulated world: the IoBackend that the code under test runs on.
//
// A request takes effect at a time that the seed chooses, independently of all others, so the requests in flight happen in any
// order; the bytes of a write are read from its buffer only then. A sync covers what had completed when it was submitted,
// perhaps more. Results are delivered in any order too, except that those of one multishot request keep theirs.
//
// reap waits in one of three ways: on a thread of SimThreads until the backend is due; without one, while
// SimWorld::auto_advance is on, by moving the clock; otherwise not at all: with nothing to deliver it returns 0 and the world
// remembers the deadline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

#include "engine/io/backend.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_world.h"

namespace sim {

// The thread that a backend belongs to; see sim_threads.h.
class SimWaiter {
 public:
  // Comes back at next_wakeup or later; earlier when the process ends.
  virtual void wait() = 0;

 protected:
  ~SimWaiter() = default;
};

class SimBackend final : public engine::IoBackend, private EventSink, private SocketWaiter {
 public:
  explicit SimBackend(SimWorld& world, const BackendOptions& options = {});
  SimBackend(const SimBackend&) = delete;
  SimBackend& operator=(const SimBackend&) = delete;
  // Requests in flight are forgotten; their buffers and completions may be gone already.
  ~SimBackend() override;

  size_t submit(std::span<const engine::IoRequest> requests) override;
  size_t reap(std::span<engine::IoResult> results, engine::Instant deadline) override;
  void release_buffer(engine::BufferId buffer) override;
  engine::Instant now() const override { return world_.now(); }
  engine::WallTime wall_now() const override { return world_.wall_now(); }
  uint64_t random() override { return world_.prng().next(); }
  void wake(engine::IoBackend& peer) override;
  engine::FileId reserve_file() override;
  engine::FileId adopt_socket(int32_t raw_socket) override;
  absl::StatusOr<std::vector<engine::DirectoryEntry>> list_directory(std::string_view path) override;
  absl::StatusOr<engine::BoundSocket> listen_tcp(engine::SocketAddress address) override;
  absl::StatusOr<engine::BoundSocket> bind_udp(const engine::UdpBinding& binding) override;
  engine::Delivery delivery(engine::FileId socket) override;
  uint32_t datagrams_lost(engine::FileId socket) override;

  // Leaks show here when a shard is at rest.
  size_t buffers_lent() const { return options_.receive_buffer_count - buffers_free_.size(); }
  size_t files_reserved() const { return slots_.size() - slots_free_.size(); }
  size_t requests_taken() const { return requests_taken_; }

  // As a peer's wake does, at once and from outside of all threads.
  void interrupt() { woken_ = true; }
  // Peers were called that will not hear of it before the next reap.
  bool owes_wakes() const { return !wakes_.empty(); }

  void set_waiter(SimWaiter* waiter) { waiter_ = waiter; }
  // While it is held its thread gets no CPU, whatever is due to it.
  void set_held(bool held) { held_ = held; }

  // For SimWorld. When this backend should be stepped again, at the latest.
  engine::Instant next_wakeup() const;
  // The process is being killed: the kernel finishes some of the disk requests in flight.
  void finish_some();
  // Everything taken and not delivered fails with -EIO.
  void fail_all();

 private:
  using File = std::variant<std::monostate, FileHandle, std::shared_ptr<SimListener>, std::shared_ptr<SimUdpSocket>,
                            std::shared_ptr<SimSocket>>;

  struct Slot {
    bool reserved = false;
    File file;
  };

  enum class Stage : uint8_t {
    submitted,
    started,   // write_dsync: written, not durable; sync_data: begun; sockets: waiting
    finished,  // the effect is done, the result not yet posted
  };

  struct Request {
    engine::IoRequest request;
    Stage stage = Stage::submitted;
    File file;            // what the slot held when the request started
    ChangeId change = 0;  // write_dsync: its write; sync_data: the last one that it covers
    int32_t written = 0;  // write_dsync
  };

  struct Ready {
    engine::IoResult result;
    engine::IoOp op{};
    uint64_t subject = 0;  // inode or connection number; for the trace
  };

  void on_event(uint64_t token) override;
  void on_socket_ready(uint64_t token) override;
  void take(const engine::IoRequest& request);
  void schedule(uint64_t id, engine::IoOp op);

  // One step of a disk request; empty: another one follows.
  std::optional<int32_t> step_disk(Request& request);
  int32_t open(const engine::IoRequest& request);
  std::optional<int32_t> step_dsync(Request& request);
  std::optional<int32_t> step_sync(Request& request);
  int32_t close(engine::FileId file);
  int32_t cancel(const engine::IoCompletion* target);
  int32_t shutdown(engine::FileId file);
  void start_waiting(uint64_t id, Request& request);
  static SocketWait* wait_of(Request& request);
  void serve(uint64_t id, Request& request);
  bool serve_accept(uint64_t id, Request& request);
  bool serve_receive(uint64_t id, Request& request);
  bool serve_receive_into(uint64_t id, Request& request);
  int32_t receive(Request& request, std::span<std::byte> target, engine::SocketAddress& peer);
  bool serve_send(uint64_t id, Request& request);

  // A result of request `id`, which is over unless `result.more`. Returns result.more.
  bool post(uint64_t id, engine::IoResult result);
  bool finish(uint64_t id, int32_t result) { return post(id, {.result = result}); }
  Ready take_ready(size_t index);
  void trace(const Ready& ready);
  bool multishot_goes_on();

  engine::BufferId lend_buffer();
  std::span<std::byte> buffer_bytes(engine::BufferId buffer);
  Slot& slot(engine::FileId file);
  engine::FileId put_file(File file);

  SimWorld& world_;
  BackendOptions options_;
  SinkId sink_;
  SimWaiter* waiter_ = nullptr;
  bool held_ = false;
  std::vector<Slot> slots_;
  std::vector<uint32_t> slots_free_;
  uint64_t request_next_ = 0;
  size_t requests_taken_ = 0;
  std::map<uint64_t, Request> requests_;                         // in flight
  std::vector<Ready> ready_;                                     // not yet reaped
  std::unordered_set<const engine::IoCompletion*> completions_;  // in use; looked up only, never walked
  bool woken_ = false;
  std::vector<SimBackend*> wakes_;  // go out with the next reap
  engine::Instant waiting_until_;
  std::vector<std::byte> buffer_memory_;  // empty until the first one is lent
  std::vector<uint32_t> buffers_free_;
  std::vector<bool> lent_;
};

}  // namespace sim
