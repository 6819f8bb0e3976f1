#include "net/ingest/connection_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"

namespace net {
namespace {

constexpr size_t user_logged_max = 64;

}  // namespace

ConnectionSet::ConnectionSet(IngestContext& context)
    : context_(context), stop_timer_(context.shard.reactor().timers(), *this) {}

void ConnectionSet::add(int32_t raw_socket, engine::SocketAddress peer) {
  const engine::FileId socket = context_.shard.backend().adopt_socket(raw_socket);
  connections_.push_back(std::make_unique<TcpConnection>(context_, socket, peer, *this));
  const bool has_room = connections_.size() <= context_.options.connections_max;
  if (has_room && !stopping_) return connections_.back()->start();
  if (!has_room) ++rejected_;
  connections_.back()->close();
}

void ConnectionSet::begin_stop() {
  VERIFY(!stopping_);
  stopping_ = true;
  const engine::Instant now = context_.shard.reactor().now();
  stop_at_ = now + stop_time_max;
  for (const auto& connection : connections_) connection->mark_quiet();
  stop_timer_.arm(now + quiet_time);
}

void ConnectionSet::on_stop_timer(engine::Instant now) {
  std::vector<TcpConnection*> ending;
  for (const auto& connection : connections_) {
    if (connection->is_quiet() || now >= stop_at_) ending.push_back(connection.get());
    connection->mark_quiet();
  }
  for (TcpConnection* connection : ending) connection->close();
  if (!connections_.empty()) stop_timer_.arm(now + quiet_time);
}

ConnectionSet::Connections::iterator ConnectionSet::find(const Receiver& receiver) {
  const auto found = std::ranges::find_if(connections_, [&](const auto& each) { return each.get() == &receiver; });
  VERIFY(found != connections_.end());
  return found;
}

uint64_t ConnectionSet::take_rejected() { return std::exchange(rejected_, 0); }

void ConnectionSet::on_login_failed(const TcpConnection& connection, std::string_view user) {
  ++failed_logins_.count;
  failed_logins_.last =
      fmt::format("{} as user \"{}\"", connection.record().peer.to_string(), escape_for_log(user, user_logged_max));
}

void ConnectionSet::on_closed(TcpConnection& connection) {
  const auto found = find(connection);
  closed_.push_back(std::move(*found));
  *found = std::move(connections_.back());
  connections_.pop_back();
}

}  // namespace net
