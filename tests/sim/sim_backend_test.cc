#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/reactor/reactor.h"
#include "engine/shard/mesh.h"
#include "engine/shard/service.h"
#include "engine/shard/shard.h"
#include "tests/catch.h"
#include "tests/sim/sim_machine.h"
#include "tests/sim/sim_threads.h"

namespace {

using engine::FileId;
using engine::Instant;
using engine::IoOp;
using engine::IoRequest;
using engine::IoResult;
using sim::BackendOptions;
using sim::SimBackend;
using sim::SimCalls;
using sim::SimMachine;
using sim::SimWorld;
using sim::WorldOptions;

// A reactor alone, with one timer.
class TimerLoop final : public engine::Loop {
 public:
  explicit TimerLoop(SimBackend& backend) : reactor_(backend), timer_(reactor_.timers(), *this) {}

  void run_once() override { reactor_.turn(engine::instant_never); }
  engine::IoBackend& backend() override { return reactor_.backend(); }

  void arm(Instant deadline) { timer_.arm(deadline); }
  Instant fired() const { return fired_; }

 private:
  void on_timer(Instant now) { fired_ = now; }

  engine::Reactor reactor_;
  engine::MemberTimer<&TimerLoop::on_timer> timer_;
  Instant fired_;
};

// Sends each message on to the next shard, until it has seen enough of them.
class Relay final : public engine::Service {
 public:
  static constexpr int count_max = 50;

  Relay(engine::MeshEndpoint& endpoint, uint16_t next) : endpoint_(endpoint), next_(next) {}

  const char* name() const override { return "relay"; }
  bool on_turn(Instant) override { return false; }
  void on_message(engine::ShardId, const engine::MeshMessage& message) override {
    ++count_;
    if (count_ < count_max) CHECK(endpoint_.try_send({next_}, message));
  }

  int count() const { return count_; }

 private:
  engine::MeshEndpoint& endpoint_;
  uint16_t next_;
  int count_ = 0;
};

// Something of everything; returns the trace.
uint64_t run_mixture(uint64_t seed) {
  WorldOptions options{.seed = seed};
  options.disk.write_short_rate = sim::always / 10;
  options.disk.stall_rate = sim::always / 10;
  SimMachine machine(options);
  SimCalls& calls = machine.calls();
  const FileId file = calls.open("f");
  for (uint64_t index = 0; index < 20; ++index) {
    calls.write(file, machine.backend().random() % 5000, std::string(index + 1, 'x'));
    if (index % 7 == 0) calls.sync(file);
  }
  const auto listener = machine.backend().listen_tcp({.port = 9009});
  REQUIRE(listener.ok());
  sim::Results accepted;
  calls.submit({.op = IoOp::accept, .file = listener->file, .completion = &accepted});
  sim::SimClient client = machine.world.net().connect(9009);
  calls.run_to_rest();
  const FileId socket = machine.backend().adopt_socket(accepted.last());
  sim::Results received;
  calls.submit({.op = IoOp::recv, .file = socket, .completion = &received});
  client.send("some bytes in pieces");
  client.half_close();
  calls.run_until_done(received);
  machine.power_cycle();
  const auto entries = machine.backend().list_directory("");
  REQUIRE(entries.ok());
  for (const engine::DirectoryEntry& entry : *entries) machine.world.trace(entry.size);
  return machine.world.trace_hash();
}

}  // namespace

TEST_CASE("sim_backend: the same seed is the same run, another one is not") {
  std::set<uint64_t> traces;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const uint64_t trace = run_mixture(seed);
    CHECK(trace == run_mixture(seed));
    traces.insert(trace);
  }
  CHECK(traces.size() == 20);
}

TEST_CASE("sim_backend: requests of one batch complete in any order") {
  std::set<std::string> orders;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimMachine machine(seed);
    std::vector<IoRequest> requests;
    std::vector<sim::Results> results(3);
    const std::array<const char*, 3> paths = {"a", "b", "c"};
    for (size_t index = 0; index < 3; ++index) {
      requests.push_back({.op = IoOp::mkdir, .path = paths[index], .completion = &results[index]});
    }
    REQUIRE(machine.backend().submit(requests) == 3);
    std::string order;
    std::array<IoResult, 1> result;
    while (order.size() < 3) {
      if (machine.backend().reap(result, engine::instant_never) == 0) {
        REQUIRE(machine.world.advance());
        continue;
      }
      for (size_t index = 0; index < 3; ++index) {
        if (result[0].completion == &results[index]) order += paths[index];
      }
    }
    orders.insert(order);
  }
  CHECK(orders.size() == 6);
}

