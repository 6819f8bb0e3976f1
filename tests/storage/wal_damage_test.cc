#include <algorithm>
#include <cstring>

#include "engine/base/prng.h"
#include "storage/wal/names.h"
#include "tests/catch.h"
#include "tests/storage/wal_stream.h"

namespace tests {
namespace {

using storage::Lsn;
using storage::WalFrameHeader;

constexpr size_t groups = 12;
constexpr size_t frames_per_group = 3;

// Twelve groups of three frames over several segments, all durable.
void write_groups(WalStream& stream) {
  engine::Prng prng(99);
  for (size_t group = 0; group < groups; ++group) {
    for (size_t i = 0; i < frames_per_group; ++i) {
      stream.append(make_frame(group * frames_per_group + i + 1, prng.below(40), prng.below(1'500)));
    }
    stream.settle();
  }
}

bool is_prefix(const std::vector<StoredFrame>& frames, const std::vector<StoredFrame>& all) {
  return frames.size() <= all.size() && std::ranges::equal(frames, std::span(all).first(frames.size()));
}

// What recovery may say of a stream whose frames were all acknowledged and of which something was then damaged: never a wrong
// frame; all frames; a loss that it names; or, silently, the loss of frames of the last group, which nothing later bears
// witness of.
void check_honest(const ReadStream& read, const WalStream& stream) {
  const size_t found = read.frames.size();
  CHECK(is_prefix(read.frames, stream.written()));
  const size_t last_group = stream.written().size() - frames_per_group;
  if (read.status.ok()) {
    CHECK_FALSE(read.damage.has_value());
    CHECK(found >= last_group);
    return;
  }
  CHECK(absl::IsDataLoss(read.status));
  REQUIRE(read.damage.has_value());
  CHECK(read.damage->first == Lsn{found + 1});
  CHECK(read.damage->last == Lsn{last_group});
  CHECK(read.damage->readable_from > read.damage->first);
  CHECK(found < last_group);
}

struct Flip {
  std::string path;
  uint64_t offset = 0;
};

bool flip(WalStream& stream, const Flip& flip, unsigned bit) {
  return stream.machine().disk().flip_bit(flip.path, flip.offset, bit);
}

// docs/wal.md, Recovery: R1, R2, R4, R7.
TEST_CASE("wal: a flipped bit anywhere never yields a wrong frame, and a loss of acknowledged frames is named") {
  WalStream stream;
  write_groups(stream);
  stream.end();
  REQUIRE(stream.read().frames == stream.written());
  const std::vector<storage::WalSegmentFile> segments = stream.files().segments;
  engine::Prng prng(5);
  size_t losses = 0;
  for (int i = 0; i < 1'500; ++i) {
    const uint64_t sequence = segments[prng.below(segments.size())].sequence;
    const Flip where{.path = storage::segment_path(stream.stream(), sequence), .offset = prng.below(WalStream::segment_size)};
    const auto bit = static_cast<unsigned>(prng.below(8));
    REQUIRE(flip(stream, where, bit));
    const ReadStream read = stream.read();
    INFO(where.path << " at " << where.offset << ": " << read.status);
    check_honest(read, stream);
    losses += read.status.ok() ? 0 : 1;
    flip(stream, where, bit);
  }
  CHECK(losses > 100);
  CHECK(stream.read().frames == stream.written());
}

TEST_CASE("wal: every bit of a frame header, its head and its padding is covered or harmless") {
  WalStream stream;
  write_groups(stream);
  stream.end();
  const std::string path = storage::segment_path(stream.stream(), 1);
  for (uint64_t offset = storage::wal_groups_offset; offset < storage::wal_groups_offset + 120; ++offset) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      REQUIRE(flip(stream, {.path = path, .offset = offset}, bit));
      const ReadStream read = stream.read();
      INFO("offset " << offset << " bit " << bit);
      check_honest(read, stream);
      if (offset < storage::wal_groups_offset + sizeof(WalFrameHeader)) CHECK(read.frames.empty());
      flip(stream, {.path = path, .offset = offset}, bit);
    }
  }
}

TEST_CASE("wal: a length that lies is refused without believing it") {
  WalStream stream;
  write_groups(stream);
  stream.end();
  const std::string path = storage::segment_path(stream.stream(), 1);
  for (const size_t field : {offsetof(WalFrameHeader, size), offsetof(WalFrameHeader, head_size),
                             offsetof(WalFrameHeader, attachments_size), offsetof(WalFrameHeader, body_size)}) {
    for (const uint32_t lie : {1U, 0x7fffffffU, 0xfffffff8U, 0xffffffffU}) {
      const std::vector<std::byte> before = *stream.machine().disk().read_current(path);
      const uint64_t offset = storage::wal_groups_offset + field;
      stream.overwrite(path, offset, std::as_bytes(std::span(&lie, 1)));
      const ReadStream read = stream.read();
      CHECK(read.frames.empty());
      check_honest(read, stream);
      stream.overwrite(path, offset, std::span(before).subspan(offset, sizeof(lie)));
    }
  }
}

// Where the first byte of each group is, by the trailers.
std::vector<Flip> group_starts(WalStream& stream) {
  std::vector<Flip> starts;
  for (const storage::WalSegmentFile& segment : stream.files().segments) {
    const std::string path = storage::segment_path(stream.stream(), segment.sequence);
    const std::vector<std::byte> bytes = *stream.machine().disk().read_current(path);
    for (size_t end = 2 * engine::block_size; end <= bytes.size(); end += engine::block_size) {
      const auto trailer = engine::load<storage::WalTrailer>(bytes.data() + end - sizeof(storage::WalTrailer));
      if (trailer.salt == WalStream::database().wal_salt) starts.push_back({.path = path, .offset = end - trailer.size});
    }
  }
  return starts;
}

// docs/wal.md, Recovery: R2, R7.
TEST_CASE("wal: a group that never reached the disk is missed, with the segment header or without") {
  WalStream stream;
  write_groups(stream);
  stream.end();
  const std::vector<Flip> starts = group_starts(stream);
  REQUIRE(starts.size() == groups);
  for (size_t group = 0; group < groups; ++group) {
    const Flip& start = starts[group];
    const std::vector<std::byte> before = *stream.machine().disk().read_current(start.path);
    const bool opens = start.offset == storage::wal_groups_offset;
    const uint64_t offset = opens ? 0 : start.offset;
    const bool next_here = group + 1 < groups && starts[group + 1].path == start.path;
    const uint64_t size = (next_here ? starts[group + 1].offset : before.size()) - offset;
    stream.overwrite(start.path, offset, std::vector<std::byte>(size));
    const ReadStream read = stream.read();
    INFO("group " << group << ": " << read.status);
    CHECK(is_prefix(read.frames, stream.written()));
    CHECK(read.frames.size() == group * frames_per_group);
    CHECK(read.status.ok() == (group == groups - 1));
    if (read.damage) {
      // All that is known of a stream whose very beginning is gone is that it began with frame 1.
      CHECK(read.damage->first == Lsn{group * frames_per_group + 1});
      CHECK(read.damage->readable_from == Lsn{(group + 1) * frames_per_group + 1});
      CHECK(read.damage->sequence > 0);
    }
    stream.overwrite(start.path, offset, std::span(before).subspan(offset, size));
  }
}

// docs/wal.md, Recovery: R2. The power failed while the first group of a segment was written, of which only the header came to
// the disk; and the group before it, which was acknowledged, is gone.
TEST_CASE("wal: the header of a segment bears witness of the groups before it") {
  WalStream stream;
  while (stream.written().empty() || group_starts(stream).back().path == storage::segment_path(stream.stream(), 1)) {
    stream.append(make_frame(stream.written().size() + 1, 10, 3'000));
    stream.settle();
  }
  stream.end();
  const std::vector<Flip> starts = group_starts(stream);
  const Flip& lost = starts.at(starts.size() - 2);
  const Flip& begun = starts.back();
  REQUIRE(begun.offset == storage::wal_groups_offset);
  stream.overwrite(begun.path, begun.offset, std::vector<std::byte>(engine::block_size));
  CHECK(stream.read().status == absl::OkStatus());
  stream.overwrite(lost.path, lost.offset, std::vector<std::byte>(engine::block_size));
  const ReadStream read = stream.read();
  CHECK(absl::IsDataLoss(read.status));
  REQUIRE(read.damage.has_value());
  CHECK(read.damage->first == Lsn{starts.size() - 1});
  CHECK(read.damage->last == Lsn{starts.size() - 1});
}

// docs/wal.md, Recovery: R8.
TEST_CASE("wal: a segment that is gone from the middle is missed") {
  WalStream stream;
  write_groups(stream);
  stream.end();
  const std::vector<storage::WalSegmentFile> segments = stream.files().segments;
  REQUIRE(segments.size() >= 4);
  stream.machine().calls().unlink(storage::segment_path(stream.stream(), segments[1].sequence));
  const ReadStream read = stream.read();
  CHECK(absl::IsDataLoss(read.status));
  CHECK(is_prefix(read.frames, stream.written()));
}

// Everything else about the frame is right: its checksums are those of the changed bytes.
TEST_CASE("wal: a frame that does not follow the one before it is not believed") {
  WalStream stream;
  write_groups(stream);
  stream.end();
  const std::string path = storage::segment_path(stream.stream(), 1);
  const std::vector<std::byte> segment = *stream.machine().disk().read_current(path);
  const auto first = engine::load<WalFrameHeader>(segment.data() + storage::wal_groups_offset);
  const uint64_t offset = storage::wal_groups_offset + engine::align_up(first.size, storage::wal_frame_alignment);
  auto second = engine::load<WalFrameHeader>(segment.data() + offset);
  REQUIRE(second.lsn == 2);
  REQUIRE(second.previous_crc == first.header_crc);
  const auto rewrite = [&](uint32_t previous_crc) {
    second.previous_crc = previous_crc;
    const storage::WalPlace place{
        .salt = WalStream::database().wal_salt, .stream = stream.stream().value, .sequence = 1, .offset = offset};
    second.header_crc = storage::wal_crc(place, second, std::span(segment).subspan(offset + sizeof(second), second.head_size));
    stream.overwrite(path, offset, std::as_bytes(std::span(&second, 1)));
    return stream.read();
  };
  CHECK(rewrite(first.header_crc).frames == stream.written());
  const ReadStream read = rewrite(first.header_crc ^ 1);
  CHECK(read.frames.size() == 1);
  CHECK(absl::IsDataLoss(read.status));
}

TEST_CASE("wal: bytes at another place, of another segment or of another stream are not believed") {
  WalStream stream;
  write_groups(stream);
  stream.end();
  const std::string first = storage::segment_path(stream.stream(), 1);
  const std::string second = storage::segment_path(stream.stream(), 2);
  const std::vector<std::byte> before = *stream.machine().disk().read_current(first);
  // The whole segment 2 as segment 1.
  stream.overwrite(first, 0, *stream.machine().disk().read_current(second));
  CHECK(stream.read().frames.empty());
  CHECK(absl::IsDataLoss(stream.read().status));
  // Two groups have changed places.
  const std::span<const std::byte> all(before);
  const std::vector<Flip> starts = group_starts(stream);
  stream.overwrite(first, 0, before);
  const uint64_t offset = starts[1].path == first ? starts[1].offset : 0;
  REQUIRE(offset != 0);
  stream.overwrite(first, offset, all.subspan(storage::wal_groups_offset, engine::block_size));
  CHECK(stream.read().frames.size() == frames_per_group);
}

}  // namespace
}  // namespace tests
