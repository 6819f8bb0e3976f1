// What the write-ahead log costs the owning shard, and what it leaves of the disk.
//
// append    frames into group buffers, on a backend that completes everything at once: copy, header, checksums. By body size.
// durable   frames to the disk below $TMPDIR (or the current directory): groups of one size, one in flight while the next
// fills,
//           segments recycled. By group size.
// raw       the same disk and sizes without a log: O_DIRECT writes, each durable, one in flight, over a file that is written
// already.
//
// The ratio of durable to raw of the same run is the figure to keep; the rates themselves are the disk's.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/crc32c.h"
#include "engine/base/verify.h"
#include "engine/io/blocking.h"
#include "engine/uring/backend.h"
#include "storage/wal/writer.h"

namespace {

constexpr uint64_t segment_size = 64 * 1024 * 1024;

// Everything succeeds at once; nothing is kept.
class NothingBackend final : public engine::IoBackend {
 public:
  size_t submit(std::span<const engine::IoRequest> requests) override {
    for (const engine::IoRequest& request : requests) {
      done_.push_back({.completion = request.completion, .result = static_cast<int32_t>(request.buffer.size())});
    }
    return requests.size();
  }
  size_t reap(std::span<engine::IoResult> results, engine::Instant) override {
    const size_t count = std::min(results.size(), done_.size());
    std::copy_n(done_.begin(), count, results.begin());
    done_.erase(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  void release_buffer(engine::BufferId) override {}
  engine::Instant now() const override { return {}; }
  engine::WallTime wall_now() const override { return {}; }
  uint64_t random() override { return 4; }
  void wake(engine::IoBackend&) override {}
  engine::FileId reserve_file() override { return {}; }
  engine::FileId adopt_socket(int32_t) override { return {}; }
  absl::StatusOr<std::vector<engine::DirectoryEntry>> list_directory(std::string_view) override {
    return std::vector<engine::DirectoryEntry>{};
  }
  absl::StatusOr<engine::BoundSocket> listen_tcp(engine::SocketAddress) override { return engine::BoundSocket{}; }
  absl::StatusOr<engine::BoundSocket> bind_udp(const engine::UdpBinding&) override { return engine::BoundSocket{}; }
  engine::Delivery delivery(engine::FileId) override { return engine::Delivery::confirmed; }
  uint32_t datagrams_lost(engine::FileId) override { return 0; }

 private:
  std::deque<engine::IoResult> done_;
};

std::unique_ptr<storage::WalWriter> open_writer(engine::Reactor& reactor, size_t group_size_max) {
  absl::StatusOr<std::unique_ptr<storage::WalWriter>> writer =
      storage::WalWriter::open(reactor,
                               {.segment_size = segment_size,
                                .size_max = 4 * segment_size,
                                .group_size_max = group_size_max,
                                .sync_method = storage::SyncMethod::dsync},
                               {.wal_salt = 1, .epoch = 1}, engine::ShardId{0});
  VERIFY(writer.ok());
  return *std::move(writer);
}

// A turn of the shard; what is durable counts as checkpointed.
void turn(engine::Reactor& reactor, storage::WalWriter& writer) {
  writer.flush();
  reactor.turn(engine::instant_never);
  VERIFY(!writer.failed());
  writer.release(writer.durable());
}

void append(benchmark::State& state) {
  NothingBackend backend;
  engine::Reactor reactor(backend);
  const std::unique_ptr<storage::WalWriter> writer = open_writer(reactor, 1024 * 1024);
  const std::vector<std::byte> head(64);
  const std::vector<std::byte> body(static_cast<size_t>(state.range(0)), std::byte{0x5a});
  const storage::WalFrame frame{.type = storage::FrameType::data, .head = head, .body = body, .body_crc = engine::crc32c(body)};
  for (auto _ : state) {
    while (!writer->has_room(frame.stored_size())) turn(reactor, *writer);
    writer->append(frame);
  }
  while (!writer->idle()) turn(reactor, *writer);
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(append)->Arg(256)->Arg(4 << 10)->Arg(32 << 10)->Arg(128 << 10);

// A backend on a directory that goes away with it.
class Disk {
 public:
  Disk() : path_(name()) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
    absl::StatusOr<std::unique_ptr<engine::UringBackend>> backend =
        engine::UringBackend::create({.data_directory = path_.string()});
    VERIFY(backend.ok());
    backend_ = *std::move(backend);
  }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  ~Disk() {
    backend_.reset();
    std::filesystem::remove_all(path_);
  }

  engine::UringBackend& backend() { return *backend_; }

 private:
  static std::filesystem::path name() {
    const char* parent = std::getenv("TMPDIR");
    return std::filesystem::path(parent != nullptr ? parent : ".") / "wal_append_bench.tmp";
  }

  std::filesystem::path path_;
  std::unique_ptr<engine::UringBackend> backend_;
};

void durable(benchmark::State& state) {
  Disk disk;
  engine::Reactor reactor(disk.backend());
  const auto group_size = static_cast<size_t>(state.range(0));
  const std::unique_ptr<storage::WalWriter> writer = open_writer(reactor, group_size);
  // Four frames fill the group, trailer included.
  const std::vector<std::byte> body((group_size - 512) / 4 - sizeof(storage::WalFrameHeader), std::byte{0x5a});
  const storage::WalFrame frame{.type = storage::FrameType::data, .body = body, .body_crc = engine::crc32c(body)};
  // Until all segments are made: what is measured is the log at work, not the filling of files that happens once.
  writer->append(frame);
  while (!writer->idle()) turn(reactor, *writer);
  for (auto _ : state) {
    for (int i = 0; i < 4; ++i) {
      while (!writer->has_room(frame.stored_size())) turn(reactor, *writer);
      writer->append(frame);
    }
    writer->flush();
  }
  while (!writer->idle()) turn(reactor, *writer);
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(durable)->Arg(4 << 10)->Arg(64 << 10)->Arg(256 << 10)->Arg(1 << 20)->UseRealTime();

void raw(benchmark::State& state) {
  Disk disk;
  const auto size = static_cast<size_t>(state.range(0));
  engine::BufferPool pool({.buffer_count_max = 1, .buffer_size = 1024 * 1024});
  const engine::PooledBuffer buffer = pool.acquire();
  std::ranges::fill(buffer.bytes(), std::byte{0x5a});
  absl::StatusOr<engine::BlockingFile> file =
      engine::BlockingFile::open(disk.backend(), "raw", engine::OpenMode::read_write_direct);
  VERIFY(file.ok());
  for (uint64_t offset = 0; offset < segment_size; offset += buffer.bytes().size()) {
    VERIFY(file->write(offset, buffer.bytes()).ok());
  }
  VERIFY(file->sync_data().ok());
  uint64_t offset = 0;
  for (auto _ : state) {
    const int32_t result = engine::run_blocking(
        disk.backend(),
        {.op = engine::IoOp::write_dsync, .file = file->id(), .offset = offset, .buffer = buffer.bytes().first(size)});
    VERIFY_EQ(static_cast<size_t>(result), size);
    offset = (offset + size) % segment_size;
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(raw)->Arg(4 << 10)->Arg(64 << 10)->Arg(256 << 10)->Arg(1 << 20)->UseRealTime();

}  // namespace
