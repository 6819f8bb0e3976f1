#include "tools/load/sender.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "engine/io/socket_name.h"
#include "tools/load/clock.h"

namespace tools {
namespace {

constexpr auto observe_interval = std::chrono::milliseconds(50);
constexpr int paced_wait_ms = 1;     // how late a row of a paced load may leave
constexpr int blocked_wait_ms = 50;  // as observe_interval
constexpr int finish_wait_ms = 30'000;

engine::SocketAddress address_of(int socket) { return engine::local_address(socket).value_or(engine::SocketAddress{}); }

absl::Status cannot_connect(engine::SocketAddress server, int error) {
  return engine::failed_precondition(
      fmt::format("cannot connect to {}: {}; is a server listening there? (millrace serve --tcp {})", server.to_string(),
                  std::generic_category().message(error), server.to_string()));
}

}  // namespace

struct LoadSender::Connection {
  explicit Connection(uint32_t number) : sender(number) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (socket >= 0) ::close(socket);
  }

  std::span<const char> pending() const { return std::span(buffer).subspan(buffer_sent, buffer_size - buffer_sent); }

  uint32_t sender;
  int socket = -1;
  bool blocked = false;    // the last send found the socket full
  RowId next;              // the first row that is not in the buffer and was not sent
  uint64_t row_count = 0;  // of the whole load
  uint64_t bytes_sent = 0;
  std::vector<char> buffer;
  size_t buffer_size = 0;
  size_t buffer_sent = 0;
  uint64_t buffer_rows = 0;
};

LoadSender::LoadSender(const RowSource& rows, const SendOptions& options) : rows_(rows), options_(options) {
  VERIFY_GE(options.batch_size, batch_size_min);
  VERIFY_LE(options.batch_size, batch_size_max);
}

LoadSender::~LoadSender() = default;

absl::Status LoadSender::connect() {
  const engine::SocketName server = engine::to_socket_name(options_.server);
  for (uint32_t sender = 0; sender < rows_.plan().senders; ++sender) {
    auto connection = std::make_unique<Connection>(sender);
    connection->next = {.sender = sender, .sequence = 0};
    connection->row_count = rows_.sender_rows(sender);
    connection->buffer.resize(options_.batch_size);
    connection->socket = ::socket(server.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->socket < 0) {
      return engine::errno_status(errno, fmt::format("socket for connection {} (raise ulimit -n?)", sender));
    }
    if (::connect(connection->socket, server.get(), server.size) != 0) {
      return cannot_connect(options_.server, errno);
    }
    const int on = 1;
    ::setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ::fcntl(connection->socket, F_SETFL, O_NONBLOCK);
    connections_.push_back(std::move(connection));
  }
  return absl::OkStatus();
}

absl::Status LoadSender::run(SendObserver* observer) {
  VERIFY_EQ(connections_.size(), rows_.plan().senders);
  const Clock::time_point start = Clock::now();
  Clock::time_point observed = start;
  for (bool finished = false; !finished;) {
    bool progressed = false;
    finished = true;
    for (const auto& connection : connections_) {
      RETURN_IF_ERROR(advance(*connection, seconds_since(start), progressed));
      if (!connection->pending().empty() || connection->next.sequence < connection->row_count) finished = false;
    }
    if (observer != nullptr && Clock::now() - observed >= observe_interval) {
      observed = Clock::now();
      observer->on_sent(totals());
    }
    if (!progressed && !finished) wait_until_writable();
  }
  return absl::OkStatus();
}

// Rows of one connection that should have left `elapsed_s` after the start.
uint64_t LoadSender::rows_due(const Connection& connection, double elapsed_s) const {
  if (options_.rate == 0) return connection.row_count;
  const double due = elapsed_s * options_.rate / rows_.plan().senders;
  return due >= static_cast<double>(connection.row_count) ? connection.row_count : static_cast<uint64_t>(due);
}

absl::Status LoadSender::advance(Connection& connection, double elapsed_s, bool& progressed) {
  if (connection.blocked) return absl::OkStatus();
  if (connection.pending().empty()) {
    const uint64_t due = rows_due(connection, elapsed_s);
    if (connection.next.sequence >= due) return absl::OkStatus();
    const uint64_t rows_max = options_.single_row ? 1 : due - connection.next.sequence;
    const RowSource::Filled filled = rows_.fill(connection.next, rows_max, connection.buffer);
    connection.next.sequence += filled.rows;
    connection.buffer_size = filled.size;
    connection.buffer_sent = 0;
    connection.buffer_rows = filled.rows;
  }
  const std::span<const char> pending = connection.pending();
  const ssize_t sent = ::send(connection.socket, pending.data(), pending.size(), MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN && errno != EINTR) return connection_error(connection, errno);
    connection.blocked = errno == EAGAIN;
    return absl::OkStatus();
  }
  connection.buffer_sent += static_cast<size_t>(sent);
  connection.bytes_sent += static_cast<uint64_t>(sent);
  progressed = true;
  return absl::OkStatus();
}

// Until a full socket has room; with a rate, until the clock has moved on.
void LoadSender::wait_until_writable() {
  std::vector<pollfd> sockets;
  std::vector<Connection*> waiting;
  for (const auto& connection : connections_) {
    if (!connection->blocked) continue;
    sockets.push_back({.fd = connection->socket, .events = POLLOUT, .revents = 0});
    waiting.push_back(connection.get());
  }
  ::poll(sockets.data(), sockets.size(), options_.rate == 0 ? blocked_wait_ms : paced_wait_ms);
  for (size_t i = 0; i < sockets.size(); ++i) {
    if (sockets[i].revents != 0) waiting[i]->blocked = false;
  }
}

absl::Status LoadSender::connection_error(const Connection& connection, int error) const {
  return engine::unavailable(fmt::format("connection {} ({} to {}) broke after {} of {} rows: {}; the server's log says why",
                                         connection.sender, address_of(connection.socket).to_string(),
                                         options_.server.to_string(), rows_sent(connection.sender), connection.row_count,
                                         std::generic_category().message(error)));
}

absl::Status LoadSender::finish() {
  for (const auto& connection : connections_) ::shutdown(connection->socket, SHUT_WR);
  for (const auto& connection : connections_) {
    pollfd socket{.fd = connection->socket, .events = POLLIN, .revents = 0};
    std::array<char, 256> answer;
    for (ssize_t size = 1; size != 0;) {
      if (::poll(&socket, 1, finish_wait_ms) == 0) {
        return engine::unavailable(fmt::format("connection {}: the server has not closed it {} s after the end of the stream",
                                               connection->sender, finish_wait_ms / 1000));
      }
      size = ::recv(connection->socket, answer.data(), answer.size(), 0);
      if (size < 0 && errno != EAGAIN && errno != EINTR) return connection_error(*connection, errno);
    }
  }
  return absl::OkStatus();
}

SendTotals LoadSender::totals() const {
  SendTotals totals;
  for (const auto& connection : connections_) {
    totals.rows += connection->next.sequence - (connection->pending().empty() ? 0 : connection->buffer_rows);
    totals.bytes += connection->bytes_sent;
  }
  return totals;
}

uint64_t LoadSender::rows_sent(uint32_t sender) const {
  const Connection& connection = *connections_[sender];
  const std::span<const char> pending = connection.pending();
  return connection.next.sequence - static_cast<uint64_t>(std::count(pending.begin(), pending.end(), '\n'));
}

engine::SocketAddress LoadSender::address(uint32_t sender) const { return address_of(connections_[sender]->socket); }

}  // namespace tools
