#include "storage/wal/format.h"

#include <string>

#include "engine/base/crc32c.h"
#include "storage/wal/names.h"
#include "tests/catch.h"
#include "tests/storage/golden/wal_segment.h"
#include "tests/storage/hex.h"
#include "tests/storage/wal_stream.h"

namespace tests {
namespace {

using storage::StreamId;

bool all_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

StoredFrame frame(std::string_view head, std::string_view body) {
  const auto bytes = [](std::string_view text) {
    const std::span<const std::byte> span = engine::as_bytes(text);
    return std::vector<std::byte>(span.begin(), span.end());
  };
  return {.type = storage::FrameType::data,
          .lane = {storage::TableId{7}, storage::LaneNumber{1}},
          .txn = storage::Txn{42},
          .lsn = {},
          .head = bytes(head),
          .body = bytes(body)};
}

TEST_CASE("wal_format: a segment's bytes are the ones that docs/wal.md describes") {
  WalStream stream;
  stream.append(frame("host=a", "the rows"));
  stream.append(frame("", "more"));
  stream.settle();
  stream.append(frame("x", ""));
  stream.settle();
  stream.end();
  const std::vector<std::byte> file = *stream.machine().disk().read_current("wal/1-0/1");
  const std::span<const std::byte> bytes(file);
  CHECK(hex_text(bytes.first(sizeof(storage::WalSegmentHeader))) == golden::wal_segment_header);
  CHECK(all_zero(bytes.subspan(sizeof(storage::WalSegmentHeader), 4096 - sizeof(storage::WalSegmentHeader))));
  CHECK(hex_text(bytes.subspan(4096, 152)) == golden::wal_first_group_frames);
  CHECK(all_zero(bytes.subspan(4096 + 152, 4096 - 152 - 64)));
  CHECK(hex_text(bytes.subspan(8192 - 64, 64)) == golden::wal_first_group_trailer);
  CHECK(hex_text(bytes.subspan(8192, 72)) == golden::wal_second_group_frames);
  CHECK(hex_text(bytes.subspan(12288 - 64, 64)) == golden::wal_second_group_trailer);
  CHECK(all_zero(bytes.subspan(12288)));
}

TEST_CASE("wal_format: a frame takes what its parts take, each padded to 8") {
  const auto size_of = [](size_t head_size, size_t body_size) {
    const std::vector<std::byte> head(head_size);
    const std::vector<std::byte> body(body_size);
    return storage::WalFrame{.head = head, .body = body}.stored_size();
  };
  CHECK(size_of(0, 0) == 64);
  CHECK(size_of(1, 0) == 72);
  CHECK(size_of(8, 1) == 80);
  CHECK(size_of(3, 8) == 80);
  CHECK(storage::wal_group_size(4096 - 64) == 4096);
  CHECK(storage::wal_group_size(4096 - 56) == 8192);
}

TEST_CASE("wal_names: paths are read back, and nothing else is taken for one") {
  const StreamId stream = storage::stream_id(3, engine::ShardId{65535});
  CHECK(storage::segment_path(stream, 17) == "wal/3-65535/17");
  CHECK(storage::parse_stream_name("3-65535") == stream);
  CHECK(storage::stream_epoch(stream) == 3);
  CHECK(storage::stream_shard(stream) == engine::ShardId{65535});
  CHECK(storage::parse_stream_name("4294967295-0").has_value());
  for (const char* name :
       {"", "-", "3", "3-", "-1", "0-1", "03-1", "3-01", "3-65536", "4294967296-0", "3-1x", " 3-1", "+3-1"}) {
    INFO(name);
    CHECK_FALSE(storage::parse_stream_name(name).has_value());
  }
  CHECK(storage::parse_segment_name("18446744073709551615") == UINT64_MAX);
  for (const char* name : {"", "0", "01", "-1", "1 ", "18446744073709551616", "1.tmp", "released"}) {
    INFO(name);
    CHECK_FALSE(storage::parse_segment_name(name).has_value());
  }
}

}  // namespace
}  // namespace tests
