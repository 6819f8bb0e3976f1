// Frames of the log that is being written, read back: by a running shard, and by a start.
#include "storage/wal/frame_read.h"

#include <memory>
#include <string>
#include <vector>

#include "engine/base/crc32c.h"
#include "engine/reactor/reactor.h"
#include "storage/wal/frame_fetch.h"
#include "storage/wal/names.h"
#include "storage/wal/streams.h"
#include "storage/wal/writer.h"
#include "tests/catch.h"
#include "tests/sim/sim_machine.h"
#include "tests/storage/wal_stream.h"

namespace storage {
namespace {

constexpr uint64_t segment_size = 1 << 20;

// A log on a simulated machine, and who reads its frames back.
class Bench final : private WalFrameReadListener {
 public:
  explicit Bench(const sim::DiskFaults& faults = {}) {
    machine_.world.set_auto_advance(true);
    const WalOptions options{.segment_size = segment_size, .size_max = 8 * segment_size, .group_size_max = 64 << 10};
    wal_ = WalWriter::open(*reactor_, options, tests::WalStream::database(), engine::ShardId{0}).value();
    machine_.world.options().disk = faults;
  }

  void append(size_t body_size) {
    const tests::StoredFrame frame = tests::make_frame(places_.size() + 1, 24, body_size);
    const WalFrame view{.type = frame.type,
                        .lane = frame.lane,
                        .txn = frame.txn,
                        .lsn = {},
                        .head = frame.head,
                        .body = frame.body,
                        .body_crc = engine::crc32c(frame.body)};
    while (!wal_->has_room(view.stored_size())) turn();
    wal_->append(view);
    places_.push_back(wal_->last_place());
    written_.push_back(frame);
    while (!wal_->idle()) turn();
  }

  // All of them, in as many reads as it takes.
  void read_all() {
    while (read_.size() < places_.size() && status_.ok()) {
      wal_->read(reader_, std::span(places_).subspan(read_.size()));
      ++reads_;
      while (!reader_.is_idle() && status_.ok()) reactor_->turn(machine_.world.now() + engine::milliseconds(1));
    }
  }

  // Whether what was read is what was written.
  bool is_same() const {
    for (size_t i = 0; i < read_.size(); ++i) {
      if (read_[i].head != written_[i].head || read_[i].body != written_[i].body || read_[i].txn != written_[i].txn)
        return false;
    }
    return read_.size() == written_.size();
  }

  std::string path(size_t index) const { return segment_path(wal_->stream(), places_[index].sequence); }
  const std::vector<WalFramePlace>& places() const { return places_; }
  const std::vector<tests::StoredFrame>& written() const { return written_; }
  int reads() const { return reads_; }
  std::string error() const { return std::string(engine::message_of(status_)); }
  sim::SimMachine& machine() { return machine_; }

  // The process ends, and leaves this.
  WalStreamFiles end() {
    wal_.reset();
    reactor_.reset();
    machine_.power_cycle();
    Database later = tests::WalStream::database();
    ++later.epoch;
    return list_streams(machine_.backend(), later).value().streams.front();
  }

 private:
  void turn() {
    wal_->flush();
    reactor_->turn(machine_.world.now() + engine::milliseconds(1));
  }

  void on_frames_read(std::span<const WalFrame> frames) override {
    for (const WalFrame& frame : frames) {
      read_.push_back({.type = frame.type,
                       .lane = frame.lane,
                       .txn = frame.txn,
                       .lsn = frame.lsn,
                       .head = {frame.head.begin(), frame.head.end()},
                       .body = {frame.body.begin(), frame.body.end()}});
    }
  }
  void on_frames_failed(const absl::Status& status) override { status_ = status; }

