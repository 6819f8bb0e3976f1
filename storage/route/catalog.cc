#include "storage/route/catalog.h"

#include <algorithm>
#include <string>

#include "engine/base/sabotage.h"
#include "engine/base/verify.h"

namespace storage {

Catalog::Catalog(engine::Shard& shard, uint16_t owner_count, uint64_t hash_seed)
    : shard_(shard), tables_(0, engine::TextHash{hash_seed}), owned_(owner_count, 0) {
  VERIFY_EQ(shard.id().value, 0);
  VERIFY_GT(owner_count, 0);
}

engine::ShardId Catalog::least_loaded() const {
  const auto least = std::ranges::min_element(owned_);
  return engine::ShardId{static_cast<uint16_t>(least - owned_.begin())};
}

engine::ShardId Catalog::add(TableId table, std::string_view name) {
  const engine::ShardId owner = least_loaded();
  const bool added = tables_.emplace(fold_name(name), Entry{.table = table, .owner = owner}).second;
  VERIFY(added);
  ++owned_[owner.value];
  if (!engine::sabotaged("table_id_given_again")) next_table_ = std::max(next_table_, table.value + 1);
  return owner;
}

bool Catalog::on_turn(engine::Instant) {
  while (!waiting_.empty()) {
    TableAsk* ask = waiting_.front();
    if (!shard_.endpoint().try_send(ask->owner, make_message(MessageKind::table_ensure, ask))) break;
    waiting_.pop_front();
  }
  return !waiting_.empty();  // who makes room for them wakes nobody
}

void Catalog::on_message(engine::ShardId, const engine::MeshMessage& message) {
  VERIFY(static_cast<MessageKind>(message.kind) == MessageKind::table_ask);
  auto* ask = message.as<TableAsk*>();
  VERIFY(ask->rejection.ok());
  const auto found = tables_.find(fold_name(ask->wish.name));
  if (found != tables_.end()) {
    ask->table = found->second.table;
    ask->owner = found->second.owner;
    return forward(ask);
  }
  if (!ask->may_create) {
    ask->rejection = engine::not_found("table does not exist");
  } else if (tables_.size() >= tables_max) {
    ask->rejection =
        engine::resource_exhausted("table limit of " + std::to_string(tables_max) + " reached, which no setting changes");
  }
  if (!ask->rejection.ok()) {
    return shard_.endpoint().send_return(ask->source, make_message(MessageKind::table_answer, ask));
  }
  ask->table = TableId{next_table_};
  ask->owner = add(ask->table, ask->wish.name);
  if (engine::sabotaged("table_id_given_again")) ++next_table_;
  forward(ask);
}

// FIFO among all asks, so that an owner hears of a new table from the ask that named it first.
void Catalog::forward(TableAsk* ask) {
  VERIFY_LT(ask->owner.value, owned_.size());
  waiting_.push_back(ask);
  on_turn(shard_.reactor().now());
}

}  // namespace storage
