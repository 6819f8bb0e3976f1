// A fixed count of equal, aligned buffers, allocated at start and reused last in, first out (the warmest first). Empty means
// back-pressure: the caller waits for a buffer to come home, the pool never grows. Belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace engine {

class BufferPool;

// Owns one buffer of a pool and returns it when destroyed. The pool outlives it.
class PooledBuffer {
 public:
  PooledBuffer() = default;
  PooledBuffer(PooledBuffer&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)), index_(other.index_) {}
  PooledBuffer& operator=(PooledBuffer&& other) noexcept;
  ~PooledBuffer() { reset(); }

  // False when the pool was empty, and after a move or reset.
  explicit operator bool() const { return pool_ != nullptr; }
  std::span<std::byte> bytes() const;
  void reset();

 private:
  friend class BufferPool;
  PooledBuffer(BufferPool& pool, uint32_t index) : pool_(&pool), index_(index) {}

  BufferPool* pool_ = nullptr;
  uint32_t index_ = 0;
};

class BufferPool {
 public:
  struct Options {
    uint32_t buffer_count_max = 0;
    size_t buffer_size = 0;  // multiple of block_size, so that every buffer is aligned for O_DIRECT
  };

  explicit BufferPool(const Options& options);
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  PooledBuffer acquire();

  size_t buffer_size() const { return buffer_size_; }
  size_t free_count() const { return free_.size(); }
  size_t used_count() const { return used_.size() - free_.size(); }

 private:
  friend class PooledBuffer;

  struct FreeAligned {
    void operator()(std::byte* memory) const;
  };

  void give_back(uint32_t index);

  size_t buffer_size_;
  std::unique_ptr<std::byte, FreeAligned> memory_;
  std::vector<uint32_t> free_;  // a stack of indices
  std::vector<bool> used_;      // by index; finds a buffer given back twice
};

}  // namespace engine
