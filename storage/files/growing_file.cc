#include "storage/files/growing_file.h"

#include <algorithm>
#include <cstring>

#include "engine/base/crc32c.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"

namespace storage {

using engine::block_size;

FileAppend::FileAppend(IoRound& round, GrowingFile& file, CommittedFile& committed, size_t size_max, AppendStart start)
    : round_(round),
      file_(file),
      committed_(committed),
      offset_(start == AppendStart::last_block ? committed.size - committed.tail.size()
                                               : engine::align_down(committed.size, block_size)),
      kept_(static_cast<size_t>(committed.size - offset_)),
      filled_(kept_),
      memory_(round.take(std::max<size_t>(kept_ + size_max, 1))) {
  VERIFY_EQ(committed.tail.size(), tail_size(committed.size));
  VERIFY_LE(kept_, committed.tail.size());
  VERIFY_EQ(offset_ % block_size, 0U);
  if (kept_ != 0) std::memcpy(memory_.data(), committed.tail.data() + committed.tail.size() - kept_, kept_);
}

// The checksum is linear: of two texts that differ in their last byte, the checksums differ as those of the two bytes do.
void FileAppend::change_last_byte(std::byte value) {
  VERIFY_GT(kept_, 0U);
  VERIFY_EQ(filled_, kept_);
  std::byte& last = memory_[kept_ - 1];
  if (!engine::sabotaged("bitmap_checksum_kept")) committed_.crc ^= engine::crc32c({&last, 1}) ^ engine::crc32c({&value, 1});
  last = value;
}

// What is written begins at a block and ends at one; what is committed of it ends where it was filled to:
//
//   committed 5'000 bytes, append 6'000:   offset 4'096, kept 904, filled 6'904, written 8'192, committed 11'000
void FileAppend::finish() {
  VERIFY_LE(filled_, memory_.size());
  VERIFY_GE(offset_ + filled_, committed_.size);
  const engine::FileId file = round_.pin(file_.handle, file_.path.c_str());
  if (filled_ == 0) return;  // nothing but the file itself: an append of no bytes, and no part of a block before it
  const size_t written = engine::align_up(filled_, block_size);
  std::memset(memory_.data() + filled_, 0, written - filled_);
  committed_.crc = engine::crc32c_extend(committed_.crc, memory_.subspan(kept_, filled_ - kept_));
  committed_.size = offset_ + filled_;
  const std::span<const std::byte> tail = memory_.subspan(filled_ - tail_size(committed_.size), tail_size(committed_.size));
  committed_.tail.assign(tail.begin(), tail.end());
  reserve(file, offset_ + written);
  round_.add(Stage::write, {.op = engine::IoOp::write,
                            .open_mode = engine::OpenMode::read_write_direct,
                            .file = file,
                            .offset = offset_,
                            .buffer = memory_.first(written),
                            .path = file_.path.c_str()});
  file_.dirty = true;
}

void FileAppend::reserve(engine::FileId file, uint64_t end) {
  VERIFY_EQ(end % block_size, 0U);
  VERIFY_EQ(file_.reserved % block_size, 0U);
  if (end <= file_.reserved) return;
  const RoundOptions& options = round_.options();
  const uint64_t ahead = std::clamp(file_.reserved, options.extent_size_min, options.extent_size_max);
  const uint64_t start = file_.reserved;
  file_.reserved = std::max(end, engine::align_up(start + ahead, block_size));
  const Stage stage = engine::sabotaged("reserved_after_write") ? Stage::sync : Stage::reserve;
  round_.add(stage, {.op = engine::IoOp::allocate,
                     .file = file,
                     .offset = start,
                     .size = file_.reserved - start,
                     .path = file_.path.c_str()});
}

}  // namespace storage
