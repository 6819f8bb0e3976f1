#include "tools/load/sender.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "tests/catch.h"

namespace {

using tools::LoadSender;
using tools::RowId;
using tools::RowPlan;
using tools::RowSource;
using tools::SendOptions;

// A TCP socket of this process on a free port of the loopback address.
class ListeningSocket {
 public:
  ListeningSocket() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    address_ = engine::SocketAddress::loopback(ntohs(address.sin_port));
  }
  ~ListeningSocket() { ::close(socket_); }
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  void listen() { REQUIRE(::listen(socket_, 64) == 0); }
  int accept() {
    const int connection = ::accept(socket_, nullptr, nullptr);
    REQUIRE(connection >= 0);
    return connection;
  }
  engine::SocketAddress address() const { return address_; }

 private:
  int socket_;
  engine::SocketAddress address_;
};

// What arrived on each of `count` connections until their ends.
std::vector<std::string> receive_all(ListeningSocket& listener, size_t count) {
  std::vector<std::string> streams(count);
  std::vector<pollfd> sockets;
  for (size_t i = 0; i < count; ++i) sockets.push_back({.fd = listener.accept(), .events = POLLIN, .revents = 0});
  std::array<char, 65536> buffer;
  for (size_t open = count; open > 0;) {
    REQUIRE(::poll(sockets.data(), sockets.size(), 30'000) > 0);
    for (size_t i = 0; i < count; ++i) {
      if (sockets[i].revents == 0) continue;
      const ssize_t size = ::recv(sockets[i].fd, buffer.data(), buffer.size(), 0);
      REQUIRE(size >= 0);
      streams[i].append(buffer.data(), static_cast<size_t>(size));
      if (size > 0) continue;
      ::close(sockets[i].fd);
      sockets[i].fd = -1;  // poll ignores it from now on
      --open;
    }
  }
  return streams;
}

// Sends in a child process, so that this one can receive.
class SendingProcess {
 public:
  SendingProcess(const RowSource& rows, const SendOptions& options) : child_(::fork()) {
    REQUIRE(child_ >= 0);
    if (child_ != 0) return;
    LoadSender sender(rows, options);
    const bool sent = sender.connect().ok() && sender.run(nullptr).ok() && sender.finish().ok();
    ::_exit(sent && sender.totals().rows == rows.plan().rows ? 0 : 1);
  }

  bool succeeded() {
    int status = 0;
    return ::waitpid(child_, &status, 0) == child_ && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  pid_t child_;
};

std::string lines_of(const RowSource& rows, uint32_t sender) {
  std::vector<char> buffer(RowSource::row_size_max * (rows.sender_rows(sender) + 1));
  const RowSource::Filled filled = rows.fill({.sender = sender, .sequence = 0}, rows.sender_rows(sender), buffer);
  REQUIRE(filled.rows == rows.sender_rows(sender));
  return {buffer.data(), filled.size};
}

// Every sender's lines arrive whole and in order on a connection of its own.
void check_delivery(const RowPlan& plan, SendOptions options) {
  const absl::StatusOr<RowSource> rows = RowSource::create(plan);
  REQUIRE(rows.ok());
  ListeningSocket listener;
  listener.listen();
  options.server = listener.address();
  SendingProcess sending(*rows, options);
  std::vector<std::string> found = receive_all(listener, plan.senders);
  CHECK(sending.succeeded());
  std::vector<std::string> expected;
  for (uint32_t sender = 0; sender < plan.senders; ++sender) expected.push_back(lines_of(*rows, sender));
  std::sort(found.begin(), found.end());
  std::sort(expected.begin(), expected.end());
  CHECK((found == expected));
}

}  // namespace

TEST_CASE("load_sender: at full speed each connection carries its sender's lines in order") {
  check_delivery({.rows = 40'000}, {});
  check_delivery({.rows = 40'001, .senders = 5, .tables = 3, .new_columns_every = 1000}, {.batch_size = 4096});
}

TEST_CASE("load_sender: rows can be sent one by one") { check_delivery({.rows = 2000, .senders = 2}, {.single_row = true}); }

TEST_CASE("load_sender: with a rate the rows take the time that they should") {
  const auto start = std::chrono::steady_clock::now();
  check_delivery({.rows = 10'000, .senders = 4}, {.rate = 100'000});
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(99));
}

TEST_CASE("load_sender: a refused connection names the address") {
  const absl::StatusOr<RowSource> rows = RowSource::create({.rows = 1});
  const ListeningSocket closed;  // bound, so that nobody else listens there
  LoadSender sender(*rows, {.server = closed.address()});
  const absl::Status status = sender.connect();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(std::string(engine::message_of(status)).find(closed.address().to_string()) != std::string::npos);
}

TEST_CASE("load_sender: a connection that the server resets says how far it came") {
  const absl::StatusOr<RowSource> rows = RowSource::create({.rows = 1'000'000});
  ListeningSocket listener;
  listener.listen();
  LoadSender sender(*rows, {.server = listener.address()});
  REQUIRE(sender.connect().ok());
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  const int connection = listener.accept();
  ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  ::close(connection);
  const absl::Status status = sender.run(nullptr);
  CHECK(absl::IsUnavailable(status));
  CHECK(std::string(engine::message_of(status)).find("of 1000000 rows") != std::string::npos);
  CHECK(sender.rows_sent(0) < 1'000'000);
}
