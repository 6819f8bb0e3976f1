#include "net/ingest/tcp_connection.h"

#include <cerrno>

#include "engine/base/verify.h"

namespace net {

TcpConnection::TcpConnection(IngestContext& context, engine::FileId socket, engine::SocketAddress peer,
                             TcpConnectionListener& listener)
    : context_(context),
      socket_(socket),
      listener_(listener),
      record_(context.ledger.open(Transport::tcp, peer, context.shard.backend().wall_now())),
      ingest_(context, record_, *this),
      bytes_(context.shard.backend(), context.room),
      time_up_(context.shard.reactor().timers(), *this) {}

TcpConnection::~TcpConnection() { context_.room.forget(*this); }

void TcpConnection::move_to(State state) {
  switch (state_) {
    case State::reading:
      VERIFY(state != State::parked && state != State::closed);
      break;
    case State::waiting:
      VERIFY(state == State::reading || state == State::waiting || state == State::ending);
      break;
    case State::parked:
      VERIFY(state == State::working || state == State::ending);
      break;
    case State::working:
      VERIFY(state != State::working && state != State::closed);
      break;
    case State::ending:
      VERIFY(state == State::closed);
      break;
    case State::closed:
      UNREACHABLE("a connection that is closed");
  }
  state_ = state;
}

void TcpConnection::start() {
  received_at_ = context_.shard.reactor().now();
  if (context_.options.users.count() != 0) {
    TcpHandshakeListener& listener = *this;
    handshake_ = std::make_unique<TcpHandshake>(context_.shard.reactor(), socket_, context_.options.users, listener);
    time_up_.arm(received_at_ + handshake_time_max);
  } else {
    watch_idleness();
  }
  receive();
}

void TcpConnection::receive() {
  VERIFY(!receiving_);
  if (!context_.room.may_receive(*this, ingest_.held_size(), context_.shard.reactor().now())) {
    move_to(State::waiting);
    return;
  }
  move_to(State::reading);
  receiving_ = true;
  context_.shard.reactor().submit({.op = engine::IoOp::recv_once, .file = socket_, .completion = &received_});
}

void TcpConnection::receive_again() {
  VERIFY(state_ == State::waiting);
  receive();
}

void TcpConnection::on_received(const engine::IoResult& result) {
  VERIFY(!result.more);
  receiving_ = false;
  bytes_.take(result);
  if (state_ == State::ending) return end_when_quiet();
  if (result.result == -ENOBUFS) {
    move_to(State::waiting);
    return context_.room.wait_for_buffer(*this);
  }
  if (result.result <= 0) return close();
  record_.bytes_received += static_cast<uint64_t>(result.result);
  received_at_ = context_.shard.reactor().now();
  work();
}

void TcpConnection::work() {
  move_to(State::working);
  if (handshake_ != nullptr && !shake_hands()) return;
  switch (ingest_.consume(bytes_.rest())) {
    case LineIngest::Outcome::consumed:
      bytes_.release();
      return receive();
    case LineIngest::Outcome::parked:
      move_to(State::parked);
      if (!bytes_.is_in_buffer() || !context_.room.has_memory()) return;
      ingest_.keep_line();
      return bytes_.keep_apart();  // others need the buffer meanwhile
    case LineIngest::Outcome::disconnect:
      return close();
  }
}

// True: it is over, and what is left of the bytes are lines.
bool TcpConnection::shake_hands() {
  switch (handshake_->take(bytes_.rest())) {
    case Handshake::Step::more:
      bytes_.release();
      receive();
      return false;
    case Handshake::Step::challenge:
      bytes_.release();
      move_to(State::parked);
      return false;
    case Handshake::Step::accepted:
      handshake_.reset();
      watch_idleness();
      return true;
    case Handshake::Step::failed:
      listener_.on_login_failed(*this, handshake_->user());
      close();
      return false;
  }
  UNREACHABLE("Handshake::Step");
}

void TcpConnection::on_challenge_sent(bool ok) {
  if (state_ == State::ending) return end_when_quiet();
  VERIFY(state_ == State::parked);
  if (!ok) return close();
  move_to(State::working);
  receive();
}

void TcpConnection::watch_idleness() {
  time_up_.disarm();
  const engine::Duration limit = context_.options.idle_time_max;
  if (limit.ns > 0) time_up_.arm(context_.shard.reactor().now() + limit);
}

// Armed once for all that comes meanwhile. Who waits for us is not idle.
void TcpConnection::on_time_up(engine::Instant now) {
  if (handshake_ != nullptr) {
    listener_.on_login_failed(*this, handshake_->user());
    return close();
  }
  const engine::Duration limit = context_.options.idle_time_max;
  const engine::Instant due = (stands_still() ? received_at_ : now) + limit;
  if (due > now) return time_up_.arm(due);
  close();
}

void TcpConnection::on_settled() {
  if (state_ == State::ending) return end_when_quiet();
  VERIFY(state_ == State::parked);
  work();
}

void TcpConnection::close() {
  if (state_ == State::ending || state_ == State::closed) return;
  context_.room.forget(*this);
  move_to(State::ending);
  time_up_.disarm();
  ingest_.abandon();
  if (is_in_flight()) {  // the shutdown ends it
    shutting_down_ = true;
    context_.shard.reactor().submit({.op = engine::IoOp::shutdown, .file = socket_, .completion = &shut_down_});
  }
  end_when_quiet();
}

void TcpConnection::end_when_quiet() {
  bytes_.release();
  if (is_in_flight() || shutting_down_ || ingest_.is_waiting()) return;
  move_to(State::closed);
  context_.shard.reactor().submit({.op = engine::IoOp::close, .file = socket_, .completion = &file_closed_});
}

void TcpConnection::on_shut_down(const engine::IoResult&) {
  shutting_down_ = false;
  end_when_quiet();
}

void TcpConnection::on_file_closed(const engine::IoResult&) {
  context_.ledger.close(record_, context_.shard.backend().wall_now());
  listener_.on_closed(*this);
}

}  // namespace net