  sim::SimMachine machine_{1};
  std::unique_ptr<engine::Reactor> reactor_ = std::make_unique<engine::Reactor>(machine_.backend());
  std::unique_ptr<WalWriter> wal_;
  WalFrameRead reader_{*reactor_, *this};
  std::vector<WalFramePlace> places_;
  std::vector<tests::StoredFrame> written_;
  std::vector<tests::StoredFrame> read_;
  int reads_ = 0;
  absl::Status status_;
};

TEST_CASE("wal_frame_read: frames of several segments come back as they were written, neighbours together") {
  Bench bench({.read_short_rate = 300'000});
  for (size_t i = 0; i < 120; ++i) bench.append(i % 7 == 0 ? 60'000 : 500 + 300 * i % 20'000);
  bench.append(2 * WalFrameRead::size_max);
  bench.append(100);
  CHECK(bench.places().back().sequence > 2);
  bench.read_all();
  CHECK(bench.error().empty());
  CHECK(bench.is_same());
  CHECK(bench.reads() < 40);
}

TEST_CASE("wal_frame_read: neighbours are those of one segment, that are near and not too many") {
  constexpr uint32_t large = WalFrameRead::size_max / 2;
  const auto count = [](std::vector<WalFramePlace> places) { return WalFrameRead::count_of(places); };
  CHECK(count({{1, 4096, 4 * large}, {1, 4096 + 4 * large, 64}}) == 1);
  CHECK(count({{1, 4096, 64}, {1, 4160, 64}, {2, 4096, 64}}) == 2);
  CHECK(count({{1, 4096, 64}, {1, 8192, 64}, {1, 8256 + WalFrameRead::gap_max + 8, 64}}) == 2);
  CHECK(count({{1, 4096, large}, {1, 4096 + large, large}, {1, 4096 + 2 * large, 64}}) == 2);
}

TEST_CASE("wal_frame_read: damage and an error of the disk are told with their place") {
  Bench bench;
  for (int i = 0; i < 4; ++i) bench.append(1000);
  const WalFramePlace third = bench.places()[2];
  SECTION("of a body") {
    REQUIRE(bench.machine().disk().flip_bit(bench.path(2), third.offset + third.size - 50, 3));
    bench.read_all();
    CHECK(bench.error() ==
          bench.path(2) + " at offset " + std::to_string(third.offset) + ": a frame that was durable is damaged");
  }
  SECTION("of a header") {
    REQUIRE(bench.machine().disk().flip_bit(bench.path(2), third.offset + 9, 0));
    bench.read_all();
    CHECK(bench.error() ==
          bench.path(2) + " at offset " + std::to_string(third.offset) + ": a frame that was durable is damaged");
  }
  SECTION("an error") {
    bench.machine().world.options().disk.read_error_rate = sim::always;
    bench.read_all();
    CHECK(bench.error().starts_with("read " + bench.path(0) + " at offset " + std::to_string(bench.places()[0].offset)));
  }
}

TEST_CASE("wal_frame_fetch: a start finds frames again by their places, and says which is damaged") {
  Bench bench;
  for (size_t i = 0; i < 60; ++i) bench.append(30'000 + 100 * i);
  const WalStreamFiles files = bench.end();
  const Database database = tests::WalStream::database();
  WalFrameFetch fetch(bench.machine().backend(), database, files);
  for (const size_t i : {size_t{0}, size_t{59}, size_t{7}, size_t{8}, size_t{30}}) {
    const absl::StatusOr<WalFrame> frame = fetch.fetch(bench.places()[i]);
    REQUIRE(frame.status() == absl::OkStatus());
    CHECK(std::vector<std::byte>(frame->body.begin(), frame->body.end()) == bench.written()[i].body);
  }
  const WalFramePlace place = bench.places()[3];
  REQUIRE(bench.machine().disk().flip_bit(segment_path(files.stream, place.sequence), place.offset + 500, 0));
  WalFrameFetch after(bench.machine().backend(), database, files);
  CHECK(engine::message_of(after.fetch(place).status()) == segment_path(files.stream, place.sequence) + " at offset " +
                                                               std::to_string(place.offset) +
                                                               ": a frame that was read before is damaged");
}

}  // namespace
}  // namespace storage
