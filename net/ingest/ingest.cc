#include "net/ingest/ingest.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"

namespace net {

Ingest::Ingest(engine::Shard& shard, storage::Source& source, const IngestOptions& options, uint64_t hash_seed)
    : shard_(shard),
      source_(source),
      options_(options),
      ledger_(shard.id()),
      judge_(hash_seed),
      room_(options.unfinished_size_max),
      context_{.shard = shard,
               .source = source,
               .ledger = ledger_,
               .log = log_,
               .judge = judge_,
               .options = options_,
               .room = room_},
      stuck_timer_(shard.reactor().timers(), *this),
      pass_timer_(shard.reactor().timers(), *this),
      stop_timer_(shard.reactor().timers(), *this) {}

void Ingest::add_connection(int32_t raw_socket, engine::SocketAddress peer) {
  const engine::FileId socket = shard_.backend().adopt_socket(raw_socket);
  connections_.push_back(std::make_unique<TcpConnection>(context_, socket, peer, *this));
  const bool has_room = connections_.size() <= options_.connections_max;
  if (has_room && !stopping_) return connections_.back()->start();
  if (!has_room) ++connections_refused_;
  connections_.back()->close();
}

void Ingest::add_udp(engine::FileId socket) {
  VERIFY(udp_ == nullptr);
  udp_ = std::make_unique<UdpReceiver>(context_, socket);
  udp_->start();
}

bool Ingest::on_turn(engine::Instant now) {
  closed_.clear();
  log_refusals(now);
  room_.serve(false);
  if (room_.is_stuck() && !stuck_timer_.armed()) stuck_timer_.arm(now + stuck_pause);
  if (room_.is_crowded() && !pass_timer_.armed()) pass_timer_.arm(now + pass_time_max);
  return false;
}

// Rows that were refused behind the judge, and connections. Of many refusals one in a while is named.
void Ingest::log_refusals(engine::Instant now) {
  const uint64_t rows_refused = source_.counters().rows_refused;
  if ((rows_refused == refused_rows_logged_ && connections_refused_ == 0) || now < refusal_log_at_) return;
  refusal_log_at_ = now + refusal_log_pause;
  if (connections_refused_ != 0) {
    spdlog::warn("shard {}: {} connections closed at once: line.tcp.net.connection.limit allows {} here", shard_.id().value,
                 std::exchange(connections_refused_, 0), options_.connections_max);
  }
  if (rows_refused == refused_rows_logged_ || !options_.log_bad_lines) return;
  const absl::Status refusal = source_.take_refusal();
  spdlog::warn("{} rows refused: {}", rows_refused - refused_rows_logged_, escape_for_log(engine::message_of(refusal)));
  refused_rows_logged_ = rows_refused;
}

void Ingest::on_stuck_timer(engine::Instant) { room_.serve(true); }

// Whoever stands still in the middle of a large line makes way for the others that wait to send theirs.
void Ingest::on_pass_timer(engine::Instant now) {
  Receiver* const idle = room_.find_idle(now, pass_time_max);
  if (idle == nullptr) return;
  const auto found = std::ranges::find_if(connections_, [&](const auto& each) { return each.get() == idle; });
  VERIFY(found != connections_.end());
  TcpConnection& connection = **found;
  if (!connection.stands_still()) return;
  if (!room_.is_overfull()) return room_.give_back_pass(*idle);
  spdlog::warn("tcp {}: connection closed: it stands still in the middle of a large line, and there is no memory for others",
               connection.record().peer.to_string());
  connection.close();
}

void Ingest::on_message(engine::ShardId, const engine::MeshMessage& message) {
  if (static_cast<MessageKind>(message.kind) == MessageKind::tcp_handoff) {
    const auto handoff = message.as<TcpHandoff>();
    return add_connection(handoff.raw_socket, handoff.peer);
  }
  VERIFY(static_cast<MessageKind>(message.kind) == MessageKind::ledger_ask);
  auto* ask = message.as<LedgerAsk*>();
  ask->rows = ledger_.rows();
  shard_.endpoint().send_return(ask->reader, make_message(MessageKind::ledger_answer, ask));
}

void Ingest::on_closed(TcpConnection& connection) {
  const auto found = std::ranges::find(connections_, &connection, &std::unique_ptr<TcpConnection>::get);
  VERIFY(found != connections_.end());
  closed_.push_back(std::move(*found));
  *found = std::move(connections_.back());
  connections_.pop_back();
}

void Ingest::begin_stop() {
  stopping_ = true;
  stop_at_ = shard_.reactor().now() + stop_time_max;
  if (udp_ != nullptr) udp_->stop();
  for (const auto& connection : connections_) connection->mark_quiet();
  stop_timer_.arm(shard_.reactor().now() + quiet_time);
}

void Ingest::on_stop_timer(engine::Instant now) {
  std::vector<TcpConnection*> ending;
  for (const auto& connection : connections_) {
    if (connection->is_quiet() || now >= stop_at_) ending.push_back(connection.get());
    connection->mark_quiet();
  }
  for (TcpConnection* connection : ending) connection->close();
  if (!stopped()) stop_timer_.arm(now + quiet_time);
}

bool Ingest::stopped() const {
  return stopping_ && connections_.empty() && (udp_ == nullptr || udp_->stopped()) && source_.settled() && ledger_.settled();
}

}  // namespace net
