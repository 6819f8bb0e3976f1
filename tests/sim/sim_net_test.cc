#include <array>
#include <cerrno>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "tests/catch.h"
#include "tests/sim/sim_machine.h"

namespace {

using engine::FileId;
using engine::IoOp;
using engine::SocketAddress;
using sim::BackendOptions;
using sim::ClientState;
using sim::Results;
using sim::SimCalls;
using sim::SimClient;
using sim::SimMachine;
using sim::WorldOptions;

constexpr uint64_t seed_count = 50;
constexpr uint16_t port = 9009;

// A machine with one accepted connection.
struct Session {
  explicit Session(uint64_t seed, const BackendOptions& backend_options = {})
      : Session(WorldOptions{.seed = seed}, backend_options) {}
  explicit Session(const WorldOptions& options, const BackendOptions& backend_options = {})
      : machine(options, backend_options),
        calls(machine.calls()),
        listener(machine.backend().listen_tcp({.port = port})->file),
        client(machine.world.net().connect(port)) {
    calls.submit({.op = IoOp::accept, .file = listener, .completion = &accepted});
    while (accepted.all().empty()) REQUIRE(calls.step());
    socket = machine.backend().adopt_socket(accepted.last());
  }

  void receive(Results& results) { calls.submit({.op = IoOp::recv, .file = socket, .completion = &results}); }
  void receive_again(Results& results) {
    results.restart();
    receive(results);
  }
  int32_t send(std::string bytes) {
    return calls.call({.op = IoOp::send, .file = socket, .buffer = std::as_writable_bytes(std::span(bytes))});
  }
  void release(const Results& results) {
    for (const engine::BufferId buffer : std::span(results.buffers()).subspan(released))
      machine.backend().release_buffer(buffer);
    released = results.buffers().size();
  }

  SimMachine machine;
  SimCalls& calls;
  FileId listener;
  SimClient client;
  Results accepted;
  FileId socket;
  size_t released = 0;
};

}  // namespace

TEST_CASE("sim_net: a stream arrives whole, in pieces cut anywhere and merged") {
  std::set<std::vector<int32_t>> cuts;
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    Session session(seed);
    Results received;
    session.receive(received);
    session.client.send("alpha");
    session.client.send("beta");
    session.client.half_close();
    session.calls.run_until_done(received);
    CHECK(received.bytes() == "alphabeta");
    CHECK(received.last() == 0);
    cuts.insert(received.all());
    session.release(received);
    CHECK(session.machine.backend().buffers_lent() == 0);
  }
  CHECK(cuts.contains({9, 0}));
  CHECK(cuts.size() > 10);
}

TEST_CASE("sim_net: recv_into receives into memory of the caller, a result at a time, and needs no buffer") {
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    Session session(seed, BackendOptions{.receive_buffer_count = 0});
    session.client.send("alpha");
    session.client.send("beta");
    session.client.half_close();
    std::string text;
    std::array<std::byte, 4> piece{};
    int32_t size = 0;
    do {
      size = session.calls.call({.op = IoOp::recv_into, .file = session.socket, .buffer = piece});
      REQUIRE(size >= 0);
      text += engine::as_text(std::span(piece).first(static_cast<size_t>(size)));
    } while (size > 0);
    CHECK(text == "alphabeta");
  }
}

TEST_CASE("sim_net: after a half-close the server still answers, and the client sees its end") {
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    Session session(seed);
    Results received;
    session.receive(received);
    session.client.send("question");
    session.client.half_close();
    session.calls.run_until_done(received);
    CHECK(session.send("answer") == 6);
    CHECK(session.calls.close(session.socket) == 0);
    session.calls.run_to_rest();
    CHECK(session.client.received() == "answer");
    CHECK(session.client.state() == ClientState::ended);
  }
}

