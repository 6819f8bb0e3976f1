// Single-producer single-consumer ring of trivially copyable slots. Wait-free on both sides; neither side ever blocks, a full
// ring is the producer's answer to give.
//
//   byte    0 | tail (atomic) | head_cached |                   written by the producer only
//   byte  128 | head (atomic) | tail_cached |                   written by the consumer only
//   byte  256 | slots | mask |                                  constant
//
// Two 64-byte lines a side, because the adjacent-line prefetcher fetches pairs. head and tail count slots since the start and
// never wrap (2^64); head <= tail <= head + capacity. Each side keeps a copy of the other's index and reads the real one only
// when the copy says full (empty): in a busy ring the index lines move once per batch, not once per slot.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

#include "engine/base/verify.h"

namespace engine {

template <typename T>
  requires std::is_trivially_copyable_v<T>
class SpscRing {
 public:
  explicit SpscRing(size_t capacity) : constant_{std::make_unique_for_overwrite<T[]>(capacity), capacity - 1} {
    VERIFY(std::has_single_bit(capacity));
  }
  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  size_t capacity() const { return constant_.mask + 1; }

  // Producer: whether `count` slots are free. They stay free until they are committed.
  bool has_room(size_t count) {
    const uint64_t tail = producer_.tail.load(std::memory_order_relaxed);  // own index
    if (tail - producer_.head_cached + count <= capacity()) return true;
    // Pairs with the release of `release`: the consumer has read what these slots held before they are overwritten.
    producer_.head_cached = consumer_.head.load(std::memory_order_acquire);
    return tail - producer_.head_cached + count <= capacity();
  }

  // Producer: up to `count_max` free slots to write to, adjacent in memory, so possibly fewer than are free; empty when full.
  std::span<T> claim(size_t count_max) {
    if (!has_room(count_max)) static_cast<void>(has_room(1));
    const uint64_t tail = producer_.tail.load(std::memory_order_relaxed);  // own index
    const size_t free = capacity() - static_cast<size_t>(tail - producer_.head_cached);
    return run(tail, std::min(free, count_max));
  }

  // Producer: publishes the first `count` slots of the last claim.
  void commit(size_t count) {
    const uint64_t tail = producer_.tail.load(std::memory_order_relaxed);  // own index
    VERIFY_DEBUG(tail - producer_.head_cached + count <= capacity());
    producer_.tail.store(tail + count, std::memory_order_release);  // pairs with the acquire of `peek`: slots before index
  }

  // Consumer: published slots, oldest first, adjacent in memory, so possibly fewer than there are; empty when none.
  std::span<const T> peek() {
    const uint64_t head = consumer_.head.load(std::memory_order_relaxed);  // own index
    if (head == consumer_.tail_cached) {
      consumer_.tail_cached = producer_.tail.load(std::memory_order_acquire);  // pairs with the release of `commit`
    }
    return run(head, static_cast<size_t>(consumer_.tail_cached - head));
  }

  // Consumer: gives the first `count` slots of the last peek back to the producer.
  void release(size_t count) {
    const uint64_t head = consumer_.head.load(std::memory_order_relaxed);  // own index
    VERIFY_DEBUG(head + count <= consumer_.tail_cached);
    consumer_.head.store(head + count, std::memory_order_release);  // pairs with the acquire of `has_room`: reads before reuse
  }

 private:
  static constexpr size_t line_size = 128;

  struct alignas(line_size) Producer {
    std::atomic<uint64_t> tail = 0;
    uint64_t head_cached = 0;
  };
  struct alignas(line_size) Consumer {
    std::atomic<uint64_t> head = 0;
    uint64_t tail_cached = 0;
  };
  struct alignas(line_size) Constant {
    std::unique_ptr<T[]> slots;
    size_t mask = 0;
  };
  static_assert(sizeof(Producer) == line_size && sizeof(Consumer) == line_size && sizeof(Constant) == line_size);
  static_assert(std::atomic<uint64_t>::is_always_lock_free);

  std::span<T> run(uint64_t index, size_t count) {
    const size_t first = static_cast<size_t>(index) & constant_.mask;
    return {constant_.slots.get() + first, std::min(count, capacity() - first)};
  }

  Producer producer_;
  Consumer consumer_;
  Constant constant_;
};

}  // namespace engine
