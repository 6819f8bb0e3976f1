#include "storage/wal/writer.h"

#include <cerrno>

#include "storage/wal/names.h"
#include "tests/catch.h"
#include "tests/storage/wal_stream.h"

namespace tests {
namespace {

using engine::IoOp;
using storage::Lsn;
using storage::SyncMethod;
using storage::WalOptions;

WalOptions with_method(SyncMethod method) {
  WalOptions options = WalStream::small_options();
  options.sync_method = method;
  return options;
}

TEST_CASE("wal_writer: frames come back as they went in, in order, also empty and odd ones") {
  WalStream stream;
  for (uint64_t i = 1; i <= 40; ++i) {
    StoredFrame frame = make_frame(i, i % 3 == 0 ? 0 : i, i % 5 == 0 ? 0 : i * 37);
    frame.type = static_cast<storage::FrameType>(1 + i % 3);
    stream.append(frame);
    if (i % 4 == 0) stream.turn();
  }
  stream.settle();
  CHECK(stream.durable() == Lsn{40});
  CHECK(stream.writer().last() == Lsn{40});
  stream.end();
  const ReadStream read = stream.read();
  CHECK(read.status.ok());
  CHECK(read.frames == stream.written());
  CHECK(read.counts.frames == 40);
  CHECK_FALSE(read.counts.tail_torn);
  CHECK(read.counts.trailers_damaged == 0);
}

TEST_CASE("wal_writer: nothing is durable before its write has completed, and frames of later turns share one group") {
  WalStream stream;
  stream.append(make_frame(1, 10, 100));
  stream.writer().flush();
  for (uint64_t i = 2; i <= 6; ++i) {
    stream.append(make_frame(i, 10, 100));
    stream.writer().flush();
    CHECK(stream.durable() == Lsn{0});
  }
  stream.settle();
  CHECK(stream.durable() == Lsn{6});
  CHECK(stream.writer().group_count() == 2);
}

TEST_CASE("wal_writer: a frame above the group size has a group of its own, up to a whole segment") {
  WalStream stream;
  const uint64_t body_size_max = storage::frame_size_max(WalStream::segment_size) - sizeof(storage::WalFrameHeader);
  stream.append(make_frame(1, 0, 100));
  stream.append(make_frame(2, 0, 9'000));
  stream.append(make_frame(3, 0, body_size_max));
  stream.append(make_frame(4, 0, body_size_max));
  stream.append(make_frame(5, 0, 1));
  stream.settle();
  CHECK(stream.durable() == Lsn{5});
  stream.end();
  CHECK(stream.read().frames == stream.written());
}

TEST_CASE("wal_writer: a failed write or sync ends the stream once, and nothing is tried again") {
  struct Row {
    SyncMethod method;
    IoOp op;
    int32_t error;
  };
  for (const Row& row :
       {Row{SyncMethod::dsync, IoOp::write_dsync, EIO}, Row{SyncMethod::dsync, IoOp::write_dsync, ENOSPC},
        Row{SyncMethod::write_then_sync, IoOp::write, EIO}, Row{SyncMethod::write_then_sync, IoOp::sync_data, EIO},
        Row{SyncMethod::write_then_sync, IoOp::sync_data, EINTR}}) {
    WalStream stream(with_method(row.method));
    stream.append(make_frame(1, 10, 100));
    stream.settle();
    REQUIRE(stream.durable() == Lsn{1});
    stream.machine().disk().fail({.op = row.op, .error = row.error});
    stream.append(make_frame(2, 10, 100));
    stream.settle();
    REQUIRE(stream.failures().size() == 1);
    CHECK_THAT(std::string(engine::message_of(stream.failures()[0])), tests::contains_text("wal/1-0/1"));
    CHECK_THAT(std::string(engine::message_of(stream.failures()[0])), tests::contains_text("frames 2 to 2"));
    CHECK(stream.writer().failed());
    CHECK_FALSE(stream.writer().has_room(100));
    const uint64_t effects = stream.machine().disk().effect_count();
    for (int i = 0; i < 5; ++i) stream.turn();
    CHECK(stream.machine().disk().effect_count() == effects);
    CHECK(stream.durable() == Lsn{1});
    CHECK(stream.failures().size() == 1);
  }
}

TEST_CASE("wal_writer: passing errors of a write are tried again, not for ever") {
  for (const uint64_t failing : {1U, 7U, 8U}) {
    for (const int32_t error : {EAGAIN, EINTR, ENOMEM}) {
      WalStream stream;
      for (uint64_t i = 0; i < failing; ++i) stream.machine().disk().fail({.op = IoOp::write_dsync, .error = error});
      stream.append(make_frame(1, 10, 100));
      stream.settle();
      CHECK(stream.failures().size() == (failing == 8 ? 1 : 0));
      CHECK(stream.durable() == Lsn{failing == 8 ? 0U : 1U});
    }
  }
}

TEST_CASE("wal_writer: short writes are continued") {
  sim::WorldOptions world{.seed = 3};
  world.disk.write_short_rate = sim::always / 2;
  for (const SyncMethod method : {SyncMethod::dsync, SyncMethod::write_then_sync}) {
    WalStream stream(with_method(method), world);
    for (uint64_t i = 1; i <= 30; ++i) {
      stream.append(make_frame(i, 10, 1'000));
      if (i % 4 == 0) stream.settle();
    }
    stream.settle();
    REQUIRE(stream.failures().empty());
    stream.end();
    CHECK(stream.read().frames == stream.written());
  }
}

TEST_CASE("wal_writer: at its cap the log holds back until a checkpoint releases") {
  WalStream stream;
  const uint64_t frame_size = 7'000;
  uint64_t number = 0;
  while (stream.writer().has_room(frame_size) || !stream.writer().idle()) {
    if (stream.writer().has_room(frame_size)) stream.append(make_frame(++number, 0, frame_size - 64));
    stream.turn();
  }
  CHECK(stream.writer().held_size() == WalStream::small_options().size_max);
  stream.writer().release(Lsn{0});
  stream.settle();
  CHECK_FALSE(stream.writer().has_room(frame_size));
  stream.writer().release(stream.durable());
  stream.settle();
  CHECK(stream.writer().has_room(frame_size));
  CHECK(stream.writer().held_size() == WalStream::segment_size);
  for (int i = 0; i < 10; ++i) {
    stream.append(make_frame(++number, 0, frame_size - 64));
    stream.settle();
    stream.writer().release(stream.durable());
  }
  stream.end();
  const ReadStream read = stream.read();
  REQUIRE(read.status.ok());
  REQUIRE(!read.frames.empty());
  CHECK(read.frames.back().lsn == Lsn{number});
}

TEST_CASE("wal_writer: a full disk is waited out") {
  WalStream stream;
  sim::WorldOptions& options = stream.machine().world.options();
  const uint64_t used = stream.machine().disk().used_size();
  options.disk_capacity = used + WalStream::segment_size / 2;  // which a segment that does not fit gives back
  for (uint64_t i = 1; stream.writer().has_room(4'000); ++i) {
    stream.append(make_frame(i, 0, 3'900));
    stream.settle();
  }
  CHECK(stream.writer().waiting_for_space());
  CHECK(stream.failures().empty());
  CHECK(stream.machine().disk().used_size() == used);
  options.disk_capacity = UINT64_MAX;
  stream.machine().world.advance_by(engine::seconds(2));
  stream.turn();
  stream.settle();
  CHECK_FALSE(stream.writer().waiting_for_space());
  CHECK(stream.writer().has_room(4'000));
}

TEST_CASE("wal_writer: a process short of descriptors or memory is waited out, too") {
  for (const int32_t error : {EMFILE, ENFILE, ENOMEM}) {
    WalStream stream;
    stream.machine().disk().fail({.op = engine::IoOp::open, .error = error, .sticky = true});
    for (uint64_t i = 1; stream.writer().has_room(4'000); ++i) {
      stream.append(make_frame(i, 0, 3'900));
      stream.settle();
    }
    CHECK(stream.writer().waiting_for_space());
    CHECK(stream.failures().empty());
    stream.machine().disk().clear_fail_points();
    stream.machine().world.advance_by(engine::seconds(2));
    stream.turn();
    stream.settle();
    CHECK_FALSE(stream.writer().waiting_for_space());
    CHECK(stream.writer().has_room(4'000));
  }
}

TEST_CASE("wal_writer: on a full disk a segment that a checkpoint releases is used again") {
  WalStream stream;
  sim::WorldOptions& options = stream.machine().world.options();
  options.disk_capacity = stream.machine().disk().used_size() + 5 * WalStream::segment_size / 2;
  uint64_t number = 0;
  for (int i = 0; i < 20; ++i) {
    while (stream.writer().has_room(4'000)) {
      stream.append(make_frame(++number, 0, 3'900));
      stream.settle();
    }
    CHECK(stream.writer().waiting_for_space());
    stream.writer().release(stream.durable());
    stream.settle();
    REQUIRE(stream.failures().empty());
  }
  CHECK(number > 100);
  stream.end();
  const ReadStream read = stream.read();
  REQUIRE(read.status.ok());
  CHECK(read.frames.back().lsn == Lsn{number});
}

TEST_CASE("wal_writer: the sync method is chosen by what the disk is faster at") {
  WalStream stream(with_method(SyncMethod::automatic));
  CHECK(stream.writer().sync_method() != SyncMethod::automatic);
  stream.append(make_frame(1, 10, 100));
  stream.settle();
  stream.end();
  CHECK(stream.read().frames == stream.written());
}

TEST_CASE("wal_writer: sizes that cannot work are refused before anything is made") {
  sim::SimMachine machine(1);
  machine.world.set_auto_advance(true);
  engine::Reactor reactor(machine.backend());
  const auto refused = [&reactor](void (*change)(WalOptions&)) {
    WalOptions options = WalStream::small_options();
    change(options);
    return absl::IsInvalidArgument(
        storage::WalWriter::open(reactor, options, WalStream::database(), engine::ShardId{0}).status());
  };
  CHECK(refused([](WalOptions& options) { options.segment_size = 8 * 1024; }));
  CHECK(refused([](WalOptions& options) { options.segment_size = 16 * 1024 + 1; }));
  CHECK(refused([](WalOptions& options) { options.segment_size = uint64_t{1} << 31; }));
  CHECK(refused([](WalOptions& options) { options.group_size_max = 16 * 1024; }));
  CHECK(refused([](WalOptions& options) { options.group_size_max = 0; }));
  CHECK(refused([](WalOptions& options) { options.size_max = 16 * 1024; }));
  CHECK(refused([](WalOptions& options) { options.segments_ready = 0; }));
  CHECK(machine.disk().effect_count() == 0);
}

}  // namespace
}  // namespace tests
