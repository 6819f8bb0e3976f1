// A group in memory: where frames go, when it is full, what seals it.
#include "storage/wal/group.h"

#include <vector>

#include "engine/base/bytes.h"
#include "storage/wal/writer.h"
#include "tests/catch.h"
#include "tests/storage/wal_stream.h"

namespace storage {
namespace {

constexpr uint64_t segment_size = 64 * 1024;
constexpr size_t group_size_max = 16 * 1024;

const WalOrigin& origin() {
  static const WalOrigin value{.database = tests::WalStream::database(),
                               .shard = engine::ShardId{3},
                               .stream = StreamId{0x10003},
                               .segment_size = segment_size};
  return value;
}

WalFrame frame_of(const std::vector<std::byte>& body) {
  return {.type = FrameType::data, .lane = {.table = TableId{1}}, .txn = Txn{1}, .lsn = {}, .head = {}, .body = body};
}

TEST_CASE("wal_group: the room that is promised for a first frame is the room that there is") {
  for (uint64_t stored_size = 64; stored_size <= frame_size_max(segment_size); stored_size += 1000) {
    for (uint64_t blocks_left = 0; blocks_left <= (segment_size - wal_groups_offset) / engine::block_size; ++blocks_left) {
      const uint64_t left = blocks_left * engine::block_size;
      const WalGroupPlan plan = WalGroupPlan::make(stored_size, left, segment_size, group_size_max);
      CHECK(plan.needs_segment == (wal_group_size(stored_size) > left));
      CHECK(plan.is_large == (wal_group_size(stored_size) > group_size_max));
      CHECK(wal_group_size(stored_size) <= plan.capacity);
      CHECK(plan.capacity <= (plan.needs_segment ? segment_size - wal_groups_offset : left));
      CHECK(plan.capacity % engine::block_size == 0);
      CHECK((plan.is_large || plan.capacity <= group_size_max));
    }
  }
}

TEST_CASE("wal_group: frames fill it to its capacity, never beyond, and the next group goes on behind it") {
  engine::BufferPool pool({.buffer_count_max = 1, .buffer_size = wal_groups_offset + 8192});
  const std::vector<std::byte> body(1000);
  const uint64_t stored_size = frame_of(body).stored_size();
  WalGroup group(origin(), {.sequence = 5, .offset = 8192, .last = Lsn{41}, .previous_crc = 9}, 8192, pool.acquire());
  CHECK(group.empty());
  uint64_t count = 0;
  while (group.has_room(stored_size)) CHECK(group.append(frame_of(body)) == Lsn{41 + ++count});
  CHECK(count == (8192 - sizeof(WalTrailer)) / stored_size);
  CHECK(group.first() == Lsn{42});
  CHECK(group.last() == Lsn{41 + count});
  CHECK(group.end().offset == 8192 + count * stored_size);

  group.seal(Lsn{41});
  CHECK(group.end().offset == 16384);
  CHECK(group.bytes().size() == 8192);
  CHECK(group.bytes_offset() == 8192);
  const auto first = engine::load<WalFrameHeader>(group.bytes().data());
  CHECK(first.lsn == 42);
  CHECK(first.previous_crc == 9);
  const auto second = engine::load<WalFrameHeader>(group.bytes().data() + stored_size);
  CHECK(second.previous_crc == first.header_crc);
  const auto trailer = engine::load<WalTrailer>(group.bytes().data() + 8192 - sizeof(WalTrailer));
  CHECK(trailer.first_lsn == 42);
  CHECK(trailer.last_lsn == 41 + count);
  CHECK(trailer.synced_lsn == 41);
  CHECK(trailer.size == 8192);
}

TEST_CASE("wal_group: the first one of a segment takes the segment's header with it") {
  engine::BufferPool pool({.buffer_count_max = 1, .buffer_size = wal_groups_offset + 4096});
  WalGroup group(origin(), {.sequence = 7, .offset = wal_groups_offset, .last = Lsn{9}, .previous_crc = 77}, 4096,
                 pool.acquire());
  group.append(frame_of({}));
  group.seal(Lsn{8});
  CHECK(group.bytes_offset() == 0);
  CHECK(group.bytes().size() == wal_groups_offset + 4096);
  const auto header = engine::load<WalSegmentHeader>(group.bytes().data());
  CHECK(header.crc == wal_crc(header));
  CHECK(header.sequence == 7);
  CHECK(header.shard == 3);
  CHECK(header.first_lsn == 10);
  CHECK(header.previous_crc == 77);
}

}  // namespace
}  // namespace storage
