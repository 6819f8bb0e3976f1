// Buffers that the kernel takes by itself when bytes arrive (a provided buffer ring), so that a thousand idle connections hold
// none. Registered by hand: liburing 2.3 has no io_uring_setup_buf_ring.
//
// The kernel takes buffers in the order in which they were given to it. With all of them in its ring each receive would go to
// memory that the caches forgot long ago. So the ring has few, and the one that came back last goes in next; the kernel gets
// more when it once found none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/status.h"

struct io_uring;
struct io_uring_buf_ring;

namespace engine {

struct UringBufferOptions {
  uint16_t group = 0;
  uint32_t buffer_count = 0;  // power of two, at most uring_buffer_count_max
  uint32_t buffer_size = 0;
  uint32_t offered_min = 1;  // buffers that the kernel has from the start
};

inline constexpr uint32_t uring_buffer_count_max = 32'768;

class UringBuffers {
 public:
  // The ring may be disabled still. It is closed before these buffers go.
  static absl::StatusOr<std::unique_ptr<UringBuffers>> create(io_uring& ring, const UringBufferOptions& options);

  UringBuffers(const UringBuffers&) = delete;
  UringBuffers& operator=(const UringBuffers&) = delete;
  ~UringBuffers();

  // The kernel has filled this buffer: it is ours until give_back.
  std::span<std::byte> take(uint32_t index);
  void give_back(uint32_t index);

  // The kernel found no buffer: it gets more. False when all are taken.
  bool offer_more();

  const UringBufferOptions& options() const { return options_; }

 private:
  UringBuffers(const UringBufferOptions& options, std::span<std::byte> memory);

  std::span<std::byte> buffer(uint32_t index) const;
  void offer();

  // | ring entries, to the next page | buffer 0 | buffer 1 | ... |
  UringBufferOptions options_;
  std::span<std::byte> memory_;
  io_uring_buf_ring* ring_;
  std::vector<bool> taken_;      // by index; finds a buffer given back twice
  std::vector<uint32_t> ready_;  // neither taken nor offered; the last one is warm
  uint32_t offered_ = 0;         // in the kernel's ring
  uint32_t offered_wanted_;
};

}  // namespace engine
