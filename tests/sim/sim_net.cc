#include "tests/sim/sim_net.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace sim {

void ByteQueue::pop(size_t count) {
  VERIFY_LE(count, size());
  head_ += count;
  if (head_ < bytes_.size() - head_) return;  // moving the rest costs no more than what was taken
  bytes_.erase(0, head_);
  head_ = 0;
}

void ByteQueue::clear() {
  bytes_.clear();
  head_ = 0;
}

SimListener::~SimListener() {
  for (const ConnectionRef& connection : backlog) {
    connection->server_closed = true;
    connection->server_reset = true;
    connection->client_state = ClientState::reset;
  }
}

SimSocket::~SimSocket() { net_.close_server(*connection_); }

int32_t SimSocket::receive(std::span<std::byte> target) {
  TcpConnection& connection = *connection_;
  const size_t count = std::min(target.size(), connection.arrived.size());
  if (count > 0) {
    std::memcpy(target.data(), connection.arrived.front(count).data(), count);
    connection.arrived.pop(count);
    net_.schedule_to_server(connection);  // there is room again
    return static_cast<int32_t>(count);
  }
  if (connection.server_reset) return -ECONNRESET;
  return connection.arrived_end || connection.server_shutdown ? 0 : -EAGAIN;
}

int32_t SimSocket::send(std::span<const std::byte> source) {
  TcpConnection& connection = *connection_;
  if (connection.server_reset) return -ECONNRESET;
  if (connection.server_shutdown) return -EPIPE;
  VERIFY_LE(connection.to_client.size(), SimNet::window_max);
  size_t count = std::min(source.size(), SimNet::window_max - connection.to_client.size());
  if (count == 0) return source.empty() ? 0 : -EAGAIN;
  if (count > 1 && net_.world().happens(net_.world().options().net.send_short_rate, Fault::send_short)) {
    count = net_.world().prng().between(1, count - 1);
  }
  connection.to_client.push(engine::as_text(source.first(count)));
  net_.schedule_to_client(connection);
  return static_cast<int32_t>(count);
}

engine::Delivery SimSocket::delivery() const {
  if (connection_->server_reset) return connection_->lost_size == 0 ? engine::Delivery::confirmed : engine::Delivery::lost;
  return connection_->to_client.empty() ? engine::Delivery::confirmed : engine::Delivery::under_way;
}

int32_t SimSocket::shutdown() {
  TcpConnection& connection = *connection_;
  if (connection.server_reset) return -ENOTCONN;
  connection.server_shutdown = true;
  connection.to_client_end = true;
  net_.schedule_to_client(connection);
  connection.reader.notify();
  connection.writer.notify();
  return 0;
}

void SimClient::send(std::string_view bytes) {
  VERIFY(!connection_->to_server_end);
  if (connection_->client_state == ClientState::refused || connection_->client_state == ClientState::reset) return;
  connection_->to_server.push(bytes);
  net_->schedule_to_server(*connection_);
}

void SimClient::half_close() {
  connection_->to_server_end = true;
  net_->schedule_to_server(*connection_);
}

void SimClient::close() {
  connection_->client_closed = true;
  half_close();
}

void SimClient::reset() {
  connection_->client_closed = true;
  connection_->client_state = ClientState::reset;
  net_->schedule_reset(*connection_);
}

void SimClient::resume_reading() {
  connection_->client_paused = false;
  net_->schedule_to_client(*connection_);
}

SimNet::SimNet(SimWorld& world) : world_(world), sink_(world.add_sink(*this)) {}

SimClient SimNet::connect(uint16_t port) {
  auto connection = std::make_shared<TcpConnection>();
  connection->number = connection_next_++;
  connection->port = port;
  connections_[connection->number] = connection;
  schedule(EventKind::connect, static_cast<uint64_t>(connection->number));
  return {*this, connection};
}

void SimNet::send_datagram(engine::SocketAddress from, uint16_t port, std::string_view bytes) {
  const NetFaults& faults = world_.options().net;
  if (world_.happens(faults.datagram_lost_rate, Fault::datagram_lost)) return;
  const int copies = world_.happens(faults.datagram_twice_rate, Fault::datagram_twice) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    const uint64_t number = datagram_next_++;
    datagrams_[number] = {.peer = from, .port = port, .bytes = std::string(bytes)};
    schedule(EventKind::datagram, number);
  }
}

