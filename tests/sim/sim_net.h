// The network of a simulated machine: TCP connections between test clients and the backends under test, and UDP datagrams to
// them.
//
// A stream keeps its bytes and their order and nothing else: what one call sent arrives in any pieces, merged with what others
// sent. Both directions are bounded; a receiver that does not read stops its sender. Clients are driven by the test
// (SimClient), the server side by SimBackend. Addresses are ports; the host part is not looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/backend.h"
#include "tests/sim/sim_world.h"

namespace sim {

class SimNet;

// Whoever waits for a socket: called each time when there may be something to do.
class SocketWaiter {
 public:
  virtual void on_socket_ready(uint64_t token) = 0;

 protected:
  ~SocketWaiter() = default;
};

struct SocketWait {
  SocketWaiter* waiter = nullptr;  // null: nobody
  uint64_t token = 0;

  void notify() const {
    if (waiter != nullptr) waiter->on_socket_ready(token);
  }
};

class ByteQueue {
 public:
  size_t size() const { return bytes_.size() - head_; }
  bool empty() const { return size() == 0; }
  void push(std::string_view bytes) { bytes_.append(bytes); }
  std::string_view front(size_t count) const { return std::string_view(bytes_).substr(head_, count); }
  void pop(size_t count);
  void clear();

 private:
  std::string bytes_;
  size_t head_ = 0;
};

struct Datagram {
  engine::SocketAddress peer;
  uint16_t port = 0;  // of the receiver
  std::string bytes;
};

enum class ClientState : uint8_t {
  connecting,
  refused,  // nobody listens
  open,
  ended,  // the server has closed its direction, and every byte before was received
  reset,
};

// Both ends of one connection. Only SimNet, SimClient and SimSocket change it.
struct TcpConnection {
  int32_t number = 0;
  uint16_t port = 0;

  ByteQueue to_server;  // sent, not arrived
  ByteQueue arrived;    // at the server, not received
  bool to_server_end = false;
  bool arrived_end = false;
  bool to_server_scheduled = false;

  ByteQueue to_client;
  bool to_client_end = false;
  bool to_client_scheduled = false;
  std::string received;  // by the client, not taken by the test

  size_t lost_size = 0;       // of what the server sent, when it was reset
  bool server_reset = false;  // the server learned that the connection is gone
  bool server_shutdown = false;
  bool server_closed = false;
  bool client_closed = false;
  bool client_paused = false;
  ClientState client_state = ClientState::connecting;

  SocketWait reader;
  SocketWait writer;
};
using ConnectionRef = std::shared_ptr<TcpConnection>;

struct SimListener {
  explicit SimListener(uint16_t port_chosen) : port(port_chosen) {}
  SimListener(const SimListener&) = delete;
  SimListener& operator=(const SimListener&) = delete;
  ~SimListener();  // resets what nobody accepted

  uint16_t port = 0;
  bool shutdown = false;
  std::deque<ConnectionRef> backlog;
  SocketWait reader;
};

struct SimUdpSocket {
  uint16_t port = 0;
  bool shutdown = false;
  uint32_t lost = 0;  // no room in the queue
  std::deque<Datagram> queue;
  SocketWait reader;
};

// The server's end of a connection, open as long as something refers to it: a file slot or a request under way, as in the
// kernel.
class SimSocket {
 public:
  SimSocket(SimNet& net, ConnectionRef connection) : net_(net), connection_(std::move(connection)) {}
  SimSocket(const SimSocket&) = delete;
  SimSocket& operator=(const SimSocket&) = delete;
  ~SimSocket();

  TcpConnection& connection() { return *connection_; }

  // Bytes, 0 at the end of the stream, -EAGAIN when there is nothing yet, or another -errno.
  int32_t receive(std::span<std::byte> target);
  // As receive; -EAGAIN: the client reads too slowly.
  int32_t send(std::span<const std::byte> source);
  int32_t shutdown();
  engine::Delivery delivery() const;

