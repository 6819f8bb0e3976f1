#include "net/ingest/tcp_connection.h"

#include <cerrno>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace net {

TcpConnection::TcpConnection(IngestContext& context, engine::FileId socket, engine::SocketAddress peer,
                             TcpConnectionListener& listener)
    : context_(context),
      socket_(socket),
      listener_(listener),
      record_(context.ledger.open(Protocol::tcp, peer, context.shard.backend().wall_now())),
      ingest_(context, record_, *this) {}

TcpConnection::~TcpConnection() {
  release_buffer();
  context_.room.forget(*this);
}

void TcpConnection::start() { receive(); }

void TcpConnection::receive() {
  VERIFY(!receiving_);
  if (!context_.room.may_receive(*this, ingest_.held_size(), context_.shard.reactor().now())) {
    state_ = State::waiting;
    return;
  }
  state_ = State::reading;
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
  buffer_ = result.buffer;
  if (buffer_ != engine::buffer_none) context_.room.on_buffer_taken();
  if (state_ == State::ending) return end_when_quiet();
  if (result.result == -ENOBUFS) {
    state_ = State::waiting;
    return context_.room.wait_for_buffer(*this);
  }
  if (result.result <= 0) return close();
  record_.bytes_received += static_cast<uint64_t>(result.result);
  rest_ = engine::as_text(result.data);
  work();
}

void TcpConnection::work() {
  state_ = State::working;
  switch (ingest_.consume(rest_)) {
    case LineIngest::Outcome::consumed:
      release_buffer();
      return receive();
    case LineIngest::Outcome::parked:
      state_ = State::parked;
      return keep_rest();
    case LineIngest::Outcome::disconnect:
      return close();
  }
}

void TcpConnection::on_settled() {
  if (state_ == State::ending) return end_when_quiet();
  VERIFY(state_ == State::parked);
  work();
}

// Others, HTTP among them, need the buffer while this one waits.
void TcpConnection::keep_rest() {
  if (buffer_ == engine::buffer_none || !context_.room.has_memory()) return;
  ingest_.keep_line();
  std::string rest(rest_);
  release_buffer();
  kept_ = std::move(rest);
  rest_ = kept_;
  context_.room.set_held(kept_size_, kept_.capacity());
}

void TcpConnection::release_buffer() {
  rest_ = {};
  std::string().swap(kept_);
  context_.room.set_held(kept_size_, 0);
  if (buffer_ == engine::buffer_none) return;
  context_.shard.backend().release_buffer(buffer_);
  context_.room.on_buffer_released();
  buffer_ = engine::buffer_none;
}

void TcpConnection::close() {
  if (state_ == State::ending || state_ == State::closed) return;
  context_.room.forget(*this);
  state_ = State::ending;
  ingest_.abandon();
  if (receiving_) {  // the shutdown ends it
    shutting_down_ = true;
    context_.shard.reactor().submit({.op = engine::IoOp::shutdown, .file = socket_, .completion = &shut_down_});
  }
  end_when_quiet();
}

void TcpConnection::end_when_quiet() {
  release_buffer();
  if (receiving_ || shutting_down_ || ingest_.is_waiting()) return;
  state_ = State::closed;
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
