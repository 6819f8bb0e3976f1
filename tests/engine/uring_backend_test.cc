#include "engine/uring/backend.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/io/buffer_pool.h"
#include "engine/io/socket_name.h"
#include "engine/shard/threads.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"

namespace engine {
namespace {

constexpr SocketAddress loopback = SocketAddress::loopback(0);

// Keeps every result of its request.
class Recorder final : public IoCompletion {
 public:
  void complete(const IoResult& result) override { results_.push_back(result); }

  const std::vector<IoResult>& results() const { return results_; }
  bool is_done() const { return !results_.empty() && !results_.back().more; }
  void clear() { results_.clear(); }

 private:
  std::vector<IoResult> results_;
};

// A backend on a directory of its own, with the verbs of the tests.
class Node {
 public:
  explicit Node(UringOptions options = {}) {
    options.data_directory = directory_.path();
    auto created = UringBackend::create(options);
    INFO(created.status().ToString());
    REQUIRE(created.ok());
    backend_ = *std::move(created);
  }

  UringBackend& backend() { return *backend_; }
  std::filesystem::path path(const std::string& name) const { return directory_.path() / name; }

  void start(IoRequest request, Recorder& recorder) {
    request.completion = &recorder;
    REQUIRE(backend_->submit({&request, 1}) == 1);
  }

  void reap() {
    std::array<IoResult, 64> results;
    const size_t count = backend_->reap(results, backend_->now() + seconds(30));
    for (size_t i = 0; i < count; ++i) results[i].completion->complete(results[i]);
  }

  template <typename Condition>
  void reap_until(Condition condition) {
    const Instant deadline = backend_->now() + seconds(30);
    while (!condition()) {
      REQUIRE(backend_->now() < deadline);
      reap();
    }
  }

  int32_t run(const IoRequest& request) {
    Recorder recorder;
    start(request, recorder);
    reap_until([&] { return recorder.is_done(); });
    REQUIRE(recorder.results().size() == 1);
    return recorder.results().front().result;
  }

  FileId open(const char* path, OpenMode mode) {
    const FileId file = backend_->reserve_file();
    REQUIRE(run({.op = IoOp::open, .open_mode = mode, .file = file, .path = path}) == 0);
    return file;
  }

  int32_t close(FileId file) { return run({.op = IoOp::close, .file = file}); }

 private:
  tests::TemporaryDirectory directory_;
  std::unique_ptr<UringBackend> backend_;
};

std::span<std::byte> writable(std::string& text) { return {reinterpret_cast<std::byte*>(text.data()), text.size()}; }

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A plain blocking socket: what a client of the server has.
class Client {
 public:
  Client(int type, SocketAddress target) : fd_(socket(to_socket_name(target).family(), type, 0)) {
    const SocketName name = to_socket_name(target);
    REQUIRE(connect(fd_.get(), name.get(), name.size) == 0);
  }

