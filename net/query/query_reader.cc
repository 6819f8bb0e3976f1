#include "net/query/query_reader.h"

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"

namespace net {

QueryReader::QueryReader(engine::ShardMesh& mesh, engine::ShardId id, engine::IoBackend& backend, uint16_t shard_count,
                         const QueryLimits& limits)
    : spill_(backend, limits.spill_max),
      room_{.endpoint = mesh.endpoint(id),
            .backend = backend,
            .shard_count = shard_count,
            .limits = limits,
            .receiver = *this,
            .spill = spill_} {
  mesh.attach(id, backend);
}

void QueryReader::run_once() {
  hand_over_wakes();
  room_.endpoint.drain(*this);
  const engine::Instant now = room_.backend.now();
  for (const auto& query : queries_) query->expire(now);
  OpenQuery* query = take_runnable();
  if (query == nullptr) return sleep();
  query->run(now + slice);
  std::erase_if(queries_, [](const auto& each) { return each->is_done(); });
}

// At once: a query may compute for a minute now, and a shard whose wake lay here that long would sleep on, woken by no reader.
void QueryReader::hand_over_wakes() {
  room_.endpoint.wake_peers();
  engine::IoResult none;
  const size_t count = room_.backend.reap({&none, 1}, room_.backend.now());
  VERIFY_EQ(count, 0U);  // its files are read with blocking calls
}

// The first one that has something to do; it goes to the end of the line.
OpenQuery* QueryReader::take_runnable() {
  const auto found = std::ranges::find_if(queries_, [](const auto& query) { return query->is_runnable(); });
  if (found == queries_.end()) return nullptr;
  std::rotate(found, found + 1, queries_.end());
  return queries_.back().get();
}

// Until a message comes, or the time of a query is over whose part is out.
void QueryReader::sleep() {
  engine::Instant end = engine::instant_never;
  for (const auto& query : queries_) {
    if (query->is_waiting_for_taker() && query->deadline() > room_.backend.now()) end = std::min(end, query->deadline());
  }
  if (!room_.endpoint.fall_asleep()) return;
  engine::IoResult none;
  const size_t count = room_.backend.reap({&none, 1}, end);
  VERIFY_EQ(count, 0U);
  room_.endpoint.wake_up();
}

void QueryReader::on_message(engine::ShardId, const engine::MeshMessage& message) {
  if (message.kind == static_cast<uint16_t>(storage::MessageKind::snapshot_answer))
    return ShardAsks::on_snapshot_answer(message);
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::query:
      queries_.push_back(std::make_unique<OpenQuery>(*message.as<Query*>(), room_));
      return;
    case MessageKind::query_go_on:
      return on_go_on(message.as<QueryGoOn>());
    case MessageKind::ledger_answer:
      return ShardAsks::on_ledger_answer(message);
    default:
      UNREACHABLE("message kind of a reader");
  }
}

// A query that has ended may still be cancelled: the message was under way. Its memory is another query's only after that.
void QueryReader::on_go_on(const QueryGoOn& go_on) {
  const auto found = std::ranges::find(queries_, go_on.query, [](const auto& query) { return query->query(); });
  if (found == queries_.end() || (*found)->is_done()) return;
  if (go_on.part_taken) (*found)->on_part_taken();
  if (go_on.cancelled) (*found)->cancel();
}

}  // namespace net
