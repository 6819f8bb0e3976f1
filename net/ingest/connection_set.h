// The TCP connections of a shard: taken in up to a limit, and ended one by one when the server stops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/reactor/timers.h"
#include "net/ingest/line_ingest.h"
#include "net/ingest/tcp_connection.h"

namespace net {

class ConnectionSet final : public TcpConnectionListener {
 public:
  explicit ConnectionSet(IngestContext& context);

  // One beyond the limit, or after begin_stop, is closed at once.
  void add(int32_t raw_socket, engine::SocketAddress peer);

  // Destroys those that have closed: their completions are not on the stack any more.
  void forget_closed() { closed_.clear(); }

  // Connections that send nothing for a moment are closed, and after stop_time_max those that still send.
  void begin_stop();

  TcpConnection& at(const Receiver& receiver) { return **find(receiver); }
  size_t count() const { return connections_.size(); }

  // How many were closed for the limit since the last call of take_rejected.
  bool has_rejected() const { return rejected_ != 0; }
  uint64_t take_rejected();

  // Connections that were closed since the last take for want of a login, and the last one of them, for the log.
  struct FailedLogins {
    uint64_t count = 0;
    std::string last;
  };
  bool has_failed_logins() const { return failed_logins_.count != 0; }
  FailedLogins take_failed_logins() { return std::exchange(failed_logins_, {}); }

 private:
  static constexpr engine::Duration quiet_time = engine::milliseconds(20);
  static constexpr engine::Duration stop_time_max = engine::seconds(1);

  using Connections = std::vector<std::unique_ptr<TcpConnection>>;

  Connections::iterator find(const Receiver& receiver);
  void on_closed(TcpConnection& connection) override;
  void on_login_failed(const TcpConnection& connection, std::string_view user) override;
  void on_stop_timer(engine::Instant now);

  IngestContext& context_;
  Connections connections_;
  Connections closed_;
  uint64_t rejected_ = 0;
  FailedLogins failed_logins_;
  bool stopping_ = false;
  engine::Instant stop_at_;  // the latest, once stopping_
  engine::MemberTimer<&ConnectionSet::on_stop_timer> stop_timer_;
};

}  // namespace net
