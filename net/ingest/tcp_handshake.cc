#include "net/ingest/tcp_handshake.h"

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "net/auth/challenge.h"

namespace net {

TcpHandshake::TcpHandshake(engine::Reactor& reactor, engine::FileId socket, const Users& users, TcpHandshakeListener& listener)
    : reactor_(reactor), socket_(socket), listener_(listener), handshake_(users, make_challenge(reactor.backend())) {}

Handshake::Step TcpHandshake::take(std::string_view& input) {
  VERIFY(!sending_);
  const Handshake::Step step = handshake_.take(input);
  if (step != Handshake::Step::challenge) return step;
  unsent_ = handshake_.challenge();
  send();
  return step;
}

void TcpHandshake::send() {
  // A send does not modify what it sends.
  const std::span<char> bytes(const_cast<char*>(unsent_.data()), unsent_.size());
  sending_ = true;
  reactor_.submit({.op = engine::IoOp::send, .file = socket_, .buffer = std::as_writable_bytes(bytes), .completion = &sent_});
}

void TcpHandshake::on_sent(const engine::IoResult& result) {
  VERIFY(sending_);
  sending_ = false;
  if (result.result <= 0) return listener_.on_challenge_sent(false);
  VERIFY_LE(static_cast<size_t>(result.result), unsent_.size());
  unsent_.remove_prefix(static_cast<size_t>(result.result));
  if (!unsent_.empty()) return send();
  listener_.on_challenge_sent(true);
}

}  // namespace net
