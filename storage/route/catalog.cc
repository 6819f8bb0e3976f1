#include "storage/route/catalog.h"

#include <algorithm>
#include <string>

#include "engine/base/sabotage.h"
#include "engine/base/verify.h"

namespace storage {

Catalog::Catalog(engine::Shard& shard, uint16_t owner_count, uint64_t hash_seed)
    : shard_(shard), tables_(0, engine::TextHash{hash_seed}), owned_(owner_count, 0), outbox_(shard) {
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
  note_given(table);
  return owner;
}

void Catalog::note_given(TableId table) {
  if (!engine::sabotaged("table_id_given_again")) next_table_ = std::max(next_table_, table.value + 1);
}

bool Catalog::on_turn(engine::Instant) { return outbox_.flush(); }

void Catalog::on_message(engine::ShardId, const engine::MeshMessage& message) {
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::table_ask:
      return on_table_ask(*message.as<TableAsk*>());
    case MessageKind::change_ask:
      return on_change_ask(*message.as<ChangeAsk*>());
    case MessageKind::change_done:
      return on_change_done(*message.as<ChangeAsk*>());
    case MessageKind::table_not_made:
      return forget(message.as<TableId>());
    default:
      UNREACHABLE("message kind of the catalog");
  }
}

void Catalog::on_table_ask(TableAsk& ask) {
  VERIFY(ask.rejection.ok());
  const auto found = tables_.find(fold_name(ask.wish.name));
  ask.is_new = found == tables_.end();
  if (!ask.is_new) {
    ask.table = found->second.table;
    ask.owner = found->second.owner;
    return outbox_.send(ask.owner, make_message(MessageKind::table_ensure, &ask));
  }
  if (!ask.may_create) {
    ask.rejection = engine::not_found("table does not exist");
  } else if (tables_.size() >= tables_max) {
    ask.rejection =
        engine::resource_exhausted("table limit of " + std::to_string(tables_max) + " reached, which no setting changes");
  }
  if (!ask.rejection.ok()) {
    return shard_.endpoint().send_return(ask.source, make_message(MessageKind::table_answer, &ask));
  }
  ask.table = TableId{next_table_};
  ask.owner = add(ask.table, ask.wish.name);
  if (engine::sabotaged("table_id_given_again")) ++next_table_;
  outbox_.send(ask.owner, make_message(MessageKind::table_ensure, &ask));
}

void Catalog::on_change_ask(ChangeAsk& ask) {
  VERIFY(ask.rejection.status.ok());
  const auto found = tables_.find(fold_name(ask.table));
  if (found == tables_.end()) {
    ask.rejection.status = engine::not_found("table does not exist");
    return answer(ask);
  }
  ask.id = found->second.table;
  ask.owner = found->second.owner;
  const auto* rename = std::get_if<RenameTable>(&ask.change);
  if (rename != nullptr && !reserve_name(ask, rename->new_name)) return answer(ask);
  if (auto* truncate = std::get_if<TruncateTable>(&ask.change)) truncate->successor = TableId{next_table_++};
  outbox_.send(ask.owner, make_message(MessageKind::change, &ask));
}

// Both names mean the table until the change is done.
bool Catalog::reserve_name(ChangeAsk& ask, const std::string& new_name) {
  const Entry entry{.table = ask.id, .owner = ask.owner};
  const auto [taken, added] = tables_.emplace(fold_name(new_name), entry);
  if (added || taken->second.table == ask.id) return true;
  ask.rejection.status = engine::already_exists("table already exists");
  return false;
}

void Catalog::on_change_done(ChangeAsk& ask) {
  const bool is_done = ask.rejection.status.ok();
  if (!ask.freed_name.empty()) {
    const auto freed = tables_.find(fold_name(ask.freed_name));
    if (freed != tables_.end() && freed->second.table == ask.id) tables_.erase(freed);
  } else if (is_done && std::holds_alternative<DropTable>(ask.change)) {
    forget(ask.id);
  } else if (const auto* truncate = std::get_if<TruncateTable>(&ask.change); is_done && truncate != nullptr) {
    for (auto& [name, entry] : tables_) {
      if (entry.table == ask.id) entry.table = truncate->successor;
    }
  }
  answer(ask);
}

void Catalog::forget(TableId table) {
  const auto is_of_table = [table](const auto& named) { return named.second.table == table; };
  const auto found = std::ranges::find_if(tables_, is_of_table);
  if (found == tables_.end()) return;
  VERIFY_GT(owned_[found->second.owner.value], 0U);
  --owned_[found->second.owner.value];
  absl::erase_if(tables_, is_of_table);
}

void Catalog::answer(ChangeAsk& ask) {
  shard_.endpoint().send_return(ask.source, make_message(MessageKind::change_answer, &ask));
}

}  // namespace storage
