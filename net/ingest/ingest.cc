#include "net/ingest/ingest.h"

#include <algorithm>

#include "engine/base/verify.h"
#include "net/ingest/warning.h"

namespace net {

Ingest::Ingest(engine::Shard& shard, storage::Source& source, storage::RepeatDesk& repeats, const IngestOptions& options,
               uint64_t hash_seed)
    : shard_(shard),
      source_(source),
      options_(options),
      ledger_(shard.id()),
      judge_(hash_seed, options.default_types),
      room_(options.unfinished_size_max),
      left_requests_(repeats),
      context_{.shard = shard,
               .source = source,
               .ledger = ledger_,
               .log = log_,
               .judge = judge_,
               .options = options_,
               .room = room_,
               .repeats = repeats,
               .left_requests = left_requests_},
      connections_(context_),
      rejection_log_(context_),
      stuck_timer_(shard.reactor().timers(), *this),
      pass_timer_(shard.reactor().timers(), *this) {}

void Ingest::add_udp(engine::FileId socket) {
  udp_.push_back(std::make_unique<UdpReceiver>(context_, socket));
  udp_.back()->start();
}

uint64_t Ingest::datagrams_lost() const {
  uint64_t lost = 0;
  for (const auto& receiver : udp_) lost += receiver->datagrams_lost();
  return lost;
}

bool Ingest::on_turn(engine::Instant now) {
  connections_.forget_closed();
  rejection_log_.write_due(connections_, now);
  room_.serve(false);
  if (room_.is_stuck() && !stuck_timer_.armed()) stuck_timer_.arm(now + stuck_pause);
  if (room_.is_crowded() && !pass_timer_.armed()) pass_timer_.arm(now + pass_time_max);
  return false;
}

void Ingest::on_stuck_timer(engine::Instant) { room_.serve(true); }

// Whoever stands still in the middle of a large line makes way for the others that wait to send theirs.
void Ingest::on_pass_timer(engine::Instant now) {
  Receiver* const idle = room_.find_idle(now, pass_time_max);
  if (idle == nullptr) return;
  TcpConnection& connection = connections_.at(*idle);
  if (!connection.stands_still()) return;
  if (!room_.is_overfull()) return room_.give_back_pass(*idle);
  log_warning("tcp " + connection.record().peer.to_string() +
              ": connection closed: it stands still in the middle of a large line, and there is no memory for others");
  connection.close();
}

void Ingest::on_message(engine::ShardId, const engine::MeshMessage& message) {
  if (static_cast<MessageKind>(message.kind) == MessageKind::tcp_handoff) {
    const auto handoff = message.as<SocketHandoff>();
    return add_connection(handoff.raw_socket, handoff.peer);
  }
  VERIFY(static_cast<MessageKind>(message.kind) == MessageKind::ledger_ask);
  auto* ask = message.as<LedgerAsk*>();
  ask->rows = ledger_.rows();
  shard_.endpoint().send_return(ask->reader, make_message(MessageKind::ledger_answer, ask));
}

void Ingest::begin_stop() {
  stopping_ = true;
  for (const auto& receiver : udp_) receiver->stop();
  connections_.begin_stop();
}

bool Ingest::stopped() const {
  const bool receives_nothing =
      connections_.count() == 0 && std::ranges::all_of(udp_, [](const auto& receiver) { return receiver->stopped(); });
  return stopping_ && receives_nothing && source_.settled() && ledger_.settled();
}

}  // namespace net