TEST_CASE("sim_net: a reset comes after any byte, and never looks like the end of the stream") {
  std::set<size_t> lengths;
  for (uint64_t seed = 0; seed < 4 * seed_count; ++seed) {
    Session session(seed);
    Results received;
    session.receive(received);
    session.client.send("0123456789");
    session.client.reset();
    session.calls.run_until_done(received);
    CHECK(received.last() == -ECONNRESET);
    CHECK(std::string("0123456789").starts_with(received.bytes()));
    lengths.insert(received.bytes().size());
    CHECK(session.send("late") == -ECONNRESET);
  }
  CHECK(lengths.size() > 5);
}

TEST_CASE("sim_net: random resets reach both sides") {
  WorldOptions options{.seed = 1};
  options.net.reset_rate = sim::always;
  Session session(options);
  Results received;
  session.receive(received);
  session.client.send("x");
  session.calls.run_until_done(received);
  CHECK(received.last() == -ECONNRESET);
  CHECK(session.client.state() == ClientState::reset);
}

TEST_CASE("sim_net: no buffer left ends the receive with ENOBUFS, and nothing is lost by it") {
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    Session session(seed, BackendOptions{.receive_buffer_count = 2, .receive_buffer_size = 8});
    Results received;
    session.receive(received);
    const std::string sent(100, 's');
    session.client.send(sent);
    session.client.half_close();
    session.calls.run_until_done(received);
    CHECK(received.last() == -ENOBUFS);
    CHECK(session.machine.backend().buffers_lent() == 2);
    while (received.last() != 0) {
      CHECK(received.last() == -ENOBUFS);
      session.release(received);
      session.receive_again(received);
      session.calls.run_until_done(received);
    }
    CHECK(received.bytes() == sent);
  }
}

TEST_CASE("sim_net: a multishot may end after a good result") {
  WorldOptions options{.seed = 2};
  options.net.multishot_end_rate = sim::always;
  Session session(options);
  CHECK(session.accepted.done());
  Results received;
  session.receive(received);
  session.client.send("x");
  session.calls.run_until_done(received);
  CHECK(received.last() == 1);
}

TEST_CASE("sim_net: a client that does not read stops the server's sends, and resumes them") {
  Session session(3);
  session.client.pause_reading();
  std::string bytes(sim::SimNet::window_max + 1000, 'b');
  CHECK(session.send(bytes) == static_cast<int32_t>(sim::SimNet::window_max));
  Results sent;
  session.calls.submit({.op = IoOp::send,
                        .file = session.socket,
                        .buffer = std::as_writable_bytes(std::span(bytes).first(1000)),
                        .completion = &sent});
  session.calls.run_to_rest();
  CHECK_FALSE(sent.done());
  session.client.resume_reading();
  session.calls.run_until_done(sent);
  CHECK(sent.last() > 0);
  session.calls.run_to_rest();
  CHECK(session.client.received().size() == sim::SimNet::window_max + static_cast<size_t>(sent.last()));
}

TEST_CASE("sim_net: a server that does not receive stops the client") {
  Session session(4);
  session.client.send(std::string(3 * sim::SimNet::window_max, 'c'));
  session.calls.run_to_rest();
  CHECK(session.client.unsent() == 2 * sim::SimNet::window_max);
  Results received;
  session.receive(received);
  session.calls.run_until_done(received);
  session.calls.run_to_rest();
  CHECK(received.last() == -ENOBUFS);
  CHECK(session.client.unsent() < 2 * sim::SimNet::window_max);
}

TEST_CASE("sim_net: an accepted socket works on another backend") {
  SimMachine machine(5);
  sim::SimBackend other(machine.world);
  SimCalls other_calls(other, machine.world);
  const auto listener = machine.backend().listen_tcp({.port = 0});
  REQUIRE(listener.ok());
  CHECK(listener->address.port != 0);
  Results accepted;
  machine.calls().submit({.op = IoOp::accept, .file = listener->file, .completion = &accepted});
  SimClient client = machine.world.net().connect(listener->address.port);
  while (accepted.all().empty()) REQUIRE(machine.calls().step());
  CHECK(client.state() == ClientState::open);
  const FileId socket = other.adopt_socket(accepted.last());
  Results received;
  other_calls.submit({.op = IoOp::recv, .file = socket, .completion = &received});
  client.send("hello");
  client.close();
  other_calls.run_until_done(received);
  CHECK(received.bytes() == "hello");
}