std::shared_ptr<SimListener> SimNet::listen(uint16_t port) {
  if (port == 0) port = free_port();
  std::weak_ptr<SimListener>& place = listeners_[port];
  if (!place.expired()) return nullptr;
  auto listener = std::make_shared<SimListener>(port);
  place = listener;
  return listener;
}

std::shared_ptr<SimUdpSocket> SimNet::bind(uint16_t port) {
  auto socket = std::make_shared<SimUdpSocket>();
  socket->port = port == 0 ? free_port() : port;
  udp_sockets_.emplace(socket->port, socket);
  return socket;
}

int32_t SimNet::accept(SimListener& listener) {
  if (listener.shutdown) return -EINVAL;
  if (listener.backlog.empty()) return -EAGAIN;
  if (world_.happens(world_.options().net.accept_error_rate, Fault::accept_error)) return -EMFILE;
  const ConnectionRef connection = listener.backlog.front();
  listener.backlog.pop_front();
  raw_sockets_[connection->number] = std::make_shared<SimSocket>(*this, connection);
  return connection->number;
}

engine::SocketAddress SimNet::peer_of(int32_t raw_socket) {
  return raw_socket < 0 ? engine::SocketAddress{} : engine::SocketAddress::loopback(static_cast<uint16_t>(raw_socket));
}

std::shared_ptr<SimSocket> SimNet::adopt(int32_t raw_socket) {
  const auto found = raw_sockets_.find(raw_socket);
  VERIFY(found != raw_sockets_.end());
  std::shared_ptr<SimSocket> socket = std::move(found->second);
  raw_sockets_.erase(found);
  return socket;
}

void SimNet::drop_all() {
  for (const auto& [number, connection] : connections_) {
    if (connection->client_state == ClientState::open) receive_at_client(*connection, connection->to_client.size());
    reset_client(*connection);
    reset_server(*connection);
  }
  connections_.clear();
  datagrams_.clear();
  raw_sockets_.clear();
  for (const auto& [port, weak] : listeners_) {
    if (const auto listener = weak.lock()) listener->shutdown = true;
  }
  listeners_.clear();
  udp_sockets_.clear();
}

void SimNet::schedule(EventKind kind, uint64_t number) {
  const NetFaults& faults = world_.options().net;
  world_.schedule(sink_, number << 3 | static_cast<uint64_t>(kind), world_.latency(faults.latency_min, faults.latency_max));
}

void SimNet::schedule_to_server(TcpConnection& connection) {
  if (connection.to_server_scheduled || connection.client_state == ClientState::connecting) return;
  if (connection.to_server.empty() && !connection.to_server_end) return;
  connection.to_server_scheduled = true;
  schedule(EventKind::to_server, static_cast<uint64_t>(connection.number));
}

void SimNet::schedule_to_client(TcpConnection& connection) {
  if (connection.to_client_scheduled || connection.client_paused) return;
  if (connection.to_client.empty() && !connection.to_client_end) return;
  connection.to_client_scheduled = true;
  schedule(EventKind::to_client, static_cast<uint64_t>(connection.number));
}

void SimNet::schedule_reset(TcpConnection& connection) { schedule(EventKind::reset, static_cast<uint64_t>(connection.number)); }

void SimNet::on_event(uint64_t token) {
  const auto kind = static_cast<EventKind>(token & 7U);
  const uint64_t number = token >> 3;
  if (kind == EventKind::datagram) {
    const auto found = datagrams_.find(number);
    if (found == datagrams_.end()) return;
    const Datagram datagram = std::move(found->second);
    datagrams_.erase(found);
    return deliver_datagram(datagram);
  }
  const auto found = connections_.find(static_cast<int32_t>(number));
  if (found == connections_.end()) return;
  const ConnectionRef connection = found->second;
  switch (kind) {
    case EventKind::connect:
      deliver_connect(connection);
      break;
    case EventKind::to_server:
      connection->to_server_scheduled = false;
      deliver_to_server(*connection);
      break;
    case EventKind::to_client:
      connection->to_client_scheduled = false;
      deliver_to_client(*connection);
      break;
    case EventKind::reset:
      reset_server(*connection);
      break;
    case EventKind::datagram:
      UNREACHABLE("handled above");
  }
  forget_if_over(*connection);
}

void SimNet::deliver_connect(const ConnectionRef& connection) {
  if (connection->client_state != ClientState::connecting) return;
  const auto found = listeners_.find(connection->port);
  const auto listener = found == listeners_.end() ? nullptr : found->second.lock();
  if (listener == nullptr || listener->shutdown || listener->backlog.size() >= backlog_max) {
    connection->client_state = ClientState::refused;
    return;
  }
  connection->client_state = ClientState::open;
  listener->backlog.push_back(connection);
  schedule_to_server(*connection);
  listener->reader.notify();
}

