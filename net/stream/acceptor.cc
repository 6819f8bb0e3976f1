#include "net/stream/acceptor.h"

#include "engine/base/verify.h"

namespace net {

Acceptor::Acceptor(engine::Reactor& reactor, engine::FileId socket, AcceptorListener& listener)
    : reactor_(reactor), socket_(socket), listener_(listener), retry_(reactor.timers(), *this) {}

void Acceptor::start() { accept(); }

void Acceptor::accept() {
  VERIFY(!accepting_);
  accepting_ = true;
  reactor_.submit({.op = engine::IoOp::accept, .file = socket_, .completion = &accepted_});
}

void Acceptor::on_accepted(const engine::IoResult& result) {
  accepting_ = result.more;
  if (result.result >= 0) {
    listener_.on_accepted(result.result, result.peer);
  } else if (!stopping_) {
    ++errors_;
  }
  if (accepting_) return;
  if (stopping_) return close_socket();
  retry_.arm(reactor_.now() + (result.result >= 0 ? engine::Duration{} : retry_pause));
}

void Acceptor::on_retry(engine::Instant) { accept(); }

void Acceptor::stop() {
  if (stopping_) return;
  stopping_ = true;
  retry_.disarm();
  if (!accepting_) return close_socket();
  reactor_.submit({.op = engine::IoOp::cancel, .target = &accepted_, .completion = &cancelled_});
}

void Acceptor::on_cancelled(const engine::IoResult&) {}

void Acceptor::close_socket() {
  closing_ = true;
  reactor_.submit({.op = engine::IoOp::close, .file = socket_, .completion = &socket_closed_});
}

void Acceptor::on_socket_closed(const engine::IoResult&) { closing_ = false; }

}  // namespace net
