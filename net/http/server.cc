#include "net/http/server.h"

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"

namespace net {

HttpServer::HttpServer(engine::Shard& shard, ReaderRange readers, const HttpOptions& options)
    : shard_(shard), options_(options), desk_(shard.endpoint(), readers, options.queries_max) {}

void HttpServer::listen(engine::FileId socket) {
  VERIFY(acceptor_ == nullptr);
  acceptor_ = std::make_unique<Acceptor>(shard_.reactor(), socket, *this);
  acceptor_->start();
}

// At the limit the connection that has waited longest for a request makes room. When all are busy, the new one is accepted and
// closed at once: its sender sees it, instead of waiting in the backlog.
void HttpServer::on_accepted(int32_t raw_socket, engine::SocketAddress) {
  const bool has_room = !stopping_ && make_room();
  const engine::FileId socket = shard_.backend().adopt_socket(raw_socket);
  const uint64_t id = next_id_++;
  const HttpConnection::Context context{.shard = shard_, .desk = desk_, .listener = *this};
  auto& connection = connections_[id] = std::make_unique<HttpConnection>(context, socket, id);
  if (has_room) {
    connection->start();
  } else {
    connection->close();
  }
}

bool HttpServer::make_room() {
  HttpConnection* oldest = nullptr;
  size_t open = 0;
  for (const auto& [id, connection] : connections_) {
    if (connection->is_ending()) continue;
    ++open;
    if (!connection->is_idle()) continue;
    if (oldest == nullptr || connection->idle_since() < oldest->idle_since()) oldest = connection.get();
  }
  if (open < options_.connections_max) return true;
  if (oldest == nullptr) return false;
  oldest->close();
  return true;
}

void HttpServer::on_message(engine::ShardId, const engine::MeshMessage& message) {
  const Query& query = *message.as<Query*>();
  const auto found = connections_.find(query.reply_to.id);
  VERIFY(found != connections_.end());  // it is closed when its query has come home
  desk_.on_part(query);
  found->second->on_query_part();
}

void HttpServer::on_closed(HttpConnection& connection) {
  const auto found = connections_.find(connection.id());
  VERIFY(found != connections_.end());
  closed_.push_back(std::move(found->second));
  connections_.erase(found);
}

bool HttpServer::on_turn(engine::Instant) {
  closed_.clear();
  return false;
}

void HttpServer::begin_stop() {
  stopping_ = true;
  if (acceptor_ != nullptr) acceptor_->stop();
  std::vector<HttpConnection*> open;
  for (const auto& [id, connection] : connections_) open.push_back(connection.get());
  for (HttpConnection* connection : open) connection->close();
}

bool HttpServer::stopped() const {
  return stopping_ && connections_.empty() && desk_.open_count() == 0 && (acceptor_ == nullptr || acceptor_->stopped());
}

}  // namespace net