// How many of the available bytes go together: often all, sometimes one, otherwise any number.
size_t SimNet::piece(size_t available) {
  if (available < 2) return available;
  switch (world_.prng().below(4)) {
    case 0:
      return 1;
    case 1:
      return world_.prng().between(1, available);
    default:
      return available;
  }
}

void SimNet::deliver_to_server(TcpConnection& connection) {
  if (connection.server_reset || connection.client_state == ClientState::refused) return;
  if (connection.server_closed) {
    if (!connection.to_server.empty()) reset_client(connection);
    return;
  }
  if (world_.happens(world_.options().net.reset_rate, Fault::reset)) {
    reset_client(connection);
    return reset_server(connection);
  }
  const size_t room = window_max - connection.arrived.size();
  const size_t count = piece(std::min(room, connection.to_server.size()));
  connection.arrived.push(connection.to_server.front(count));
  connection.to_server.pop(count);
  connection.arrived_end = connection.to_server_end && connection.to_server.empty();
  if (!connection.to_server.empty() && connection.arrived.size() < window_max) schedule_to_server(connection);
  connection.reader.notify();
}

void SimNet::receive_at_client(TcpConnection& connection, size_t count) {
  world_.trace_bytes(engine::as_bytes(connection.to_client.front(count)));
  connection.received += connection.to_client.front(count);
  connection.to_client.pop(count);
}

void SimNet::deliver_to_client(TcpConnection& connection) {
  if (connection.client_state != ClientState::open || connection.client_paused) return;
  if (connection.client_closed && !connection.to_client.empty()) return reset_server(connection);
  if (world_.happens(world_.options().net.reset_rate, Fault::reset)) {
    reset_client(connection);
    return reset_server(connection);
  }
  receive_at_client(connection, piece(connection.to_client.size()));
  if (!connection.to_client.empty()) {
    schedule_to_client(connection);
  } else if (connection.to_client_end) {
    connection.client_state = ClientState::ended;
  }
  connection.writer.notify();
}

void SimNet::deliver_datagram(const Datagram& datagram) {
  std::vector<std::shared_ptr<SimUdpSocket>> sockets;
  const auto [first, last] = udp_sockets_.equal_range(datagram.port);
  for (auto place = first; place != last; ++place) {
    if (auto socket = place->second.lock()) sockets.push_back(std::move(socket));
  }
  // One peer always reaches the same one of several sockets, as with SO_REUSEPORT.
  SimUdpSocket* socket =
      sockets.empty() ? nullptr : sockets[(datagram.peer.host.back() + datagram.peer.port) % sockets.size()].get();
  if (socket == nullptr || socket->shutdown || socket->queue.size() >= datagrams_max) {
    ++datagrams_dropped_;
    if (socket != nullptr) ++socket->lost;
    return;
  }
  socket->queue.push_back(datagram);
  socket->reader.notify();
}

void SimNet::reset_server(TcpConnection& connection) {
  if (connection.server_reset) return;
  connection.server_reset = true;
  connection.lost_size = connection.to_client.size();
  connection.to_server.clear();
  connection.to_client.clear();
  connection.reader.notify();
  connection.writer.notify();
}

void SimNet::reset_client(TcpConnection& connection) {
  if (connection.client_state == ClientState::connecting) connection.client_state = ClientState::refused;
  if (connection.client_state == ClientState::open) connection.client_state = ClientState::reset;
}

// Closing with bytes unread resets the connection, and what the client had not received by then is lost.
void SimNet::close_server(TcpConnection& connection) {
  connection.server_closed = true;
  if (connection.server_reset) return;
  if (connection.arrived.empty() && connection.to_server.empty()) {
    connection.to_client_end = true;
    return schedule_to_client(connection);
  }
  if (connection.client_state == ClientState::open && !connection.client_paused) {
    receive_at_client(connection, world_.prng().between(0, connection.to_client.size()));
  }
  reset_client(connection);
  reset_server(connection);
}

void SimNet::forget_if_over(TcpConnection& connection) {
  const bool client_over = connection.client_state != ClientState::connecting && connection.client_state != ClientState::open;
  const bool server_over = connection.server_closed || connection.client_state == ClientState::refused;
  if (client_over && server_over) connections_.erase(connection.number);
}

}  // namespace sim
