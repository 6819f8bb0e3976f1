#include "net/http/server.h"

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"

namespace net {

HttpServer::HttpServer(engine::Shard& shard, IngestContext& ingest, ReaderRange readers, const HttpOptions& options)
    : shard_(shard),
      options_(options),
      desk_(shard.endpoint(), readers, options.queries_max),
      error_ids_(shard.backend().random()),
      services_{.ingest = ingest, .options = options_, .error_ids = error_ids_},
      ddl_(ingest.source, *this),
      stop_timer_(shard.reactor().timers(), *this) {}

void HttpServer::listen(engine::FileId socket, uint16_t shard_count) {
  VERIFY(acceptor_ == nullptr);
  VERIFY_EQ(shard_.id().value, 0);
  shard_count_ = shard_count;
  acceptor_ = std::make_unique<Acceptor>(shard_.reactor(), socket, *this);
  acceptor_->start();
}

// A shard that is so busy that it has no room for another one is passed over.
void HttpServer::on_accepted(int32_t raw_socket, engine::SocketAddress peer) {
  const SocketHandoff handoff{.raw_socket = raw_socket, .peer = peer};
  for (uint16_t asked = 0; asked < shard_count_; ++asked) {
    const engine::ShardId target{next_shard_};
    next_shard_ = static_cast<uint16_t>((next_shard_ + 1) % shard_count_);
    if (target == shard_.id()) return add(raw_socket, peer);
    if (shard_.endpoint().try_send(target, make_message(MessageKind::http_handoff, handoff))) return;
  }
  UNREACHABLE("this shard is one of them");
}

// At the limit the connection that has waited longest for a request makes room. When all are busy, the new one is accepted and
// closed at once: its sender sees it, instead of waiting in the backlog.
void HttpServer::add(int32_t raw_socket, engine::SocketAddress peer) {
  const bool has_room = !stopped() && make_room();  // one that was on its way when the server stopped is told so
  const engine::FileId socket = shard_.backend().adopt_socket(raw_socket);
  const uint64_t id = next_id_++;
  const HttpConnection::Context context{.shard = shard_, .desk = desk_, .services = services_, .ddl = ddl_, .listener = *this};
  auto& connection = connections_[id] = std::make_unique<HttpConnection>(context, socket, peer, id);
  if (!has_room) return connection->close();
  connection->start();
  if (!stopping_) return;
  connection->begin_stop();
  stop_timer_.arm(shard_.reactor().now() + stop_tick);
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
  if (static_cast<MessageKind>(message.kind) == MessageKind::http_handoff) {
    const auto handoff = message.as<SocketHandoff>();
    return add(handoff.raw_socket, handoff.peer);
  }
  const Query& query = *message.as<Query*>();
  const auto found = connections_.find(query.reply_to.id);
  VERIFY(found != connections_.end());  // it is closed when its query has come home
  desk_.on_part(query);
  found->second->on_query_part();
}

// Its connection may be gone.
void HttpServer::on_ddl_over(uint64_t id, const std::optional<DdlError>& error) {
  const auto found = connections_.find(id);
  if (found != connections_.end()) found->second->on_ddl_over(error);
}

void HttpServer::on_closed(HttpConnection& connection) {
  const auto found = connections_.find(connection.id());
  VERIFY(found != connections_.end());
  closed_.push_back(std::move(found->second));
  connections_.erase(found);
}

bool HttpServer::on_turn(engine::Instant) {
  closed_.clear();
  ddl_.clean_up();
  return false;
}

// Requests that have begun are answered, but not for ever, and so is one that is on its way to a connection that was in use
// until now: a client that finds its connection closed cannot know whether its request was read.
void HttpServer::begin_stop() {
  stopping_ = true;
  stop_at_ = shard_.reactor().now() + stop_time_max;
  if (acceptor_ != nullptr) acceptor_->stop();
  for (const auto& [id, connection] : connections_) connection->begin_stop();
  on_stop_timer(shard_.reactor().now());
}

void HttpServer::on_stop_timer(engine::Instant now) {
  std::vector<HttpConnection*> ending;
  for (const auto& [id, connection] : connections_) {
    const bool is_quiet = connection->is_idle() && now - connection->idle_since() >= stop_quiet_time;
    if (is_quiet || now >= stop_at_) ending.push_back(connection.get());
  }
  for (HttpConnection* connection : ending) connection->close();
  if (!connections_.empty()) stop_timer_.arm(now + stop_tick);
}

bool HttpServer::stopped() const {
  return stopping_ && connections_.empty() && desk_.open_count() == 0 && ddl_.is_idle() &&
         (acceptor_ == nullptr || acceptor_->stopped());
}

}  // namespace net
