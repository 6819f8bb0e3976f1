#include "engine/uring/buffers.h"

#include <liburing.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace engine {
namespace {

size_t ring_size_of(const UringBufferOptions& options) { return align_up(options.buffer_count * sizeof(io_uring_buf), 4096); }

}  // namespace

absl::StatusOr<std::unique_ptr<UringBuffers>> UringBuffers::create(io_uring& ring, const UringBufferOptions& options) {
  VERIFY(std::has_single_bit(options.buffer_count));
  VERIFY_LE(options.buffer_count, uring_buffer_count_max);
  VERIFY_GT(options.buffer_size, 0U);
  const size_t size = ring_size_of(options) + size_t{options.buffer_count} * options.buffer_size;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return errno_status(errno, "map " + std::to_string(size) + " bytes of receive buffers");
  std::unique_ptr<UringBuffers> buffers(new UringBuffers(options, {static_cast<std::byte*>(memory), size}));

  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uint64_t>(memory);
  registration.ring_entries = options.buffer_count;
  registration.bgid = options.group;
  if (const int error = io_uring_register_buf_ring(&ring, &registration, 0); error != 0) {
    return errno_status(-error, "register " + std::to_string(options.buffer_count) + " receive buffers");
  }
  for (uint32_t index = options.buffer_count; index > 0; --index) buffers->ready_.push_back(index - 1);
  buffers->offer();
  return buffers;
}

UringBuffers::UringBuffers(const UringBufferOptions& options, std::span<std::byte> memory)
    : options_(options),
      memory_(memory),
      ring_(reinterpret_cast<io_uring_buf_ring*>(memory.data())),
      taken_(options.buffer_count),
      offered_wanted_(options.offered_min) {
  ready_.reserve(options.buffer_count);
  io_uring_buf_ring_init(ring_);
}

UringBuffers::~UringBuffers() { munmap(memory_.data(), memory_.size()); }

std::span<std::byte> UringBuffers::take(uint32_t index) {
  VERIFY_LT(index, options_.buffer_count);
  VERIFY(!taken_[index]);
  VERIFY_GT(offered_, 0U);
  taken_[index] = true;
  --offered_;
  offer();
  return buffer(index);
}

void UringBuffers::give_back(uint32_t index) {
  VERIFY_LT(index, options_.buffer_count);
  VERIFY(taken_[index]);
  VERIFY_LT(offered_ + ready_.size(), options_.buffer_count);  // each is offered, ready or taken
  taken_[index] = false;
  ready_.push_back(index);
  offer();
}

bool UringBuffers::offer_more() {
  if (!ready_.empty()) offered_wanted_ = std::min(2 * offered_wanted_, options_.buffer_count);
  offer();
  return offered_ != 0;
}

void UringBuffers::offer() {
  const int mask = io_uring_buf_ring_mask(options_.buffer_count);
  int added = 0;
  for (; offered_ < offered_wanted_ && !ready_.empty(); ++offered_, ++added) {
    const uint32_t index = ready_.back();
    ready_.pop_back();
    io_uring_buf_ring_add(ring_, buffer(index).data(), options_.buffer_size, static_cast<uint16_t>(index), mask, added);
  }
  if (added != 0) io_uring_buf_ring_advance(ring_, added);
}

std::span<std::byte> UringBuffers::buffer(uint32_t index) const {
  return memory_.subspan(ring_size_of(options_) + size_t{index} * options_.buffer_size, options_.buffer_size);
}

}  // namespace engine
