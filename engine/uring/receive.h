// Receiving on a UringBackend: two kinds of buffers that the kernel fills by itself, one for streams and one for datagrams, and
// what its completions say of them. Used by the backend alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "engine/uring/buffers.h"

struct io_uring;
struct io_uring_cqe;
struct io_uring_sqe;
struct msghdr;

namespace engine {

struct UringReceiveOptions {
  uint32_t stream_buffer_count = 0;  // powers of two
  uint32_t stream_buffer_size = 0;
  uint32_t datagram_buffer_count = 0;  // any datagram fits into each
};

class UringReceive {
 public:
  // The ring may be disabled still. It is closed before this goes.
  static absl::StatusOr<std::unique_ptr<UringReceive>> create(io_uring& ring, const UringReceiveOptions& options);

  UringReceive(const UringReceive&) = delete;
  UringReceive& operator=(const UringReceive&) = delete;
  ~UringReceive();

  // Fills `entry` for recv, recv_once or recv_from on the descriptor.
  void prepare(io_uring_sqe& entry, IoOp op, int fd);

  // Adds what was received to `result`.
  void take_stream_data(const io_uring_cqe& entry, IoResult& result);
  void take_datagram(const io_uring_cqe& entry, IoResult& result);

  void release(BufferId buffer);

  // The kernel found no buffer for a stream: it gets more. False when all are taken.
  bool offer_more() { return stream_buffers_->offer_more(); }

  // For the start-up print.
  std::string describe_stream_buffers() const;
  std::string describe_datagram_buffers() const;

 private:
  UringReceive(std::unique_ptr<UringBuffers> stream_buffers, std::unique_ptr<UringBuffers> datagram_buffers);

  std::unique_ptr<UringBuffers> stream_buffers_;
  std::unique_ptr<UringBuffers> datagram_buffers_;
  std::unique_ptr<msghdr> datagram_header_;  // the same for every recv_from; the kernel reads it while one is armed
};

}  // namespace engine