TEST_CASE("sim_net: nobody listens, or not any more") {
  SimMachine machine(6);
  SimClient refused = machine.world.net().connect(port);
  machine.calls().run_to_rest();
  CHECK(refused.state() == ClientState::refused);
  const auto listener = machine.backend().listen_tcp({.port = port});
  REQUIRE(listener.ok());
  CHECK_FALSE(machine.backend().listen_tcp({.port = port}).ok());
  SimClient waiting = machine.world.net().connect(port);
  machine.calls().run_to_rest();
  CHECK(waiting.state() == ClientState::open);
  machine.calls().close(listener->file);
  CHECK(waiting.state() == ClientState::reset);
  CHECK(machine.backend().listen_tcp({.port = port}).ok());
}

TEST_CASE("sim_net: a failed accept leaves the connection for the next one") {
  SimMachine machine(7);
  const auto listener = machine.backend().listen_tcp({.port = port});
  machine.world.options().net.accept_error_rate = sim::always;
  SimClient client = machine.world.net().connect(port);
  Results accepted;
  machine.calls().submit({.op = IoOp::accept, .file = listener->file, .completion = &accepted});
  machine.calls().run_until_done(accepted);
  CHECK(accepted.last() == -EMFILE);
  machine.world.options().net.accept_error_rate = 0;
  accepted.restart();
  machine.calls().submit({.op = IoOp::accept, .file = listener->file, .completion = &accepted});
  machine.calls().run_to_rest();
  CHECK(accepted.last() > 0);
}

TEST_CASE("sim_net: shutdown ends the receive, fails later sends and reaches the client behind all bytes") {
  Session session(8);
  Results received;
  session.receive(received);
  session.send("last words");
  CHECK(session.calls.call({.op = IoOp::shutdown, .file = session.socket}) == 0);
  session.calls.run_until_done(received);
  CHECK(received.last() == 0);
  CHECK(session.send("too late") == -EPIPE);
  session.calls.run_to_rest();
  CHECK(session.client.received() == "last words");
  CHECK(session.client.state() == ClientState::ended);

  CHECK(session.calls.call({.op = IoOp::shutdown, .file = session.listener}) == 0);
  session.calls.run_until_done(session.accepted);
  CHECK(session.accepted.last() == -EINVAL);
}

TEST_CASE("sim_net: closing a socket with bytes unread resets it, and may destroy the answer") {
  std::set<size_t> lengths;
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    Session session(seed);
    session.client.send("unread");
    session.calls.run_to_rest();
    session.send("answer");
    session.calls.close(session.socket);
    session.calls.run_to_rest();
    CHECK(session.client.state() == ClientState::reset);
    lengths.insert(session.client.received().size());
  }
  CHECK(lengths.contains(6));
  CHECK(lengths.size() > 1);
}

TEST_CASE("sim_net: a closed file stays open for the receive that is under way") {
  Session session(9);
  Results received;
  session.receive(received);
  session.calls.run_to_rest();
  CHECK(session.calls.close(session.socket) == 0);
  session.client.send("still there");
  session.calls.run_to_rest();
  CHECK(received.bytes() == "still there");
  CHECK(session.calls.call({.op = IoOp::cancel, .target = &received}) == 0);
  CHECK(received.last() == -ECANCELED);
  session.calls.run_to_rest();
  CHECK(session.client.state() == ClientState::ended);
  CHECK(session.calls.call({.op = IoOp::cancel, .target = &received}) == -ENOENT);
}

