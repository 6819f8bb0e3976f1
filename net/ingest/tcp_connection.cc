#include "net/ingest/tcp_connection.h"

#include <cerrno>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace net {

TcpConnection::TcpConnection(IngestContext& context, engine::FileId socket, engine::PeerAddress peer,
                             TcpConnectionListener& listener)
    : context_(context),
      socket_(socket),
      listener_(listener),
      record_(context.ledger.open(Protocol::tcp, peer, context.shard.backend().wall_now())),
      ingest_(context, record_, *this) {}

TcpConnection::~TcpConnection() { release_buffer(); }

void TcpConnection::start() { receive(); }

void TcpConnection::receive() {
  VERIFY(!receiving_);
  state_ = State::reading;
  receiving_ = true;
  context_.shard.reactor().submit({.op = engine::IoOp::recv_once, .file = socket_, .completion = &received_});
}

void TcpConnection::receive_again() {
  if (state_ == State::starved) receive();
}

void TcpConnection::on_received(const engine::IoResult& result) {
  VERIFY(!result.more);
  receiving_ = false;
  buffer_ = result.buffer;
  if (state_ == State::ending) return end_when_quiet();
  if (result.result == -ENOBUFS) {
    state_ = State::starved;
    context_.starved.push_back(this);
    return;
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
      return;
    case LineIngest::Outcome::disconnect:
      return close();
  }
}

void TcpConnection::on_settled() {
  if (state_ == State::ending) return end_when_quiet();
  VERIFY(state_ == State::parked);
  work();
}

void TcpConnection::release_buffer() {
  rest_ = {};
  if (buffer_ == engine::buffer_none) return;
  context_.shard.backend().release_buffer(buffer_);
  buffer_ = engine::buffer_none;
}

void TcpConnection::close() {
  if (state_ == State::ending || state_ == State::closed) return;
  if (state_ == State::starved) std::erase(context_.starved, this);
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
