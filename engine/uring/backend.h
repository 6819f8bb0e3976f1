// IoBackend on the kernel's io_uring: one ring per shard, completions delivered only inside the shard's own turn (deferred task
// work). The only user of liburing, together with the other uring_* files. Linux 6.1 or newer.
//
// May be created on any thread. The thread of the first submit or reap becomes the owner: only it uses the backend from then
// on, and kernel workers of this ring stay on its CPUs. Destroyed by the owner, or by anyone after the owner thread has ended.
//
// submit only fills the ring; reap enters the kernel, once a turn: it hands over what was submitted, lets deferred work run,
// waits.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/prng.h"
#include "engine/io/backend.h"
#include "engine/uring/features.h"
#include "engine/uring/files.h"
#include "engine/uring/receive.h"
#include "engine/uring/startup.h"

struct io_uring;
struct io_uring_cqe;
struct io_uring_sqe;

namespace engine {

struct UringOptions {
  std::string data_directory;             // exists
  uint32_t submission_count_max = 512;    // handed to the kernel at once; power of two
  uint32_t completion_count_max = 8'192;  // held in the ring; the kernel keeps more for itself, slower. Power of two
  uint32_t request_count_max = 16'384;    // in flight; every armed connection is one of them
  uint32_t file_count_max = 65'536;       // slots, sockets among them
  uint32_t stream_buffer_count = 64;      // for recv; power of two
  uint32_t stream_buffer_size = 64 * 1024;
  uint32_t datagram_buffer_count = 16;   // for recv_from, 68 KiB each: any datagram fits; power of two
  uint32_t kernel_worker_count_max = 4;  // of each kind (files, other), for what cannot be done without blocking
};

class UringBackend final : public IoBackend {
 public:
  // Errors name the cause and the fix: no io_uring, forbidden by sysctl or seccomp, an old kernel, no memory.
  static absl::StatusOr<std::unique_ptr<UringBackend>> create(const UringOptions& options);

  UringBackend(const UringBackend&) = delete;
  UringBackend& operator=(const UringBackend&) = delete;
  // Cancels what is in flight and waits for its end, because the kernel writes to its buffers until then. Completions do not
  // run.
  ~UringBackend() override;

  // For the start-up print.
  std::vector<UringFeature> features() const;

  size_t submit(std::span<const IoRequest> requests) override;
  size_t reap(std::span<IoResult> results, Instant deadline) override;
  void release_buffer(BufferId buffer) override { receive_->release(buffer); }
  Instant now() const override;
  WallTime wall_now() const override;
  uint64_t random() override { return prng_.next(); }
  void wake(IoBackend& peer) override;
  FileId reserve_file() override { return files_.reserve(); }
  FileId adopt_socket(int32_t raw_socket) override { return files_.adopt(OwnedFd(raw_socket)); }
  absl::StatusOr<std::vector<DirectoryEntry>> list_directory(std::string_view path) override;
  absl::StatusOr<BoundSocket> listen_tcp(SocketAddress address) override;
  absl::StatusOr<BoundSocket> bind_udp(const UdpBinding& binding) override;
  Delivery delivery(FileId socket) override { return read_delivery(files_.fd(socket)); }
  uint32_t datagrams_lost(FileId socket) override { return read_datagrams_lost(files_.fd(socket)); }

 private:
  // A request in flight; the ring knows it by its index.
  struct Pending {
    IoCompletion* completion = nullptr;
    FileId file;
    IoOp op{};
    bool is_in_flight = false;
    bool is_cancelled = false;  // it is asked to end
  };

  // Ends the ring before the memory that it uses.
  struct CloseRing {
    void operator()(io_uring* ring) const;
  };

  UringBackend(const UringOptions& options, OwnedFd data_directory);

  absl::Status set_up();
  void enable_once();
  bool is_owner() const;
  void cancel_all();

  io_uring_sqe* next_entry();
  void send_wake(int peer_fd);
  void owe_wake(int peer_fd);
  void send_owed_wakes();
  void prepare(io_uring_sqe& entry, const IoRequest& request);
  void prepare_cancel(io_uring_sqe& entry, const IoCompletion* target);
  bool receive_again(uint64_t index);

  void enter(Duration wait);
  size_t take_completions(std::span<IoResult> results);
  bool take_completion(const io_uring_cqe& entry, IoResult& result);
  void take_wake_failure(const io_uring_cqe& entry);
  void take_effect(const Pending& pending, const io_uring_cqe& entry, IoResult& result);

  UringOptions options_;
  KernelFacts kernel_facts_;
  OwnedFd data_directory_;
  std::unique_ptr<UringReceive> receive_;
  std::unique_ptr<io_uring, CloseRing> ring_;
  int ring_fd_ = -1;                    // constant, for peers
  std::vector<Pending> pending_;        // by user_data
  std::vector<uint32_t> pending_free_;  // a stack of indices
  UringFiles files_;
  Prng prng_;
  std::vector<int> wakes_owed_;  // ring descriptors of peers whose wake the kernel had no memory for
  int owner_ = 0;                // thread id; 0: not enabled yet
  bool is_first_reap_ = true;
};

}  // namespace engine