 private:
  SimNet& net_;
  ConnectionRef connection_;
};

// A test's end of a connection; copies are the same end. Calls take effect after the latency of the network.
class SimClient {
 public:
  SimClient(SimNet& net, ConnectionRef connection) : net_(&net), connection_(std::move(connection)) {}

  void send(std::string_view bytes);
  void half_close();  // the end of what the client sends; it goes on receiving
  void close();       // receives no more either: what the server sends from now on resets the connection
  void reset();       // may overtake bytes sent before
  void pause_reading() { connection_->client_paused = true; }
  void resume_reading();

  ClientState state() const { return connection_->client_state; }
  // As the server sees it: the port of SocketAddress.
  uint16_t port() const { return static_cast<uint16_t>(connection_->number); }

  const std::string& received() const { return connection_->received; }
  std::string take_received() { return std::exchange(connection_->received, {}); }
  // Sent and not yet taken by the server's receive buffer.
  size_t unsent() const { return connection_->to_server.size(); }

 private:
  SimNet* net_;
  ConnectionRef connection_;
};

class SimNet final : private EventSink {
 public:
  static constexpr size_t window_max = 64 * 1024;  // bytes per direction that may wait for a reader
  static constexpr size_t datagrams_max = 64;      // per socket; more are dropped
  static constexpr size_t backlog_max = 128;       // connections not accepted; more are refused

  explicit SimNet(SimWorld& world);

  SimClient connect(uint16_t port);
  void send_datagram(engine::SocketAddress from, uint16_t port, std::string_view bytes);
  uint64_t datagrams_dropped() const { return datagrams_dropped_; }

  // For SimBackend.
  SimWorld& world() { return world_; }
  std::shared_ptr<SimListener> listen(uint16_t port);  // 0: a free one; null: taken
  std::shared_ptr<SimUdpSocket> bind(uint16_t port);   // any number of sockets may share a port
  // The server's end of an accepted connection; its number is the raw socket.
  int32_t accept(SimListener& listener);
  // Of a raw socket; zero for an error.
  static engine::SocketAddress peer_of(int32_t raw_socket);
  std::shared_ptr<SimSocket> adopt(int32_t raw_socket);
  // The processes are gone, and no machine answers any more. What they had sent arrives.
  void drop_all();

  // For the ends of a connection.
  void schedule_to_server(TcpConnection& connection);
  void schedule_to_client(TcpConnection& connection);
  void schedule_reset(TcpConnection& connection);
  void close_server(TcpConnection& connection);

 private:
  enum class EventKind : uint8_t { connect, to_server, to_client, reset, datagram };

  void on_event(uint64_t token) override;
  void schedule(EventKind kind, uint64_t number);
  void deliver_connect(const ConnectionRef& connection);
  void deliver_to_server(TcpConnection& connection);
  void deliver_to_client(TcpConnection& connection);
  void deliver_datagram(const Datagram& datagram);
  void reset_server(TcpConnection& connection);
  void reset_client(TcpConnection& connection);
  void receive_at_client(TcpConnection& connection, size_t count);
  void forget_if_over(TcpConnection& connection);
  size_t piece(size_t available);
  uint16_t free_port() { return port_next_++; }

  SimWorld& world_;
  SinkId sink_;
  uint16_t port_next_ = 40'000;
  int32_t connection_next_ = 1000;
  uint64_t datagram_next_ = 0;
  uint64_t datagrams_dropped_ = 0;
  std::map<int32_t, ConnectionRef> connections_;
  std::map<uint64_t, Datagram> datagrams_;  // on their way
  std::map<uint16_t, std::weak_ptr<SimListener>> listeners_;
  std::multimap<uint16_t, std::weak_ptr<SimUdpSocket>> udp_sockets_;
  std::map<int32_t, std::shared_ptr<SimSocket>> raw_sockets_;  // accepted, not adopted
};

}  // namespace sim
