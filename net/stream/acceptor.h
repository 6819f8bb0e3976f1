// A listening TCP socket: accepts and hands each new connection on. Out of descriptors it pauses instead of spinning.
#pragma once

#include <cstdint>

#include "engine/reactor/reactor.h"

namespace net {

class AcceptorListener {
 public:
  virtual void on_accepted(int32_t raw_socket, engine::SocketAddress peer) = 0;

 protected:
  ~AcceptorListener() = default;
};

class Acceptor final {
 public:
  Acceptor(engine::Reactor& reactor, engine::FileId socket, AcceptorListener& listener);

  void start();

  // Accepts nothing any more and closes the socket; stopped() a moment later.
  void stop();
  bool stopped() const { return stopping_ && !accepting_ && !closing_; }

  uint64_t errors() const { return errors_; }

 private:
  static constexpr engine::Duration retry_pause = engine::milliseconds(100);

  void accept();
  void close_socket();
  void on_accepted(const engine::IoResult& result);
  void on_cancelled(const engine::IoResult& result);
  void on_socket_closed(const engine::IoResult& result);
  void on_retry(engine::Instant now);

  engine::Reactor& reactor_;
  engine::FileId socket_;
  AcceptorListener& listener_;
  bool accepting_ = false;
  bool stopping_ = false;
  bool closing_ = false;
  uint64_t errors_ = 0;
  engine::MemberCompletion<&Acceptor::on_accepted> accepted_{*this};
  engine::MemberCompletion<&Acceptor::on_cancelled> cancelled_{*this};
  engine::MemberCompletion<&Acceptor::on_socket_closed> socket_closed_{*this};
  engine::MemberTimer<&Acceptor::on_retry> retry_;
};

}  // namespace net
