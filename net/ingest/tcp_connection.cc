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
      bytes_(context.shard.backend(), context.room) {}

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

void TcpConnection::start() { receive(); }

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
  work();
}

void TcpConnection::work() {
  move_to(State::working);
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

void TcpConnection::on_settled() {
  if (state_ == State::ending) return end_when_quiet();
  VERIFY(state_ == State::parked);
  work();
}

void TcpConnection::close() {
  if (state_ == State::ending || state_ == State::closed) return;
  context_.room.forget(*this);
  move_to(State::ending);
  ingest_.abandon();
  if (receiving_) {  // the shutdown ends it
    shutting_down_ = true;
    context_.shard.reactor().submit({.op = engine::IoOp::shutdown, .file = socket_, .completion = &shut_down_});
  }
  end_when_quiet();
}

void TcpConnection::end_when_quiet() {
  bytes_.release();
  if (receiving_ || shutting_down_ || ingest_.is_waiting()) return;
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