TEST_CASE("sim_backend: results that wait together are reaped in any order, sometimes not all at once") {
  std::set<std::vector<bool>> reaps;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimMachine machine(seed);
    sim::Results first;
    sim::Results second;
    machine.world.options().disk.latency_max = machine.world.options().disk.latency_min;
    machine.calls().submit({.op = IoOp::mkdir, .path = "a", .completion = &first});
    machine.world.advance_by(engine::seconds(1));
    machine.calls().submit({.op = IoOp::mkdir, .path = "b", .completion = &second});
    machine.world.advance_by(engine::seconds(1));
    std::array<IoResult, 4> results;
    std::vector<bool> reap;
    for (const IoResult& result : std::span(results).first(machine.backend().reap(results, engine::instant_never))) {
      reap.push_back(result.completion == &first);
    }
    reaps.insert(reap);
  }
  CHECK(reaps == std::set<std::vector<bool>>{{true}, {false}, {true, false}, {false, true}});
}

TEST_CASE("sim_backend: time moves only when the driver moves it") {
  SimMachine machine(1);
  SimWorld& world = machine.world;
  std::array<IoResult, 4> results;
  CHECK(machine.backend().reap(results, engine::instant_never) == 0);
  CHECK(world.now() == Instant{0});
  CHECK(world.next_event_time() == engine::instant_never);
  CHECK_FALSE(world.advance());

  CHECK(machine.backend().reap(results, Instant{5'000'000}) == 0);
  CHECK(world.next_event_time() == Instant{5'000'000});
  sim::Results made;
  machine.calls().submit({.op = IoOp::mkdir, .path = "d", .completion = &made});
  CHECK(world.next_event_time() < Instant{5'000'000});
  CHECK(world.now() == Instant{0});
  CHECK(world.advance());
  CHECK(world.next_event_time() == world.now());
  CHECK(machine.backend().reap(results, engine::instant_never) == 1);
  CHECK(results[0].completion == &made);
}