TEST_CASE("sim_net: what a process had sent arrives although the power failed") {
  Session session(10);
  Results received;
  session.receive(received);
  session.calls.run_to_rest();
  session.send("acknowledged");
  session.machine.world.power_off();
  CHECK(session.client.received() == "acknowledged");
  CHECK(session.client.state() == ClientState::reset);
  session.calls.run_until_done(received);
  CHECK(received.last() == -EIO);
  CHECK(session.send("not any more") == -EIO);
  CHECK_FALSE(session.machine.backend().listen_tcp({.port = 1}).ok());
  session.machine.power_cycle();
  SimClient client = session.machine.world.net().connect(port);
  session.machine.calls().run_to_rest();
  CHECK(client.state() == ClientState::refused);
}

TEST_CASE("sim_net: results that nobody has reaped are lost with the power, and their buffers are back") {
  Session session(12);
  Results received;
  session.receive(received);
  session.calls.run_to_rest();
  session.client.send("never seen");
  session.machine.world.advance_by(engine::seconds(1));
  CHECK(session.machine.backend().buffers_lent() > 0);
  session.machine.world.power_off();
  CHECK(session.machine.backend().buffers_lent() == 0);
  session.calls.run_to_rest();
  CHECK(received.all() == std::vector<int32_t>{-EIO});
  CHECK(session.machine.backend().requests_taken() == 0);
}

TEST_CASE("sim_net: datagrams arrive whole with their sender, in any order, and are dropped when nobody takes them") {
  std::set<std::string> orders;
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SimMachine machine(WorldOptions{.seed = seed}, BackendOptions{.receive_buffer_count = 4, .receive_buffer_size = 4});
    const auto bound = machine.backend().bind_udp({.address = {.port = 0}});
    REQUIRE(bound.ok());
    Results received;
    machine.calls().submit({.op = IoOp::recv_from, .file = bound->file, .completion = &received});
    sim::SimNet& net = machine.world.net();
    for (const char* text : {"one ", "two ", "6789x"}) net.send_datagram(SocketAddress::v4(7, 8), bound->address.port, text);
    net.send_datagram(SocketAddress::v4(7, 8), 1, "nobody");
    while (received.all().size() < 3) REQUIRE(machine.calls().step());
    machine.calls().run_to_rest();
    CHECK(received.all() == std::vector<int32_t>{4, 4, 4});  // the long one is cut off
    CHECK(net.datagrams_dropped() == 1);
    orders.insert(received.bytes());

    CHECK(machine.calls().call({.op = IoOp::shutdown, .file = bound->file}) == -ENOTCONN);
    machine.calls().run_until_done(received);
    CHECK(received.last() == 0);
  }
  CHECK(orders.size() == 6);
}

TEST_CASE("sim_net: datagrams of one peer reach one of the sockets that share a port") {
  WorldOptions options{.seed = 11};
  options.net.datagram_twice_rate = sim::always / 2;
  SimMachine machine(options);
  const auto first = machine.backend().bind_udp({.address = {.port = port}});
  const auto second = machine.backend().bind_udp({.address = {.port = port}});
  Results at_first;
  Results at_second;
  machine.calls().submit({.op = IoOp::recv_from, .file = first->file, .completion = &at_first});
  machine.calls().submit({.op = IoOp::recv_from, .file = second->file, .completion = &at_second});
  for (uint16_t peer = 0; peer < 2; ++peer) {
    for (int index = 0; index < 4; ++index) {
      machine.world.net().send_datagram(SocketAddress{.port = peer}, port, std::string(1, static_cast<char>('0' + peer)));
    }
  }
  machine.calls().run_to_rest();
  CHECK(at_first.bytes().find_first_not_of('0') == std::string::npos);
  CHECK(at_second.bytes().find_first_not_of('1') == std::string::npos);
  CHECK(at_first.bytes().size() + at_second.bytes().size() > 8);

  machine.world.options().net.datagram_lost_rate = sim::always;
  machine.world.net().send_datagram(SocketAddress{}, port, "lost");
  machine.calls().run_to_rest();
  CHECK(at_first.bytes().find("lost") == std::string::npos);
}
