#include "engine/shard/mesh.h"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/verify.h"
#include "engine/shard/shard.h"
#include "engine/shard/threads.h"
#include "engine/uring/backend.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"

namespace engine {
namespace {

constexpr ShardId left{0};
constexpr ShardId right{1};

MeshMessage numbered(uint64_t number) { return MeshMessage::make(1, number); }

class NumberList final : public MeshReceiver {
 public:
  void on_message(ShardId from, const MeshMessage& message) override {
    senders.push_back(from);
    numbers.push_back(message.as<uint64_t>());
  }

  std::vector<ShardId> senders;
  std::vector<uint64_t> numbers;
};

std::unique_ptr<UringBackend> make_backend(const tests::TemporaryDirectory& directory) {
  auto backend = UringBackend::create(
      {.data_directory = directory.path(), .request_count_max = 16, .stream_buffer_count = 1, .datagram_buffer_count = 1});
  INFO(backend.status().ToString());
  REQUIRE(backend.ok());
  return *std::move(backend);
}

TEST_CASE("shard_mesh: messages arrive once, in order, with their sender, also those to oneself") {
  ShardMesh mesh({.endpoint_count = 3});
  for (uint64_t i = 0; i < 10; ++i) {
    for (ShardId from; from.value < 3; ++from.value)
      REQUIRE(mesh.endpoint(from).try_send(right, numbered(100 * from.value + i)));
  }
  NumberList list;
  CHECK(mesh.endpoint(right).drain(list) == 30);
  CHECK(mesh.endpoint(right).drain(list) == 0);
  CHECK(mesh.endpoint(left).drain(list) == 0);
  for (size_t i = 0; i < 30; ++i) {
    CHECK(list.senders[i].value == i / 10);
    CHECK(list.numbers[i] == 100 * (i / 10) + i % 10);
  }
}

TEST_CASE("shard_mesh: a full ring refuses forward messages and still takes every return") {
  ShardMesh mesh({.endpoint_count = 2, .forward_count_max = 4, .reserved_count_max = 0, .return_count_max = 4});
  MeshEndpoint& sender = mesh.endpoint(left);
  uint64_t count = 0;
  while (sender.try_send(right, numbered(count))) ++count;
  CHECK(count == 4);
  for (uint64_t i = 0; i < 4; ++i) sender.send_return(right, numbered(count++));
  CHECK_FALSE(sender.try_send(right, numbered(count)));

  NumberList list;
  mesh.endpoint(right).drain(list);
  CHECK(list.numbers == std::vector<uint64_t>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(sender.try_send(right, numbered(0)));
}

TEST_CASE("shard_mesh: forward messages leave room for all that is reserved and owed, in whatever order they come") {
  constexpr uint32_t reserved_max = 5;
  constexpr uint32_t return_max = 7;
  for (uint32_t first = 0; first <= reserved_max; ++first) {
    ShardMesh mesh(
        {.endpoint_count = 2, .forward_count_max = 4, .reserved_count_max = reserved_max, .return_count_max = return_max});
    MeshEndpoint& sender = mesh.endpoint(left);
    uint64_t count = 0;
    for (uint32_t i = 0; i < first; ++i) sender.send_reserved(right, numbered(count++));
    while (sender.try_send(right, numbered(count))) ++count;
    for (uint32_t i = first; i < reserved_max; ++i) sender.send_reserved(right, numbered(count++));
    CHECK_FALSE(sender.try_send(right, numbered(count)));
    for (uint32_t i = 0; i < return_max; ++i) sender.send_return(right, numbered(count++));
    NumberList list;
    mesh.endpoint(right).drain(list);
    CHECK(list.numbers.size() == count);
  }
}

TEST_CASE("shard_mesh: nobody falls asleep over a message") {
  ShardMesh mesh({.endpoint_count = 2});
  MeshEndpoint& sleeper = mesh.endpoint(right);
  CHECK(sleeper.fall_asleep());
  sleeper.wake_up();
  for (const ShardId from : {left, right}) {
    REQUIRE(mesh.endpoint(from).try_send(right, numbered(1)));
    CHECK_FALSE(sleeper.fall_asleep());
    NumberList list;
    sleeper.drain(list);
    CHECK(sleeper.fall_asleep());
    sleeper.wake_up();
  }
}

TEST_CASE("shard_mesh: a sleeper is woken by the first of its senders, a waking one by none") {
  const tests::TemporaryDirectory directory;
  ShardMesh mesh({.endpoint_count = 3});
  std::vector<std::unique_ptr<UringBackend>> backends;
  std::array<IoResult, 4> results;
  for (ShardId id; id.value < 3; ++id.value) {
    backends.push_back(make_backend(directory));
    mesh.attach(id, *backends.back());
    backends.back()->reap(results, instant_never);  // the first one does not wait
  }
  const auto is_woken = [&] {
    const Instant deadline = backends[1]->now() + milliseconds(3);
    backends[1]->reap(results, deadline);
    return backends[1]->now() < deadline;
  };
  const auto send = [&](ShardId from) {
    REQUIRE(mesh.endpoint(from).try_send(right, numbered(1)));
    mesh.endpoint(from).wake_peers();
    backends[from.value]->reap(results, backends[from.value]->now());
  };
  send(left);
  CHECK_FALSE(is_woken());
  NumberList list;
  mesh.endpoint(right).drain(list);

  REQUIRE(mesh.endpoint(right).fall_asleep());
  send(left);
  send(ShardId{2});
  CHECK(is_woken());
  CHECK_FALSE(is_woken());
}

constexpr ShardId referee{2};
constexpr uint16_t ball_kind = 1;
constexpr uint32_t ball_count = 3;  // in play, so that a player is found asleep, awake and between the two
constexpr uint32_t ball_hops = 1'000'000 / ball_count;

struct Ball {
  uint32_t index = 0;
  uint32_t hop_count = 0;
};

// Plays each ball on to the other side, and to the referee in the end.
class Player final : public Service {
 public:
  Player(Shard& shard, ShardId peer) : shard_(shard), peer_(peer) {
    shard.add_service(*this, {.first = ball_kind, .count = 1});
  }

  const char* name() const override { return "player"; }
  bool on_turn(Instant) override { return false; }

  void on_message(ShardId, const MeshMessage& message) override {
    Ball ball = message.as<Ball>();
    VERIFY_GE(ball.hop_count, hops_seen_[ball.index]);  // none twice, none out of order
    hops_seen_[ball.index] = ++ball.hop_count;
    const ShardId to = ball.hop_count < ball_hops ? peer_ : referee;
    shard_.endpoint().send_return(to, MeshMessage::make(ball_kind, ball));
  }

 private:
  Shard& shard_;
  ShardId peer_;
  std::array<uint32_t, ball_count> hops_seen_{};
};

// Sends the balls off and waits until they come back, on the thread of the test.
class Referee final : private MeshReceiver {
 public:
  Referee(MeshEndpoint& endpoint, IoBackend& backend) : endpoint_(endpoint), backend_(backend) {}

  void start() {
    for (uint32_t i = 0; i < ball_count; ++i) {
      REQUIRE(endpoint_.try_send(i % 2 == 0 ? left : right, MeshMessage::make(ball_kind, Ball{.index = i})));
    }
    endpoint_.wake_peers();
  }

  // False when the balls stopped moving.
  bool wait() {
    const Instant deadline = backend_.now() + seconds(100);
    std::array<IoResult, 4> results;
    while (back_count_ < ball_count && backend_.now() < deadline) {
      const bool asleep = endpoint_.fall_asleep();
      backend_.reap(results, asleep ? deadline : backend_.now());
      if (asleep) endpoint_.wake_up();
      endpoint_.drain(*this);
    }
    return back_count_ == ball_count;
  }

 private:
  void on_message(ShardId, const MeshMessage& message) override {
    CHECK(message.as<Ball>().hop_count == ball_hops);
    ++back_count_;
  }

  MeshEndpoint& endpoint_;
  IoBackend& backend_;
  uint32_t back_count_ = 0;
};

TEST_CASE("shard_mesh: a million messages between two threads that sleep when idle, none lost") {
  const tests::TemporaryDirectory directory;
  ShardMesh mesh({.endpoint_count = 3, .forward_count_max = 4, .return_count_max = ball_count});
  const auto left_backend = make_backend(directory);
  const auto right_backend = make_backend(directory);
  const auto referee_backend = make_backend(directory);
  Shard left_shard(mesh, left, *left_backend);
  Shard right_shard(mesh, right, *right_backend);
  mesh.attach(referee, *referee_backend);
  Player left_player(left_shard, right);
  Player right_player(right_shard, left);

  Threads threads;
  REQUIRE(threads.start(left_shard, {.name = "left"}).ok());
  REQUIRE(threads.start(right_shard, {.name = "right"}).ok());
  Referee judge(mesh.endpoint(referee), *referee_backend);
  judge.start();
  CHECK(judge.wait());
  threads.stop(*referee_backend);
}

}  // namespace
}  // namespace engine