TEST_CASE("sim_backend: with auto_advance a reap waits for its result or its deadline") {
  SimMachine machine(2);
  machine.world.set_auto_advance(true);
  std::array<IoResult, 4> results;
  CHECK(machine.backend().reap(results, Instant{1'000'000'000}) == 0);
  CHECK(machine.backend().now() == Instant{1'000'000'000});
  sim::Results made;
  machine.calls().submit({.op = IoOp::mkdir, .path = "d", .completion = &made});
  CHECK(machine.backend().reap(results, Instant{5}) == 0);
  CHECK(machine.backend().reap(results, engine::instant_never) == 1);
  CHECK(machine.backend().now() > Instant{1'000'000'000});
  CHECK(machine.backend().now() < Instant{1'100'000'000});
}

TEST_CASE("sim_backend: a wake makes a peer due, with the next reap of whoever woke it") {
  SimMachine machine(3);
  SimBackend peer(machine.world);
  std::array<IoResult, 4> results;
  machine.backend().reap(results, engine::instant_never);
  peer.reap(results, engine::instant_never);
  CHECK(machine.world.next_event_time() == engine::instant_never);
  machine.backend().wake(peer);
  CHECK(peer.next_wakeup() == engine::instant_never);
  machine.backend().reap(results, Instant{});
  CHECK(peer.next_wakeup() == Instant{});
  machine.world.set_auto_advance(true);
  CHECK(peer.reap(results, Instant{1'000'000}) == 0);
  CHECK(machine.world.now() == Instant{0});
}

TEST_CASE("sim_backend: the calendar steps, the monotonic clock does not") {
  SimMachine machine(4);
  const engine::WallTime wall = machine.backend().wall_now();
  const Instant now = machine.backend().now();
  machine.world.step_wall_clock(engine::seconds(-3600));
  CHECK(machine.backend().wall_now().ns == wall.ns - 3600 * 1'000'000'000LL);
  CHECK(machine.backend().now() == now);
  machine.world.advance_by(engine::seconds(7200));
  CHECK(machine.backend().wall_now().ns == wall.ns + 3600 * 1'000'000'000LL);
}

TEST_CASE("sim_backend: a full backend takes a prefix, and more after a reap") {
  SimMachine machine(WorldOptions{.seed = 5}, BackendOptions{.requests_max = 4});
  const FileId file = machine.calls().open("f");
  std::vector<sim::Results> results(6);
  std::vector<IoRequest> requests;
  for (sim::Results& result : results) requests.push_back({.op = IoOp::sync_data, .file = file, .completion = &result});
  CHECK(machine.backend().submit(requests) == 4);
  CHECK(machine.backend().submit(std::span(requests).subspan(4)) == 0);
  while (!results[0].done()) REQUIRE(machine.calls().step());
  CHECK(machine.backend().submit(std::span(requests).subspan(4)) > 0);
}

TEST_CASE("sim_backend: requests without a completion happen and leave nothing behind") {
  SimMachine machine(6);
  machine.calls().submit({.op = IoOp::mkdir, .path = "d"});
  machine.calls().run_to_rest();
  CHECK(machine.backend().list_directory("d").ok());
  CHECK(machine.backend().requests_taken() == 0);
}

TEST_CASE("sim_backend: a write takes its bytes when it happens, not when it is submitted") {
  SimMachine machine(7);
  const FileId file = machine.calls().open("f");
  std::string bytes = "first";
  sim::Results written;
  machine.calls().submit(
      {.op = IoOp::write, .file = file, .buffer = std::as_writable_bytes(std::span(bytes)), .completion = &written});
  bytes = "later";
  machine.calls().run_until_done(written);
  CHECK(machine.contents("f") == "later");
}

TEST_CASE("sim_backend: stalls make requests late, not lost") {
  WorldOptions options{.seed = 8};
  options.disk.stall_rate = sim::always;
  SimMachine machine(options);
  for (int index = 0; index < 20; ++index) machine.calls().open("f");
  CHECK(machine.world.now() > Instant{1'000'000'000});
}

TEST_CASE("sim_threads: a timer fires at its time or a little later, and then the node is at rest") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SimWorld world(WorldOptions{.seed = seed});
    SimBackend backend(world);
    TimerLoop loop(backend);
    sim::SimThreads threads(world);
    threads.start(loop);
    loop.arm(Instant{70'000'000'000});
    while (threads.step()) continue;
    CHECK(loop.fired() >= Instant{70'000'000'000});
    CHECK(loop.fired() < Instant{70'001'000'000});
    CHECK(threads.step_count() < 20);
    CHECK_FALSE(threads.run_until([] { return false; }, engine::instant_never));
    threads.stop();
  }
}

// Runs a reactor, and nothing else.
class ReactorLoop final : public engine::Loop {
 public:
  explicit ReactorLoop(SimBackend& backend) : reactor(backend) {}

  void run_once() override { reactor.turn(engine::instant_never); }
  engine::IoBackend& backend() override { return reactor.backend(); }

  engine::Reactor reactor;
};

TEST_CASE("reactor: what a full backend did not take is offered again, although nothing that is in flight ends") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SimWorld world(WorldOptions{.seed = seed});
    SimBackend backend(world, BackendOptions{.submit_short_rate = sim::always / 2});
    ReactorLoop loop(backend);
    const FileId listener = backend.listen_tcp(engine::SocketAddress::loopback(0))->file;
    sim::Results accepted;  // nobody connects
    loop.reactor.submit({.op = IoOp::accept, .file = listener, .completion = &accepted});
    sim::SimThreads threads(world);
    threads.start(loop);
    while (threads.step()) continue;
    sim::Results made;
    loop.reactor.submit({.op = IoOp::mkdir, .path = "d", .completion = &made});
    backend.interrupt();
    CHECK(threads.run_until([&] { return made.done(); }, world.now() + engine::seconds(1)));
    threads.stop();
  }
}

TEST_CASE("sim_threads: messages between shards arrive by the wakes that are owed for them") {
  constexpr uint16_t shard_count = 3;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SimWorld world(WorldOptions{.seed = seed});
    std::vector<std::unique_ptr<SimBackend>> backends;
    engine::ShardMesh mesh({.endpoint_count = shard_count});
    std::vector<std::unique_ptr<engine::Shard>> shards;
    std::vector<std::unique_ptr<Relay>> relays;
    sim::SimThreads threads(world);
    for (uint16_t index = 0; index < shard_count; ++index) {
      backends.push_back(std::make_unique<SimBackend>(world));
      shards.push_back(std::make_unique<engine::Shard>(mesh, engine::ShardId{index}, *backends.back()));
      const auto next = static_cast<uint16_t>((index + 1) % shard_count);
      relays.push_back(std::make_unique<Relay>(shards.back()->endpoint(), next));
      shards.back()->add_service(*relays.back(), {.first = 0, .count = 1});
      threads.start(*shards.back());
    }
    while (threads.step()) continue;
    CHECK(shards[0]->endpoint().try_send({0}, engine::MeshMessage::make(0, uint64_t{7})));
    backends[0]->interrupt();
    while (threads.step()) continue;
    CHECK(relays[0]->count() == Relay::count_max);
    CHECK(relays[1]->count() == Relay::count_max - 1);
    CHECK(relays[2]->count() == Relay::count_max - 1);
    threads.stop();
  }
}
