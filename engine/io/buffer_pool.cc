#include "engine/io/buffer_pool.h"

#include <new>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace engine {

PooledBuffer& PooledBuffer::operator=(PooledBuffer&& other) noexcept {
  if (this == &other) return *this;
  reset();
  pool_ = std::exchange(other.pool_, nullptr);
  index_ = other.index_;
  return *this;
}

std::span<std::byte> PooledBuffer::bytes() const {
  VERIFY(pool_ != nullptr);
  return {pool_->memory_.get() + index_ * pool_->buffer_size_, pool_->buffer_size_};
}

void PooledBuffer::reset() {
  if (pool_ != nullptr) std::exchange(pool_, nullptr)->give_back(index_);
}

BufferPool::BufferPool(const Options& options) : buffer_size_(options.buffer_size), used_(options.buffer_count_max) {
  VERIFY_GT(options.buffer_count_max, 0U);
  VERIFY_GT(buffer_size_, 0U);
  VERIFY_EQ(buffer_size_ % block_size, 0U);
  const size_t size = options.buffer_count_max * buffer_size_;
  memory_.reset(static_cast<std::byte*>(::operator new(size, std::align_val_t{block_size})));
  free_.reserve(options.buffer_count_max);
  for (uint32_t index = options.buffer_count_max; index > 0; --index) free_.push_back(index - 1);
}

BufferPool::~BufferPool() { VERIFY(used_count() == 0); }

PooledBuffer BufferPool::acquire() {
  if (free_.empty()) return {};
  const uint32_t index = free_.back();
  free_.pop_back();
  VERIFY(!used_[index]);
  used_[index] = true;
  return {*this, index};
}

void BufferPool::give_back(uint32_t index) {
  VERIFY_LT(index, used_.size());
  VERIFY(used_[index]);
  used_[index] = false;
  free_.push_back(index);
}

void BufferPool::FreeAligned::operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t{block_size}); }

}  // namespace engine
