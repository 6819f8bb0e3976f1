// Frames on their way to one write, in memory: room, append, seal. Pure: what it makes depends on nothing but what it was
// given, and no I/O is done. The bytes are those of format.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/ids.h"
#include "engine/io/buffer_pool.h"
#include "storage/database/superblock.h"
#include "storage/wal/format.h"

namespace storage {

// Whose stream it is: what stands in each segment header, and is part of each checksum.
struct WalOrigin {
  Database database;
  engine::ShardId shard;
  StreamId stream;
  uint64_t segment_size = 0;
};

// Where a stream goes on.
struct WalPosition {
  uint64_t sequence = 0;      // of the segment
  uint64_t offset = 0;        // in the segment
  Lsn last;                   // frame
  uint32_t previous_crc = 0;  // its header's
};

// The group that a first frame begins: whether there is room for the frame, and where it goes, are one answer.
struct WalGroupPlan {
  bool needs_segment = false;  // it does not fit into what is left of the segment
  bool is_large = false;       // the frame is alone, in memory of its own
  size_t capacity = 0;         // of the sealed group

  // `segment_left`: from the end of the last group to the end of its segment, 0 when there is none.
  static WalGroupPlan make(uint64_t stored_size, uint64_t segment_left, uint64_t segment_size, size_t group_size_max);
};

class WalGroup {
 public:
  // None: no memory, nothing fits.
  WalGroup() = default;

  // `buffer` holds a segment header, and behind it `capacity` bytes. The origin outlives the group.
  WalGroup(const WalOrigin& origin, const WalPosition& start, size_t capacity, engine::PooledBuffer buffer);

  bool empty() const { return frames_size_ == 0; }
  bool has_room(uint64_t stored_size) const { return wal_group_size(frames_size_ + stored_size) <= capacity_; }

  // Copies the frame. Needs has_room(frame.stored_size()).
  Lsn append(const WalFrame& frame);

  // No frame comes any more: zeros, the trailer, and the segment's header when this is its first group. `durable`: every frame
  // up to here is.
  void seal(Lsn durable);

  // Once sealed: what is written, and where in the segment.
  std::span<std::byte> bytes() const;
  uint64_t bytes_offset() const { return opens_segment() ? 0 : start_.offset; }

  // Behind the last frame; once sealed, where the next group begins.
  const WalPosition& end() const { return end_; }
  uint64_t sequence() const { return start_.sequence; }
  Lsn first() const { return Lsn{start_.last.value + 1}; }
  Lsn last() const { return end_.last; }
  size_t size() const { return static_cast<size_t>(end_.offset - start_.offset); }

 private:
  // All fields of its header but the checksum, which covers what follows it, too.
  WalFrameHeader make_header(const WalFrame& frame) const;
  bool opens_segment() const { return start_.offset == wal_groups_offset; }
  std::byte* frames() const { return buffer_.bytes().data() + wal_groups_offset; }
  WalPlace place(uint64_t offset) const;
  void write_segment_header() const;

  const WalOrigin* origin_ = nullptr;
  WalPosition start_;
  WalPosition end_;
  size_t capacity_ = 0;
  size_t frames_size_ = 0;
  bool is_sealed_ = false;
  engine::PooledBuffer buffer_;
};

}  // namespace storage
