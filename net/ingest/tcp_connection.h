// One TCP connection that sends lines. It holds a receive buffer only while it works on one: an idle connection costs its
// socket, this object and nothing else.
//
//   reading --data--> working --all consumed--> reading
//                     working --challenge of a handshake--> parked --sent--> reading
//                     working --line waits for a table, a column, a batch--> parked --settled--> working
//   reading --no buffer, or no memory for more of its line--> waiting --there is some--> reading
//   any --end of stream, error, bad line with disconnect--> ending --nothing in flight--> closed
//
// While it is parked or waits nothing is received, so TCP slows the sender. A parked connection gives its buffer back as long
// as there is memory to keep what was in it.
//
// Where users are named, the handshake stands in front of the lines. It has a time limit; afterwards a connection may be idle
// for so long as the options allow.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/reactor/reactor.h"
#include "engine/reactor/timers.h"
#include "net/ingest/ledger.h"
#include "net/ingest/line_ingest.h"
#include "net/ingest/received_bytes.h"
#include "net/ingest/tcp_handshake.h"

namespace net {

class TcpConnection;

class TcpConnectionListener {
 public:
  // The connection is closed and may be destroyed, later in this turn or in another.
  virtual void on_closed(TcpConnection& connection) = 0;

  // It is closed because its sender did not show to be `user`.
  virtual void on_login_failed(const TcpConnection& connection, std::string_view user) = 0;

 protected:
  ~TcpConnectionListener() = default;
};

class TcpConnection final : public Receiver, private LineIngestListener, private TcpHandshakeListener {
 public:
  static constexpr engine::Duration handshake_time_max = engine::seconds(30);

  TcpConnection(IngestContext& context, engine::FileId socket, engine::SocketAddress peer, TcpConnectionListener& listener);
  ~TcpConnection();

  void start();

  // There is room again.
  void receive_again() override;

  // Drops what is not yet consumed and closes; rows that are on their way go on.
  void close();

  // It waits for bytes.
  bool stands_still() const { return state_ == State::reading; }

  // Quiet: it waits for bytes, and none came since mark_quiet.
  void mark_quiet() { bytes_marked_ = record_.bytes_received; }
  bool is_quiet() const { return stands_still() && record_.bytes_received == bytes_marked_; }

  const SenderRecord& record() const { return record_; }

 private:
  enum class State : uint8_t { reading, waiting, parked, working, ending, closed };

  void on_received(const engine::IoResult& result);
  void on_shut_down(const engine::IoResult& result);
  void on_file_closed(const engine::IoResult& result);
  void on_settled() override;
  void on_challenge_sent(bool ok) override;
  void on_time_up(engine::Instant now);
  void move_to(State state);
  void receive();
  void work();
  bool shake_hands();
  void watch_idleness();
  bool is_in_flight() const { return receiving_ || (handshake_ != nullptr && handshake_->is_sending()); }
  void end_when_quiet();

  IngestContext& context_;
  engine::FileId socket_;
  TcpConnectionListener& listener_;
  SenderRecord& record_;
  LineIngest ingest_;
  std::unique_ptr<TcpHandshake> handshake_;  // until it has succeeded; null: there is none
  State state_ = State::reading;
  bool receiving_ = false;      // a receive is in flight
  bool shutting_down_ = false;  // likewise
  ReceivedBytes bytes_;
  uint64_t bytes_marked_ = 0;
  engine::Instant received_at_;  // the last bytes
  engine::MemberCompletion<&TcpConnection::on_received> received_{*this};
  engine::MemberCompletion<&TcpConnection::on_shut_down> shut_down_{*this};
  engine::MemberCompletion<&TcpConnection::on_file_closed> file_closed_{*this};
  engine::MemberTimer<&TcpConnection::on_time_up> time_up_;
};

}  // namespace net
