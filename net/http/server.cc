#include "net/http/server.h"

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"

namespace net {

HttpServer::HttpServer(engine::Shard& shard, engine::ShardId reader) : shard_(shard), reader_(reader) {}

void HttpServer::listen(engine::FileId socket) {
  VERIFY(acceptor_ == nullptr);
  acceptor_ = std::make_unique<Acceptor>(shard_.reactor(), socket, *this);
  acceptor_->start();
}

// Beyond the limit a connection is accepted and closed at once: its sender sees it, instead of waiting in the backlog.
void HttpServer::on_accepted(int32_t raw_socket, engine::PeerAddress) {
  const engine::FileId socket = shard_.backend().adopt_socket(raw_socket);
  connections_.push_back(std::make_unique<HttpConnection>(shard_, socket, *this));
  if (stopping_ || connections_.size() > connections_max) {
    connections_.back()->close();
  } else {
    connections_.back()->start();
  }
}

bool HttpServer::start_query(Query& query) {
  if (queries_ == queries_max) return false;
  query.reader = reader_;
  if (!shard_.endpoint().try_send(reader_, make_message(MessageKind::query, &query))) return false;
  ++queries_;
  return true;
}

void HttpServer::go_on(const QueryGoOn& go_on) {
  shard_.endpoint().send_return(go_on.query->reader, make_message(MessageKind::query_go_on, go_on));
}

void HttpServer::on_message(engine::ShardId, const engine::MeshMessage& message) {
  auto* query = message.as<Query*>();
  if (query->is_last) {
    VERIFY_GT(queries_, 0U);
    --queries_;
  }
  query->connection->on_query_part();
}

void HttpServer::on_closed(HttpConnection& connection) {
  const auto found = std::ranges::find(connections_, &connection, &std::unique_ptr<HttpConnection>::get);
  VERIFY(found != connections_.end());
  closed_.push_back(std::move(*found));
  *found = std::move(connections_.back());
  connections_.pop_back();
}

bool HttpServer::on_turn(engine::Instant) {
  closed_.clear();
  return false;
}

void HttpServer::begin_stop() {
  stopping_ = true;
  if (acceptor_ != nullptr) acceptor_->stop();
  std::vector<HttpConnection*> open;
  for (const auto& connection : connections_) open.push_back(connection.get());
  for (HttpConnection* connection : open) connection->close();
}

bool HttpServer::stopped() const {
  return stopping_ && connections_.empty() && queries_ == 0 && (acceptor_ == nullptr || acceptor_->stopped());
}

}  // namespace net
