#include "net/listener.h"

#include "engine/verify.h"

namespace net {

Listener::Listener(engine::Reactor& reactor, engine::FileId socket, ListenerSink& sink)
    : reactor_(reactor), socket_(socket), sink_(sink), retry_(reactor.timers(), *this) {}

void Listener::start() { accept(); }

void Listener::accept() {
  VERIFY(!accepting_);
  accepting_ = true;
  reactor_.submit({.op = engine::IoOp::accept, .file = socket_, .completion = &accepted_});
}

void Listener::on_accepted(const engine::IoResult& result) {
  accepting_ = result.more;
  if (result.result >= 0) {
    sink_.on_accepted(result.result, result.peer);
  } else if (!stopping_) {
    ++errors_;
  }
  if (accepting_) return;
  if (stopping_) return close_socket();
  retry_.arm(reactor_.now() + (result.result >= 0 ? engine::Duration{} : retry_pause));
}

void Listener::on_retry(engine::Instant) { accept(); }

void Listener::stop() {
  if (stopping_) return;
  stopping_ = true;
  retry_.disarm();
  if (!accepting_) return close_socket();
  reactor_.submit({.op = engine::IoOp::cancel, .target = &accepted_, .completion = &cancelled_});
}

void Listener::on_cancelled(const engine::IoResult&) {}

void Listener::close_socket() {
  closing_ = true;
  reactor_.submit({.op = engine::IoOp::close, .file = socket_, .completion = &socket_closed_});
}

void Listener::on_socket_closed(const engine::IoResult&) { closing_ = false; }

}  // namespace net