  void send(std::string_view text) {
    REQUIRE(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }

  std::string receive(size_t size) {
    std::string text(size, '\0');
    const ssize_t count = ::recv(fd_.get(), text.data(), size, MSG_WAITALL);
    REQUIRE(count >= 0);
    text.resize(static_cast<size_t>(count));
    return text;
  }

  void finish_sending() { REQUIRE(shutdown(fd_.get(), SHUT_WR) == 0); }
  void hang_up() { fd_ = OwnedFd(); }

 private:
  OwnedFd fd_;
};

// Bytes of all results so far; gives the buffers back.
std::string take_bytes(Node& node, const Recorder& recorder) {
  std::string text;
  for (const IoResult& result : recorder.results()) {
    text += as_text(result.data);
    if (result.buffer != buffer_none) node.backend().release_buffer(result.buffer);
  }
  return text;
}

struct Connection {
  Recorder accepted;
  FileId listener;
  std::unique_ptr<Client> client;
  FileId server;
};

Connection connect_to(Node& node) {
  Connection connection;
  const BoundSocket bound = *node.backend().listen_tcp(loopback);
  connection.listener = bound.file;
  connection.client = std::make_unique<Client>(SOCK_STREAM, bound.address);
  Recorder accepted;
  Recorder cancelled;
  node.start({.op = IoOp::accept, .file = bound.file}, accepted);
  node.reap_until([&] { return accepted.results().size() == 1; });
  REQUIRE(accepted.results()[0].result >= 0);
  connection.server = node.backend().adopt_socket(accepted.results()[0].result);
  node.start({.op = IoOp::cancel, .target = &accepted}, cancelled);
  node.reap_until([&] { return accepted.is_done() && cancelled.is_done(); });
  return connection;
}

TEST_CASE("uring_backend: what was written is read back, and reads end at the end of the file") {
  Node node;
  const FileId file = node.open("a", OpenMode::read_write);
  std::string text = "hello, world";
  CHECK(node.run({.op = IoOp::write, .file = file, .buffer = writable(text)}) == 12);
  std::string tail = "!";
  CHECK(node.run({.op = IoOp::write_dsync, .file = file, .offset = 12, .buffer = writable(tail)}) == 1);
  CHECK(node.run({.op = IoOp::sync_data, .file = file}) == 0);

  std::string read(64, ' ');
  CHECK(node.run({.op = IoOp::read, .file = file, .offset = 7, .buffer = writable(read)}) == 6);
  CHECK(read.substr(0, 6) == "world!");
  CHECK(node.run({.op = IoOp::read, .file = file, .offset = 100, .buffer = writable(read)}) == 0);
  CHECK(node.close(file) == 0);
  CHECK(contents(node.path("a")) == "hello, world!");
}

TEST_CASE("uring_backend: direct writes of whole blocks arrive, others are refused") {
  Node node;
  BufferPool pool({.buffer_count_max = 1, .buffer_size = 2 * block_size});
  PooledBuffer buffer = pool.acquire();
  std::ranges::fill(buffer.bytes(), std::byte{'x'});
  const FileId file = node.open("direct", OpenMode::read_write_direct);
  CHECK(node.run({.op = IoOp::write_dsync, .file = file, .offset = block_size, .buffer = buffer.bytes()}) == 2 * block_size);
  CHECK(node.run({.op = IoOp::write, .file = file, .offset = 1, .buffer = buffer.bytes().first(100)}) == -EINVAL);
  const std::string found = contents(node.path("direct"));
  CHECK(found.size() == 3 * block_size);
  CHECK(found.substr(block_size) == std::string(2 * block_size, 'x'));
}

TEST_CASE("uring_backend: allocated space counts as file size and reads as zeros") {
  Node node;
  const FileId file = node.open("a", OpenMode::read_write);
  CHECK(node.run({.op = IoOp::allocate, .file = file, .offset = 0, .size = 10'000}) == 0);
  CHECK(contents(node.path("a")) == std::string(10'000, '\0'));
}

TEST_CASE("uring_backend: names are made, moved, replaced, removed and listed") {
  Node node;
  CHECK(node.run({.op = IoOp::mkdir, .path = "d"}) == 0);
  CHECK(node.run({.op = IoOp::mkdir, .path = "d"}) == -EEXIST);
  std::string text = "abc";
  const FileId file = node.open("d/source", OpenMode::read_write);
  CHECK(node.run({.op = IoOp::write, .file = file, .buffer = writable(text)}) == 3);
  node.close(file);
  node.close(node.open("d/target", OpenMode::read_write));
  CHECK(node.run({.op = IoOp::rename, .path = "d/source", .path_target = "d/target"}) == 0);
  CHECK(node.run({.op = IoOp::rename, .path = "d/source", .path_target = "d/target"}) == -ENOENT);

  const FileId directory = node.open("d", OpenMode::directory);
  CHECK(node.run({.op = IoOp::sync_data, .file = directory}) == 0);

  const std::vector<DirectoryEntry> entries = *node.backend().list_directory("d");
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].name == "target");
  CHECK(entries[0].size == 3);
  CHECK_FALSE(entries[0].is_directory);
  CHECK(node.backend().list_directory("")->front().is_directory);
  CHECK(node.backend().list_directory("missing").status().message().find("missing") != std::string::npos);

  CHECK(node.run({.op = IoOp::rmdir, .path = "d"}) == -ENOTEMPTY);
  CHECK(node.run({.op = IoOp::unlink, .path = "d/target"}) == 0);
  CHECK(node.run({.op = IoOp::unlink, .path = "d/target"}) == -ENOENT);
  CHECK(node.run({.op = IoOp::rmdir, .path = "d"}) == 0);
  CHECK(node.backend().list_directory("")->empty());
}

TEST_CASE("uring_backend: a file that did not open answers EBADF, and closing it frees the slot") {
  Node node({.file_count_max = 1});
  const FileId file = node.backend().reserve_file();
  CHECK(node.run({.op = IoOp::open, .open_mode = OpenMode::read, .file = file, .path = "missing"}) == -ENOENT);
  std::string read(8, ' ');
  CHECK(node.run({.op = IoOp::read, .file = file, .buffer = writable(read)}) == -EBADF);
  CHECK(node.close(file) == -EBADF);
  CHECK(node.open("a", OpenMode::read_write) == file);
  CHECK(node.close(file) == 0);
  CHECK(node.backend().reserve_file() == file);
}

TEST_CASE("uring_backend: when every request is in flight, submit takes a prefix and goes on after a reap") {
  Node node({.submission_count_max = 2, .request_count_max = 3});
  Recorder recorder;
  std::vector<IoRequest> requests(5, {.op = IoOp::unlink, .path = "missing", .completion = &recorder});
  CHECK(node.backend().submit(requests) == 3);
  CHECK(node.backend().submit(requests) == 0);
  node.reap_until([&] { return recorder.results().size() == 3; });
  CHECK(node.backend().submit(std::span(requests).first(2)) == 2);
  node.reap_until([&] { return recorder.results().size() == 5; });
  for (const IoResult& result : recorder.results()) CHECK(result.result == -ENOENT);
}

TEST_CASE("uring_backend: one accept takes many connections until it is cancelled") {
  Node node;
  const BoundSocket bound = *node.backend().listen_tcp(loopback);
  REQUIRE(bound.address.port != 0);
  Recorder accepted;
  node.start({.op = IoOp::accept, .file = bound.file}, accepted);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(std::make_unique<Client>(SOCK_STREAM, bound.address));
  node.reap_until([&] { return accepted.results().size() == 5; });
  for (const IoResult& result : accepted.results()) {
    CHECK(result.more);
    REQUIRE(result.result >= 0);
    node.backend().adopt_socket(result.result);
  }
  CHECK(node.run({.op = IoOp::cancel, .target = &accepted}) == 0);
  node.reap_until([&] { return accepted.is_done(); });
  CHECK(accepted.results().back().result == -ECANCELED);
  CHECK(node.run({.op = IoOp::cancel, .target = &accepted}) == -ENOENT);
}

TEST_CASE("uring_backend: a connection that is silent is asked for a sign of life after minutes") {
  Node node;
  const BoundSocket bound = *node.backend().listen_tcp(loopback);
  Recorder accepted;
  node.start({.op = IoOp::accept, .file = bound.file}, accepted);
  const Client client(SOCK_STREAM, bound.address);
  node.reap_until([&] { return accepted.results().size() == 1; });
  const OwnedFd server(accepted.results()[0].result);
  const auto option = [&server](int level, int name) {
    int value = 0;
    socklen_t size = sizeof(value);
    REQUIRE(getsockopt(server.get(), level, name, &value, &size) == 0);
    return value;
  };
  CHECK(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(option(IPPROTO_TCP, TCP_KEEPIDLE) == 300);
  CHECK(option(IPPROTO_TCP, TCP_KEEPINTVL) == 60);
  CHECK(option(IPPROTO_TCP, TCP_KEEPCNT) == 5);
}

TEST_CASE("uring_backend: an address in use is an error that names it") {
  Node node;
  const BoundSocket bound = *node.backend().listen_tcp(loopback);
  const absl::Status status = node.backend().listen_tcp(bound.address).status();
  CHECK(message_of(status) == "bind " + bound.address.to_string() + ": Address already in use");
}

TEST_CASE("uring_backend: one recv takes everything a client sends, then the end of the stream") {
  Node node;
  Connection connection = connect_to(node);
  Recorder received;
  node.start({.op = IoOp::recv, .file = connection.server}, received);
  std::string text;
  for (const std::string_view piece : {"first ", "second ", "third"}) {
    connection.client->send(piece);
    node.reap_until([&] { return !received.results().empty(); });
    CHECK(received.results().back().more);
    text += take_bytes(node, received);
    received.clear();
  }
  CHECK(text == "first second third");

  std::string reply = "reply";
  CHECK(node.run({.op = IoOp::send, .file = connection.server, .buffer = writable(reply)}) == 5);
  CHECK(connection.client->receive(5) == "reply");

  connection.client->finish_sending();
  node.reap_until([&] { return received.is_done(); });
  CHECK(received.results().back().result == 0);
  CHECK(node.close(connection.server) == 0);
  CHECK(connection.client->receive(1).empty());
}

TEST_CASE("uring_backend: shutdown ends a pending recv, cancel does so without touching the socket") {
  Node node;
  Connection connection = connect_to(node);
  Recorder received;
  node.start({.op = IoOp::recv, .file = connection.server}, received);
  CHECK(node.run({.op = IoOp::cancel, .target = &received}) == 0);
  node.reap_until([&] { return received.is_done(); });
  CHECK(received.results().back().result == -ECANCELED);

  received.clear();
  node.start({.op = IoOp::recv, .file = connection.server}, received);
  connection.client->send("still alive");
  node.reap_until([&] { return !received.results().empty(); });
  CHECK(take_bytes(node, received) == "still alive");
  received.clear();

  CHECK(node.run({.op = IoOp::shutdown, .file = connection.server}) == 0);
  node.reap_until([&] { return received.is_done(); });
  CHECK(received.results().back().result == 0);
  std::string reply = "too late";
  CHECK(node.run({.op = IoOp::send, .file = connection.server, .buffer = writable(reply)}) == -EPIPE);
}

TEST_CASE("uring_backend: without buffers a recv ends with ENOBUFS, and armed again after a release it loses nothing") {
  Node node({.stream_buffer_count = 2, .stream_buffer_size = 16});
  Connection connection = connect_to(node);
  std::string sent;
  for (int i = 0; i < 40; ++i) sent += std::to_string(i) + ",";
  connection.client->send(sent);
  connection.client->finish_sending();

  std::string text;
  int exhausted_count = 0;
  for (bool at_end = false; !at_end;) {
    Recorder received;
    node.start({.op = IoOp::recv, .file = connection.server}, received);
    node.reap_until([&] { return received.is_done(); });
    const IoResult last = received.results().back();
    text += take_bytes(node, received);
    if (last.result == -ENOBUFS) {
      CHECK(last.data.empty());
      ++exhausted_count;
    } else {
      REQUIRE(last.result == 0);
      at_end = true;
    }
  }
  CHECK(text == sent);
  CHECK(exhausted_count >= 3);
}

TEST_CASE("uring_backend: recv_into fills memory of the caller, though every buffer is lent") {
  Node node({.stream_buffer_count = 1, .stream_buffer_size = 16});
  Connection hog = connect_to(node);
  Recorder held;
  node.start({.op = IoOp::recv_once, .file = hog.server}, held);
  hog.client->send("held");
  node.reap_until([&] { return held.is_done(); });

  Connection connection = connect_to(node);
  std::string target(8, '.');
  const auto receive = [&] { return node.run({.op = IoOp::recv_into, .file = connection.server, .buffer = writable(target)}); };
  connection.client->send("0123456789");
  CHECK(receive() == 8);
  CHECK(target == "01234567");
  CHECK(receive() == 2);
  CHECK(target == "89234567");

  Recorder received;
  node.start({.op = IoOp::recv_into, .file = connection.server, .buffer = writable(target)}, received);
  CHECK(node.run({.op = IoOp::shutdown, .file = connection.server}) == 0);
  node.reap_until([&] { return received.is_done(); });
  CHECK(received.results().back().result == 0);
  CHECK(take_bytes(node, held) == "held");
}

TEST_CASE("uring_backend: many receivers at once find a buffer each, though the kernel has few of them at first") {
  constexpr size_t connection_count = 12;
  Node node({.stream_buffer_count = 16, .stream_buffer_size = 64});
  std::vector<Connection> connections;
  std::vector<Recorder> received(connection_count);
  for (size_t i = 0; i < connection_count; ++i) connections.push_back(connect_to(node));
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < connection_count; ++i) {
      node.start({.op = IoOp::recv_once, .file = connections[i].server}, received[i]);
      connections[i].client->send("hello " + std::to_string(i));
    }
    node.reap_until([&] { return std::ranges::all_of(received, &Recorder::is_done); });
    for (size_t i = 0; i < connection_count; ++i) {
      CHECK(received[i].results().size() == 1);
      CHECK(take_bytes(node, received[i]) == "hello " + std::to_string(i));
      received[i].clear();
    }
  }
}

TEST_CASE("uring_backend: one receiver is given the same few buffers again and again") {
  Node node({.stream_buffer_count = 64, .stream_buffer_size = 64});
  Connection connection = connect_to(node);
  std::set<const std::byte*> buffers;
  for (int round = 0; round < 40; ++round) {
    Recorder received;
    node.start({.op = IoOp::recv_once, .file = connection.server}, received);
    connection.client->send("hello");
    node.reap_until([&] { return received.is_done(); });
    buffers.insert(received.results().front().data.data());
    CHECK(take_bytes(node, received) == "hello");
  }
  CHECK(buffers.size() <= 2);
}

TEST_CASE("uring_backend: IPv6 listens, accepts and receives datagrams; [::] takes IPv4, too") {
  const SocketAddress loopback_v6 = *SocketAddress::parse("[::1]:0");
  Node node;
  Recorder accepted;
  const BoundSocket bound = *node.backend().listen_tcp(*SocketAddress::parse("[::]:0"));
  node.start({.op = IoOp::accept, .file = bound.file}, accepted);
  const Client client_v6(SOCK_STREAM, *SocketAddress::parse("[::1]:" + std::to_string(bound.address.port)));
  node.reap_until([&] { return accepted.results().size() == 1; });
  CHECK(accepted.results().front().peer.host == loopback_v6.host);
  const Client client_v4(SOCK_STREAM, SocketAddress::loopback(bound.address.port));
  node.reap_until([&] { return accepted.results().size() == 2; });
  CHECK(accepted.results().back().peer.host == loopback.host);

  Recorder received;
  const BoundSocket udp = *node.backend().bind_udp({.address = loopback_v6});
  CHECK(udp.address.to_string() == "[::1]:" + std::to_string(udp.address.port));
  node.start({.op = IoOp::recv_from, .file = udp.file}, received);
  Client(SOCK_DGRAM, udp.address).send("datagram");
  node.reap_until([&] { return !received.results().empty(); });
  CHECK(received.results().front().peer.host == loopback_v6.host);
  CHECK(take_bytes(node, received) == "datagram");
}

TEST_CASE("uring_backend: a socket of a multicast group gets what is sent to the group") {
  Node node;
  const SocketAddress group = *SocketAddress::parse("232.1.2.3:0");
  CHECK_FALSE(node.backend().bind_udp({.address = *SocketAddress::parse("[::1]:0"), .group = group}).ok());
  const absl::StatusOr<BoundSocket> bound = node.backend().bind_udp({.address = loopback, .group = group});
  INFO(message_of(bound.status()));
  REQUIRE(bound.ok());
  Recorder received;
  node.start({.op = IoOp::recv_from, .file = bound->file}, received);
  const OwnedFd sender(socket(AF_INET, SOCK_DGRAM, 0));
  const SocketName from = to_socket_name(loopback);
  REQUIRE(setsockopt(sender.get(), IPPROTO_IP, IP_MULTICAST_IF, &reinterpret_cast<const sockaddr_in*>(from.get())->sin_addr,
                     sizeof(in_addr)) == 0);
  SocketAddress to = group;
  to.port = bound->address.port;
  const SocketName name = to_socket_name(to);
  REQUIRE(sendto(sender.get(), "group", 5, 0, name.get(), name.size) == 5);
  node.reap_until([&] { return !received.results().empty(); });
  CHECK(take_bytes(node, received) == "group");
}

TEST_CASE("uring_backend: datagrams for which the kernel has no room are counted") {
  Node node;
  const BoundSocket bound = *node.backend().bind_udp({.address = loopback, .receive_size = 1});
  CHECK(node.backend().datagrams_lost(bound.file) == 0);
  Client client(SOCK_DGRAM, bound.address);
  for (int i = 0; i < 100; ++i) client.send(std::string(1000, 'x'));
  const uint32_t lost = node.backend().datagrams_lost(bound.file);
  CHECK(lost > 0);
  CHECK(lost < 100);
}

TEST_CASE("uring_backend: datagrams come whole, with their sender, up to the largest there is") {
  Node node({.datagram_buffer_count = 4});
  const BoundSocket bound = *node.backend().bind_udp({.address = loopback});
  Recorder received;
  node.start({.op = IoOp::recv_from, .file = bound.file}, received);
  Client client(SOCK_DGRAM, bound.address);
  for (const std::string& text : {std::string("small"), std::string(65'507, 'x'), std::string()}) {
    client.send(text);
    node.reap_until([&] { return !received.results().empty(); });
    const IoResult result = received.results().front();
    CHECK(result.more == !text.empty());  // the kernel ends the request with an empty datagram
    CHECK(result.result == static_cast<int32_t>(text.size()));
    CHECK(result.peer.host == loopback.host);
    CHECK(result.peer.port != 0);
    CHECK(take_bytes(node, received) == text);
    received.clear();
  }
  node.start({.op = IoOp::recv_from, .file = bound.file}, received);
  for (int i = 0; i < 5; ++i) client.send("more than there are buffers");
  node.reap_until([&] { return received.is_done(); });
  CHECK(received.results().size() == 5);
  CHECK(received.results().back().result == -ENOBUFS);
}

TEST_CASE("uring_backend: a reap without work waits until its deadline") {
  Node node;
  std::array<IoResult, 4> results;
  node.backend().reap(results, instant_never);  // the first one does not wait
  const Instant deadline = node.backend().now() + milliseconds(5);
  CHECK(node.backend().reap(results, deadline) == 0);
  CHECK(node.backend().now() >= deadline);
}

// Waits in its backend for ever; every return from there is a turn.
class Sleeper final : public Loop {
 public:
  explicit Sleeper(IoBackend& backend, IoBackend& peer) : backend_(backend), peer_(peer) {}

  void run_once() override {
    std::array<IoResult, 4> results;
    backend_.reap(results, instant_never);
    backend_.wake(peer_);
  }

  IoBackend& backend() override { return backend_; }

 private:
  IoBackend& backend_;
  IoBackend& peer_;
};

TEST_CASE("uring_backend: a wake ends a wait without end, in both directions and before the peer has begun") {
  Node first;
  Node second;
  std::array<IoResult, 4> results;
  const auto is_woken = [&] {
    const Instant deadline = first.backend().now() + seconds(30);
    first.backend().reap(results, deadline);
    return first.backend().now() < deadline;
  };
  first.backend().wake(second.backend());  // it has not begun
  first.backend().reap(results, first.backend().now());

  Sleeper sleeper(second.backend(), first.backend());
  Threads threads;
  REQUIRE(threads.start(sleeper, {.name = "sleeper"}).ok());
  REQUIRE(is_woken());
  for (int i = 0; i < 1'000; ++i) {
    first.backend().wake(second.backend());
    REQUIRE(is_woken());
  }
  threads.stop(first.backend());
}

TEST_CASE("uring_backend: destruction ends what is in flight and closes what is open") {
  std::unique_ptr<Client> client;
  Recorder accepted;
  Recorder received;
  {
    Node node;
    Connection connection = connect_to(node);
    client = std::move(connection.client);
    node.start({.op = IoOp::accept, .file = connection.listener}, accepted);
    node.start({.op = IoOp::recv, .file = connection.server}, received);
    node.backend().reap({}, node.backend().now());
  }
  CHECK(client->receive(1).empty());
  CHECK(accepted.results().empty());
  CHECK(received.results().empty());
}

TEST_CASE("uring_backend: features name the kernel and the sizes of the buffers") {
  Node node({.stream_buffer_count = 8});
  const std::vector<UringFeature> features = node.backend().features();
  CHECK(features.front().name == "kernel");
  CHECK_FALSE(features.front().found.empty());
  CHECK(std::ranges::any_of(features, [](const UringFeature& feature) { return feature.chosen == "8 x 64 KiB"; }));
}

TEST_CASE("uring_backend: a missing data directory is an error that names it") {
  const absl::Status status = UringBackend::create({.data_directory = "/nowhere/at/all"}).status();
  CHECK(message_of(status) == "open directory /nowhere/at/all: No such file or directory");
}

}  // namespace
}  // namespace engine
