#include "engine/shard/shard.h"

#include <sched.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "engine/shard/threads.h"
#include "engine/uring/backend.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"

namespace engine {
namespace {

constexpr ShardId self{0};

// One shard on a real backend, stepped by the test.
struct Node {
  Node() {
    auto created = UringBackend::create({.data_directory = directory.path()});
    INFO(created.status().ToString());
    REQUIRE(created.ok());
    backend = *std::move(created);
    shard = std::make_unique<Shard>(mesh, self, *backend);
  }

  tests::TemporaryDirectory directory;
  ShardMesh mesh{{.endpoint_count = 1}};
  std::unique_ptr<UringBackend> backend;
  std::unique_ptr<Shard> shard;
};

// Notes what happens to it; does what the test asks for.
class NotingService final : public Service {
 public:
  explicit NotingService(Shard& shard) : shard_(shard), timer_(shard.reactor().timers(), *this) {}

  const char* name() const override { return "noting"; }

  bool on_turn(Instant now) override {
    notes.push_back("turn");
    while (shard_.backend().now() < now + busy_for) {
    }
    return more_turns-- > 0;
  }

  void on_message(ShardId from, const MeshMessage& message) override {
    REQUIRE(from == self);
    notes.push_back("message " + std::to_string(message.as<int>()));
  }

  void start_mkdir(const char* path) {
    shard_.reactor().submit({.op = IoOp::mkdir, .path = path, .completion = &made_});
    notes.push_back("submitted");
  }

  void start_timer(Duration delay) { timer_.arm(shard_.backend().now() + delay); }

  std::vector<std::string> notes;
  int more_turns = 0;
  Duration busy_for;

 private:
  void on_made(const IoResult& result) { notes.push_back("made " + std::to_string(result.result)); }
  void on_timer(Instant) { notes.push_back("timer"); }

  Shard& shard_;
  MemberCompletion<&NotingService::on_made> made_{*this};
  MemberTimer<&NotingService::on_timer> timer_;
};

TEST_CASE("shard: a turn is messages, services, then completions, which never run inside submit") {
  Node node;
  NotingService service(*node.shard);
  node.shard->add_service(service, {.first = 5, .count = 2});
  REQUIRE(node.shard->endpoint().try_send(self, MeshMessage::make(6, 42)));
  service.start_mkdir("d");
  CHECK(node.shard->reactor().in_flight() == 1);
  while (node.shard->reactor().in_flight() > 0) node.shard->run_once();
  REQUIRE(service.notes.size() >= 4);
  CHECK(service.notes[0] == "submitted");
  CHECK(service.notes[1] == "message 42");
  CHECK(service.notes[2] == "turn");
  CHECK(service.notes.back() == "made 0");
}

TEST_CASE("shard: a service with more work keeps the shard from waiting, without it a timer ends the wait") {
  Node node;
  NotingService service(*node.shard);
  node.shard->add_service(service, {});
  service.start_timer(milliseconds(20));
  service.more_turns = 100;
  for (int i = 0; i < 100; ++i) node.shard->run_once();
  while (std::ranges::count(service.notes, "timer") == 0) node.shard->run_once();
  CHECK(node.shard->turn_count() < 105);  // it waited for the timer, instead of turning all the time
}

TEST_CASE("shard: a turn above 25 ms is counted for the phase that took longest") {
  Node node;
  NotingService idle(*node.shard);
  NotingService service(*node.shard);
  node.shard->add_service(idle, {.first = 0, .count = 1});
  node.shard->add_service(service, {.first = 1, .count = 1});
  service.more_turns = 10;
  node.shard->run_once();
  service.busy_for = milliseconds(30);
  node.shard->run_once();
  service.busy_for = {};
  node.shard->run_once();
  const std::span<const TurnPhase> phases = node.shard->phases();
  REQUIRE(phases.size() == 4);
  CHECK(phases[3].slow_turn_count >= 1);
  CHECK(phases[3].slow_turn_max >= milliseconds(30));
  CHECK(std::string_view(phases[3].name) == "noting");
}

TEST_CASE("threads: a CPU that is not there is an error that names it, and nothing runs") {
  Node node;
  Threads threads;
  const absl::Status status = threads.start(*node.shard, {.name = "shard-0", .cpu = 1'000});
  CHECK(message_of(status) == "pin thread shard-0 to CPU 1000: Invalid argument");
  CHECK(node.shard->turn_count() == 0);
}

TEST_CASE("threads: stop ends a shard that waits for ever") {
  Node node;
  auto waker = UringBackend::create({.data_directory = node.directory.path()});
  REQUIRE(waker.ok());
  NotingService service(*node.shard);
  node.shard->add_service(service, {});
  Threads threads;
  REQUIRE(threads.start(*node.shard, {.name = "shard-0", .cpu = sched_getcpu(), .nice_step = 1}).ok());
  threads.stop(**waker);
  CHECK(node.shard->turn_count() == service.notes.size());
}

}  // namespace
}  // namespace engine
