// The write-ahead log on the kernel's io_uring and a real file system. What the disk may do to it is simulated elsewhere; here
// is what only the kernel can say no to: alignment, flags, names.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/crc32c.h"
#include "engine/uring/backend.h"
#include "storage/wal/streams.h"
#include "storage/wal/writer.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"

namespace tests {
namespace {

using storage::SyncMethod;

struct Node {
  explicit Node(const TemporaryDirectory& directory) {
    auto created = engine::UringBackend::create({.data_directory = directory.path().string()});
    if (!created.ok()) return;
    backend = *std::move(created);
    reactor.emplace(*backend);
  }

  std::unique_ptr<engine::UringBackend> backend;
  std::optional<engine::Reactor> reactor;
};

std::vector<std::byte> body_of(uint64_t number) {
  std::vector<std::byte> body(number * 997 % 20'000);
  std::ranges::fill(body, static_cast<std::byte>(number));
  return body;
}

void turn(Node& node, storage::WalWriter& writer) {
  writer.flush();
  node.reactor->turn(node.backend->now() + engine::milliseconds(100));
  REQUIRE_FALSE(writer.failed());
}

// A start that replays, reuses, and writes frames 1 to `frames`, releasing on the way. Returns the LSNs that were replayed.
std::vector<uint64_t> start_and_write(const TemporaryDirectory& directory, SyncMethod method, uint64_t frames) {
  Node node(directory);
  REQUIRE(node.backend != nullptr);
  const auto superblock = storage::open_or_create_superblock(*node.backend);
  INFO(superblock.status());
  REQUIRE(superblock.ok());
  auto inventory = storage::list_streams(*node.backend, superblock->database);
  REQUIRE(inventory.ok());
  std::vector<uint64_t> replayed;
  std::vector<std::string> reusable;
  for (storage::WalStreamFiles& files : inventory->streams) {
    storage::WalReader reader(*node.backend, superblock->database, files);
    for (auto frame = reader.next(); frame.ok() && frame->has_value(); frame = reader.next()) {
      replayed.push_back((*frame)->lsn.value);
      CHECK(std::ranges::equal((*frame)->body, body_of((*frame)->lsn.value)));
    }
    CHECK_FALSE(reader.damage().has_value());
    REQUIRE(storage::remove_unbegun_segments(*node.backend, files, reader.counts().sequence_last).ok());
    REQUIRE(storage::release_stream(*node.backend, files.stream).ok());
    const auto segments = storage::reusable_segments(files, 64 * 1024);
    reusable.insert(reusable.end(), segments.begin(), segments.end());
  }
  auto opened = storage::WalWriter::open(*node.reactor,
                                         {.segment_size = 64 * 1024,
                                          .size_max = 256 * 1024,
                                          .group_size_max = 16 * 1024,
                                          .segments_ready = 1,
                                          .sync_method = method},
                                         superblock->database, engine::ShardId{0}, reusable);
  INFO(opened.status());
  REQUIRE(opened.ok());
  storage::WalWriter& writer = **opened;
  for (const storage::WalStreamFiles& files : inventory->streams) {
    REQUIRE(storage::remove_stream(*node.backend, files.stream).ok());
  }
  for (uint64_t number = 1; number <= frames; ++number) {
    const std::vector<std::byte> body = body_of(number);
    const storage::WalFrame frame{.type = storage::FrameType::data, .body = body, .body_crc = engine::crc32c(body)};
    while (!writer.has_room(frame.stored_size())) {
      turn(node, writer);
      if (writer.held_size() == 256 * 1024) writer.release(writer.durable());
    }
    writer.append(frame);
  }
  while (!writer.idle()) turn(node, writer);
  CHECK(writer.durable() == storage::Lsn{frames});
  return replayed;
}

TEST_CASE("wal: writes, recycles, replays and reuses segments on the kernel's io_uring") {
  for (const SyncMethod method : {SyncMethod::automatic, SyncMethod::dsync, SyncMethod::write_then_sync}) {
    const TemporaryDirectory directory;
    if (Node(directory).backend == nullptr) SKIP_TEST("no io_uring here");
    CHECK(start_and_write(directory, method, 100).empty());
    const std::vector<uint64_t> replayed = start_and_write(directory, method, 3);
    REQUIRE_FALSE(replayed.empty());
    CHECK(replayed.front() > 1);
    CHECK(replayed.back() == 100);
    CHECK(replayed.back() - replayed.front() + 1 == replayed.size());
    CHECK(start_and_write(directory, method, 1) == std::vector<uint64_t>{1, 2, 3});
  }
}

}  // namespace
}  // namespace tests
