#include "storage/wal/streams.h"

#include <string>

#include "engine/base/byte_stream.h"
#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "storage/wal/names.h"
#include "tests/catch.h"
#include "tests/storage/wal_stream.h"

namespace tests {
namespace {

using storage::Lsn;
using storage::StreamId;
using storage::WalFrameHeader;
using storage::WalSegmentHeader;

storage::Database later_database(uint32_t epoch) {
  storage::Database database = WalStream::database();
  database.epoch = epoch;
  return database;
}

sim::SimMachine& blocking(sim::SimMachine& machine) {
  machine.world.set_auto_advance(true);
  return machine;
}

TEST_CASE("wal_recovery: without a log there is nothing to replay") {
  sim::SimMachine machine(1);
  blocking(machine);
  const auto inventory = storage::list_streams(machine.backend(), later_database(1));
  REQUIRE(inventory.ok());
  CHECK(inventory->streams.empty());
  CHECK(inventory->released.empty());
}

TEST_CASE("wal_recovery: streams are replayed by start, then by shard") {
  sim::SimMachine machine(2);
  blocking(machine);
  engine::Reactor reactor(machine.backend());
  for (const auto& [epoch, shard] : {std::pair<uint32_t, uint16_t>{10, 0}, {2, 1}, {2, 0}, {10, 300}, {9, 7}}) {
    REQUIRE(storage::WalWriter::open(reactor, WalStream::small_options(), later_database(epoch), engine::ShardId{shard}).ok());
  }
  const auto inventory = storage::list_streams(machine.backend(), later_database(11));
  REQUIRE(inventory.ok());
  std::string order;
  for (const storage::WalStreamFiles& files : inventory->streams) order += storage::stream_name(files.stream) + ' ';
  CHECK(order == "2-0 2-1 9-7 10-0 10-300 ");
}

TEST_CASE("wal_recovery: what is not understood is refused and left alone") {
  for (const std::string path : {"wal/holiday.jpg", "wal/1-0/2.bak", "wal/1-0/old/"}) {
    WalStream stream;
    stream.append(make_frame(1, 1, 1));
    stream.end();
    sim::SimCalls& calls = stream.machine().calls();
    if (path.back() == '/') calls.mkdir(path.substr(0, path.size() - 1));
    if (path.back() != '/') calls.open(path);
    const uint64_t effects = stream.machine().disk().effect_count();
    const absl::Status status = storage::list_streams(stream.machine().backend(), later_database(2)).status();
    INFO(path << ": " << status);
    CHECK(absl::IsFailedPrecondition(status));
    CHECK(stream.machine().disk().effect_count() == effects);
  }
}

TEST_CASE("wal_recovery: a stream that the superblock cannot know is refused") {
  WalStream stream;
  stream.append(make_frame(1, 1, 1));
  stream.end();
  CHECK(absl::IsFailedPrecondition(storage::list_streams(stream.machine().backend(), later_database(1)).status()));
  CHECK(storage::list_streams(stream.machine().backend(), later_database(2)).ok());
}

TEST_CASE("wal_recovery: a released stream is never read again, and its removal may be cut off anywhere") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    for (uint64_t cut = 0; cut < 16; ++cut) {
      WalStream stream(WalStream::small_options(), {.seed = seed});
      for (uint64_t i = 1; i <= 8; ++i) {
        stream.append(make_frame(i, 10, 5'000));
        stream.settle();
      }
      stream.end();
      sim::SimMachine& machine = stream.machine();
      machine.world.power_off_after(cut);
      const bool released = storage::release_stream(machine.backend(), stream.stream()).ok();
      if (released) {
        const absl::Status removed = storage::remove_stream(machine.backend(), stream.stream());
        CHECK((removed.ok() || machine.world.outage() != sim::Outage::none));
      }
      machine.power_cycle();
      const auto inventory = storage::list_streams(machine.backend(), later_database(2));
      INFO("seed " << seed << " cut " << cut << ": " << inventory.status());
      REQUIRE(inventory.ok());
      if (released) CHECK(inventory->streams.empty());
      for (size_t i = 0; i < inventory->streams.size(); ++i) CHECK(stream.read().frames == stream.written());
      for (const StreamId left : inventory->released) {
        CHECK(storage::remove_stream(machine.backend(), left).ok());
        CHECK(storage::remove_stream(machine.backend(), left).ok());
        CHECK_FALSE(machine.disk().read_current("wal/1-0/1").has_value());
      }
    }
  }
}

TEST_CASE("wal_recovery: segments that were in use and have the size are offered for reuse") {
  WalStream stream;
  for (uint64_t i = 1; i <= 3; ++i) {
    stream.append(make_frame(i, 10, 7'000));
    stream.settle();
  }
  stream.end();
  const storage::WalReadCounts counts = stream.read().counts;
  CHECK(counts.segments == 3);
  CHECK(counts.sequence_last == 3);
  storage::WalStreamFiles files = stream.files();
  CHECK(files.segments.size() == 4);
  REQUIRE(storage::remove_unbegun_segments(stream.machine().backend(), files, counts.sequence_last).ok());
  CHECK(storage::reusable_segments(files, WalStream::segment_size) ==
        std::vector<std::string>{"wal/1-0/1", "wal/1-0/2", "wal/1-0/3"});
  CHECK(storage::reusable_segments(files, 2 * WalStream::segment_size).empty());
}

TEST_CASE("wal_recovery: segments that were never begun are removed, and that may be cut off anywhere") {
  storage::WalOptions options = WalStream::small_options();
  options.segments_ready = 3;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    for (uint64_t cut = 0; cut < 10; ++cut) {
      INFO("seed " << seed << " cut " << cut);
      WalStream stream(options, {.seed = seed});
      for (uint64_t i = 1; i <= 3; ++i) {
        stream.append(make_frame(i, 10, 7'000));
        stream.settle();
      }
      stream.end();
      storage::WalStreamFiles files = stream.files();
      REQUIRE(files.segments.size() > 5);
      sim::SimMachine& machine = stream.machine();
      machine.world.power_off_after(cut);
      const absl::Status removed = storage::remove_unbegun_segments(machine.backend(), files, 3);
      machine.power_cycle();
      CHECK(stream.read().frames == stream.written());
      if (removed.ok()) CHECK(stream.files().segments.size() == 3);
    }
  }
}

template <typename Header>
Header header_at(WalStream& stream, uint64_t offset) {
  const std::vector<std::byte> bytes = *stream.machine().disk().read_current("wal/1-0/1");
  return engine::load<Header>(bytes.data() + offset);
}

// docs/wal.md, Recovery: R5.
TEST_CASE("wal_reader: segments of a newer release are refused in one line, unless what is new may be ignored") {
  WalStream stream;
  stream.append(make_frame(1, 1, 1));
  stream.end();
  const auto patched = [&stream](void (*change)(WalSegmentHeader&)) {
    auto header = header_at<WalSegmentHeader>(stream, 0);
    change(header);
    header.crc = storage::wal_crc(header);
    stream.overwrite("wal/1-0/1", 0, std::as_bytes(std::span(&header, 1)));
    return stream.read();
  };
  CHECK(patched([](WalSegmentHeader& header) { header.features_may_ignore = 8; }).frames == stream.written());
  CHECK(absl::IsFailedPrecondition(patched([](WalSegmentHeader& header) { header.features_must_know = 8; }).status));
  CHECK(absl::IsFailedPrecondition(patched([](WalSegmentHeader& header) {
                                     header.features_must_know = 0;
                                     header.format = storage::wal_format + 1;
                                   }).status));
}

// docs/wal.md, Recovery: R3.
TEST_CASE("wal_reader: a frame of a newer release is refused, not taken for the end") {
  WalStream stream;
  stream.append(make_frame(1, 0, 0));
  stream.end();
  for (const bool unknown_type : {true, false}) {
    auto header = header_at<WalFrameHeader>(stream, storage::wal_groups_offset);
    header.type = unknown_type ? 7 : 3;
    header.flags = unknown_type ? 0 : 2;
    const storage::WalPlace place{.salt = WalStream::database().wal_salt,
                                  .stream = stream.stream().value,
                                  .sequence = 1,
                                  .offset = storage::wal_groups_offset};
    header.header_crc = storage::wal_crc(place, header, {});
    stream.overwrite("wal/1-0/1", storage::wal_groups_offset, std::as_bytes(std::span(&header, 1)));
    CHECK(absl::IsFailedPrecondition(stream.read().status));
  }
}

// docs/wal.md, Recovery: R3.
TEST_CASE("wal_reader: attachments are stepped over, but for a frame that says they must be known") {
  const auto attachment = [](uint16_t type, std::string_view text) {
    engine::ByteWriter writer;
    writer.put(type);
    writer.put(uint16_t{0});
    writer.put(static_cast<uint32_t>(text.size()));
    writer.put_bytes(engine::as_bytes(text));
    writer.put_zeros(engine::align_up(text.size(), 4) - text.size());
    return writer.take();
  };
  StoredFrame frame = make_frame(1, 5, 100);
  frame.attachments = attachment(1, "a source");
  const std::vector<std::byte> second = attachment(2, "odd");
  frame.attachments.insert(frame.attachments.end(), second.begin(), second.end());
  {
    WalStream stream;
    stream.append(frame);
    stream.append(make_frame(2, 5, 100));
    stream.end();
    const ReadStream read = stream.read();
    CHECK(read.status == absl::OkStatus());
    CHECK(read.frames == stream.written());
    REQUIRE(read.frames.size() == 2);
    CHECK(read.frames[0].attachments == frame.attachments);
  }
  const auto refusal = [](const StoredFrame& refused) {
    WalStream stream;
    stream.append(refused);
    stream.end();
    const ReadStream read = stream.read();
    CHECK(read.frames.empty());
    CHECK(absl::IsFailedPrecondition(read.status));
    return std::string(engine::message_of(read.status));
  };
  frame.attachments_must_be_known = true;
  CHECK(refusal(frame) ==
        "wal/1-0/1: frame 1 at offset 4096 was written by a newer release: an attachment of type 1 that must be known");
  frame.attachments_must_be_known = false;
  frame.attachments.resize(frame.attachments.size() - 1);  // of another grammar, under a good checksum
  CHECK(refusal(frame) == "wal/1-0/1: frame 1 at offset 4096 was written by a newer release: attachments of another form");
}

// docs/wal.md, Recovery: R1. Only a whole frame says that a newer release wrote it.
TEST_CASE("wal_reader: a torn frame of a newer release is the end of the stream, as any torn frame is") {
  StoredFrame newer = make_frame(2, 10, 300);
  newer.attachments = std::vector<std::byte>(8);
  newer.attachments_must_be_known = true;
  WalStream stream;
  stream.append(make_frame(1, 10, 300));
  stream.settle();
  stream.append(newer);
  stream.end();
  CHECK(absl::IsFailedPrecondition(stream.read().status));
  const uint64_t body = 2 * engine::block_size + storage::wal_body_offset(10, 8);
  stream.overwrite("wal/1-0/1", body, std::vector<std::byte>(300));
  const ReadStream read = stream.read();
  CHECK(read.status == absl::OkStatus());
  CHECK(read.frames.size() == 1);
}

// docs/wal.md, Recovery: R9.
TEST_CASE("wal_reader: an error of the disk is reported as it is, and is no end of the stream") {
  WalStream stream;
  stream.append(make_frame(1, 1, 1));
  stream.end();
  for (const engine::IoOp op : {engine::IoOp::read, engine::IoOp::sync_data, engine::IoOp::open}) {
    stream.machine().disk().fail({.op = op, .error = EIO});
    const ReadStream read = stream.read();
    CHECK(read.frames.empty());
    CHECK_FALSE(read.status.ok());
    CHECK_FALSE(absl::IsDataLoss(read.status));
    CHECK_THAT(std::string(engine::message_of(read.status)), tests::contains_text("wal/1-0/1"));
  }
  CHECK(stream.read().frames == stream.written());
}

// docs/wal.md, Recovery: R1.
TEST_CASE("wal_reader: the torn end of the last group is cut, whole frames before it are kept") {
  WalStream stream;
  stream.append(make_frame(1, 10, 300));
  stream.settle();
  stream.append(make_frame(2, 10, 300));
  stream.append(make_frame(3, 10, 300));
  stream.end();
  // The second frame of the second group, in its block 2, at 64 + 16 + 304 after the first.
  const uint64_t offset = storage::wal_groups_offset + engine::block_size + 384 + 200;
  stream.machine().disk().flip_bit("wal/1-0/1", offset, 0);
  const ReadStream read = stream.read();
  CHECK(read.status.ok());
  CHECK(read.frames.size() == 2);
  CHECK(read.counts.tail_torn);
}

}  // namespace
}  // namespace tests
