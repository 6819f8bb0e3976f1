#include "storage/wal/group.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace storage {

// A group never grows over the end of its segment, so the room that a first frame finds is also that of all that follow it:
//
//   segments of 64 KiB, groups of 32 KiB, 20 KiB left:   a frame of 3 KiB   -> here, capacity 20 KiB
//                                                        a frame of 24 KiB  -> next segment, capacity 32 KiB
//                                                        a frame of 40 KiB  -> next segment, alone, capacity 44 KiB
WalGroupPlan WalGroupPlan::make(uint64_t stored_size, uint64_t segment_left, uint64_t segment_size, size_t group_size_max) {
  const uint64_t group_size = wal_group_size(stored_size);
  WalGroupPlan plan{.needs_segment = group_size > segment_left, .is_large = group_size > group_size_max, .capacity = 0};
  const uint64_t left = plan.needs_segment ? segment_size - wal_groups_offset : segment_left;
  VERIFY_LE(group_size, left);
  VERIFY_EQ(left % engine::block_size, 0U);
  plan.capacity = static_cast<size_t>(plan.is_large ? group_size : std::min<uint64_t>(group_size_max, left));
  return plan;
}

WalGroup::WalGroup(const WalOrigin& origin, const WalPosition& start, size_t capacity, engine::PooledBuffer buffer)
    : origin_(&origin), start_(start), end_(start), capacity_(capacity), buffer_(std::move(buffer)) {
  VERIFY(static_cast<bool>(buffer_));
  VERIFY_LE(wal_groups_offset + capacity, buffer_.bytes().size());
  VERIFY_LE(start.offset + capacity, origin.segment_size);
  VERIFY_GE(start.offset, wal_groups_offset);
  VERIFY_EQ(start.offset % engine::block_size, 0U);
  VERIFY_EQ(capacity % engine::block_size, 0U);
}

WalPlace WalGroup::place(uint64_t offset) const {
  return {.salt = origin_->database.wal_salt, .stream = origin_->stream.value, .sequence = start_.sequence, .offset = offset};
}

WalFrameHeader WalGroup::make_header(const WalFrame& frame) const {
  VERIFY(is_frame_type(static_cast<uint16_t>(frame.type)));
  const uint64_t size = wal_body_offset(frame.head.size(), frame.attachments.size()) + frame.body.size();
  VERIFY_LE(size, capacity_);  // so all of its parts have sizes of 32 bits
  return {.size = static_cast<uint32_t>(size),
          .type = static_cast<uint16_t>(frame.type),
          .flags = frame.attachments_must_be_known ? wal_flag_attachments_must_be_known : uint16_t{0},
          .lsn = end_.last.value + 1,
          .epoch = origin_->database.epoch,
          .previous_crc = end_.previous_crc,
          .table = frame.lane.table.value,
          .lane = frame.lane.lane.value,
          .reserved = 0,
          .txn = frame.txn.value,
          .head_size = static_cast<uint32_t>(frame.head.size()),
          .attachments_size = static_cast<uint32_t>(frame.attachments.size()),
          .body_size = static_cast<uint32_t>(frame.body.size()),
          .body_crc = frame.body_crc,
          .reserved_2 = 0,
          .header_crc = 0};
}

// The parts go to their places first, since the header's checksum covers head and attachments as they lie there.
Lsn WalGroup::append(const WalFrame& frame) {
  const uint64_t stored_size = frame.stored_size();
  VERIFY(has_room(stored_size));
  VERIFY(!is_sealed_);
  VERIFY_EQ(end_.offset, start_.offset + frames_size_);
  WalFrameHeader header = make_header(frame);
  const uint64_t body_offset = header.size - header.body_size;
  std::byte* const target = frames() + frames_size_;
  const auto copy = [target](uint64_t offset, std::span<const std::byte> part) {
    if (!part.empty()) std::memcpy(target + offset, part.data(), part.size());
  };
  const uint64_t attachments_offset = sizeof(header) + frame.head.size();
  const uint64_t attachments_end = attachments_offset + frame.attachments.size();
  copy(sizeof(header), frame.head);
  copy(attachments_offset, frame.attachments);
  const std::span<const std::byte> checked(target + sizeof(header), target + attachments_end);
  header.header_crc = wal_crc(place(end_.offset), header, checked);
  engine::store(target, header);
  std::memset(target + attachments_end, 0, body_offset - attachments_end);
  copy(body_offset, frame.body);
  std::memset(target + header.size, 0, stored_size - header.size);

  frames_size_ += static_cast<size_t>(stored_size);
  end_.offset += stored_size;
  end_.last = Lsn{header.lsn};
  end_.previous_crc = header.header_crc;
  return end_.last;
}

void WalGroup::seal(Lsn durable) {
  VERIFY(!empty());
  VERIFY(!std::exchange(is_sealed_, true));
  VERIFY_LT(durable, first());
  const uint64_t size = wal_group_size(frames_size_);
  VERIFY_LE(size, capacity_);
  const size_t trailer_offset = static_cast<size_t>(size) - sizeof(WalTrailer);
  std::memset(frames() + frames_size_, 0, trailer_offset - frames_size_);
  WalTrailer trailer{.zero = 0,
                     .salt = origin_->database.wal_salt,
                     .first_lsn = first().value,
                     .last_lsn = last().value,
                     .synced_lsn = durable.value,
                     .epoch = origin_->database.epoch,
                     .size = static_cast<uint32_t>(size),
                     .reserved = 0,
                     .reserved_2 = 0,
                     .crc = 0};
  trailer.crc = wal_crc(place(start_.offset + trailer_offset), trailer);
  engine::store(frames() + trailer_offset, trailer);
  if (opens_segment()) write_segment_header();
  end_.offset = start_.offset + size;
}

// The header goes out in the write of the segment's first group: it is durable when they are, and a header without frames has
// nothing to say.
void WalGroup::write_segment_header() const {
  VERIFY_EQ(start_.offset, wal_groups_offset);
  WalSegmentHeader header{.magic = wal_magic,
                          .format = wal_format,
                          .epoch = origin_->database.epoch,
                          .features_may_ignore = 0,
                          .features_must_know = 0,
                          .database = origin_->database.id,
                          .salt = origin_->database.wal_salt,
                          .stream = origin_->stream.value,
                          .sequence = start_.sequence,
                          .segment_size = origin_->segment_size,
                          .first_lsn = first().value,
                          .previous_crc = start_.previous_crc,
                          .shard = origin_->shard.value,
                          .reserved = 0,
                          .reserved_2 = 0,
                          .crc = 0};
  header.crc = wal_crc(header);
  std::memset(buffer_.bytes().data(), 0, wal_groups_offset);
  engine::store(buffer_.bytes().data(), header);
}

std::span<std::byte> WalGroup::bytes() const {
  VERIFY(is_sealed_);
  VERIFY_EQ(size() % engine::block_size, 0U);
  const std::span<std::byte> all = buffer_.bytes().first(wal_groups_offset + size());
  return opens_segment() ? all : all.subspan(wal_groups_offset);
}

}  // namespace storage
