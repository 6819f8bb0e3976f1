#include "engine/io/write_progress.h"

#include <cerrno>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "engine/io/error_policy.h"

namespace engine {

WriteProgress::WriteProgress(uint64_t size, OpenMode mode) : size_(size), is_direct_(mode == OpenMode::read_write_direct) {
  VERIFY_GT(size, 0U);
  if (is_direct_) VERIFY_EQ(size % block_size, 0U);
}

WriteProgress::Next WriteProgress::settle(int32_t result) {
  VERIFY_EQ(error_, 0);
  VERIFY_LT(offset_, size_);
  if (result > 0) {
    const uint64_t reached = offset_ + static_cast<uint64_t>(result);
    VERIFY_LE(reached, size_);
    // A size that is a multiple of blocks is reached by aligning down, too.
    const uint64_t kept = is_direct_ ? align_down(reached, block_size) : reached;
    if (kept > offset_) {
      offset_ = kept;
      tries_ = 0;
      return offset_ == size_ ? Next::done : Next::again;
    }
  }
  ++tries_;
  const bool passes = result >= 0 || error_policy(IoOp::write, result) == ErrorPolicy::again;
  if (passes && tries_ < write_tries_max) return Next::again;
  error_ = result < 0 ? result : -EIO;
  return Next::failed;
}

}  // namespace engine
