// The handshake of a TCP connection (net/auth/handshake.h) with the socket that its challenge goes out on.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/reactor/reactor.h"
#include "net/auth/handshake.h"

namespace net {

class TcpHandshakeListener {
 public:
  // The sender has the challenge, or there is no way to it.
  virtual void on_challenge_sent(bool ok) = 0;

 protected:
  ~TcpHandshakeListener() = default;
};

class TcpHandshake {
 public:
  TcpHandshake(engine::Reactor& reactor, engine::FileId socket, const Users& users, TcpHandshakeListener& listener);

  // As Handshake::take. After `challenge` the sending is under way: nothing more is taken until on_challenge_sent.
  Handshake::Step take(std::string_view& input);

  // It must not go while this is so; a shutdown of the socket ends it.
  bool is_sending() const { return sending_; }

  const std::string& user() const { return handshake_.user(); }

 private:
  void send();
  void on_sent(const engine::IoResult& result);

  engine::Reactor& reactor_;
  engine::FileId socket_;
  TcpHandshakeListener& listener_;
  Handshake handshake_;
  bool sending_ = false;
  std::string_view unsent_;  // of the challenge
  engine::MemberCompletion<&TcpHandshake::on_sent> sent_{*this};
};

}  // namespace net
