#include "storage/owner/snapshot_desk.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/base/sabotage.h"
#include "engine/base/verify.h"

namespace storage {

void SnapshotDesk::ask(SnapshotAsk& ask) {
  ask.lanes_waiting = 0;
  for (const auto& [id, lane] : lanes_.all()) {
    const Txn durable = lane->commits().durable();
    VERIFY_LE(lane->writer().applied(), durable);
    if (!ask.fresh || (ask.table && id.table != *ask.table) || lane->writer().applied() == durable) continue;
    if (engine::sabotaged("query_before_apply")) continue;
    waiting_.emplace(id, Waiting{.ask = &ask, .target = durable});
    ++ask.lanes_waiting;
    lanes_.ask(*lane, durable);
  }
  if (ask.lanes_waiting == 0) answer(ask);
}

void SnapshotDesk::on_applied(const Lane& lane) {
  const auto [begin, end] = waiting_.equal_range(lane.id());
  for (auto place = begin; place != end;) {
    if (lane.writer().applied() < place->second.target) {
      ++place;
      continue;
    }
    SnapshotAsk& ask = *place->second.ask;
    place = waiting_.erase(place);
    VERIFY_GT(ask.lanes_waiting, 0U);
    if (--ask.lanes_waiting == 0) answer(ask);
  }
}

void SnapshotDesk::answer(SnapshotAsk& ask) {
  VERIFY_EQ(ask.lanes_waiting, 0U);
  ask.tables.clear();
  for (const auto& [id, lane] : lanes_.all()) {
    const Txn durable = lane->commits().durable();
    VERIFY_LE(lane->writer().applied(), durable);
    if ((ask.table && id.table != *ask.table) || durable.value == 0 || lane->writer().schema()->is_dropped) continue;
    auto snapshot = std::make_shared<LaneSnapshot>(*lane->writer().snapshot());
    snapshot->durable = durable;
    ask.tables.push_back({.schema = lane->writer().schema(), .lanes = {std::move(snapshot)}});
  }
  std::ranges::sort(ask.tables, {}, [](const TableSnapshot& table) { return table.schema->table; });
  listener_.on_answered(ask);
}

}  // namespace storage
