// How a write goes on, the same for all who write: the rest of a short write is written again, with O_DIRECT from the start of
// the block in which it stopped; errors that pass (error_policy.h) are tried again, write_tries_max times without progress; any
// other error is final.
//
//   WriteProgress progress(bytes.size(), mode);
//   do { result = write(file, offset + progress.offset(), bytes.subspan(progress.offset())); }
//   while ((next = progress.settle(result)) == WriteProgress::Next::again);
#pragma once

#include <cstdint>

#include "engine/io/backend.h"

namespace engine {

class WriteProgress {
 public:
  static constexpr uint32_t write_tries_max = 8;

  enum class Next : uint8_t { done, again, failed };

  WriteProgress() = default;
  // `mode`: how the file was opened. With O_DIRECT `size` is a multiple of block_size.
  WriteProgress(uint64_t size, OpenMode mode);

  // The result of a write at offset(), which may have been of fewer bytes than are left.
  Next settle(int32_t result);

  uint64_t offset() const { return offset_; }  // bytes that need not be written again; where the next write begins
  uint64_t size_left() const { return size_ - offset_; }
  // After `failed`: what the write is to be blamed for, as IoResult::result. -EIO when it never got anywhere and no error said
  // so.
  int32_t error() const { return error_; }

 private:
  uint64_t size_ = 0;
  uint64_t offset_ = 0;
  bool is_direct_ = false;
  uint32_t tries_ = 0;  // without progress
  int32_t error_ = 0;
};

}  // namespace engine
