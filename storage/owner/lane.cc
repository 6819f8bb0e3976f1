#include "storage/owner/lane.h"

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"

namespace storage {

Owner::Lane::Lane(Owner& owner, SchemaRef first_schema) : schema(std::move(first_schema)), owner_(owner) {
  const LaneId lane{.table = schema->table, .lane = lane_first};
  writer = std::make_unique<LaneWriter>(owner.rounds_, schema, lane, *this, owner.options_.crowding);
}

void Owner::Lane::account(size_t before) { owner_.pending_size_ += pending_.memory_size() - before; }

void Owner::Lane::add_rows(Txn txn, const RoutedBatch& batch) {
  const absl::StatusOr<BatchView> view = BatchView::parse(batch.body);
  VERIFY(view.ok());  // sealed in this process
  std::vector<ResolvedSymbols> symbols;
  for (const BatchSymbols& column : batch.symbols) {
    ResolvedSymbols& resolved = symbols.emplace_back(ResolvedSymbols{.column = column.column, .ids = {}});
    for (const BatchSymbols::Entry& entry : column.entries) resolved.ids.push_back(entry.id);
  }
  if (pending_.empty()) pending_since_ = owner_.shard_.reactor().now();
  const size_t before = pending_.memory_size();
  pending_.append(txn, *view, symbols);
  account(before);
  committed = txn;
  owner_.activate(*this);
}

void Owner::Lane::add_schema(Txn txn, SchemaRef durable_schema) {
  writer->set_schema(std::move(durable_schema));
  if (pending_.empty()) pending_since_ = owner_.shard_.reactor().now();
  pending_.advance(txn);
  committed = txn;
  owner_.activate(*this);
}

bool Owner::Lane::apply_due(engine::Instant now) const {
  if (pending_.empty()) return false;
  if (owner_.stopping_ || checkpoint_wanted || pending_.memory_size() >= owner_.options_.apply_size_min) return true;
  if (!readers.empty() && now >= applied_at_ + owner_.options_.demand_pause_min) return true;
  return now >= pending_since_ + owner_.options_.apply_age_max;
}

engine::Instant Owner::Lane::serve(engine::Instant now) {
  if (!writer->idle()) return engine::instant_never;  // its completion comes back here
  answer_readers();
  if (apply_due(now)) {
    start_apply(now);
    return engine::instant_never;
  }
  if (checkpoint_wanted && pending_.empty()) {
    if (!writer->dirty()) {
      checkpoint_wanted = false;
    } else if (owner_.checkpoints_running_ < owner_.options_.checkpoints_at_once_max) {
      ++owner_.checkpoints_running_;
      writer->checkpoint();
    }
  }
  if (pending_.empty()) return engine::instant_never;
  const engine::Instant by_age = pending_since_ + owner_.options_.apply_age_max;
  return readers.empty() ? by_age : std::min(by_age, applied_at_ + owner_.options_.demand_pause_min);
}

void Owner::Lane::start_apply(engine::Instant now) {
  applied_at_ = now;
  applying_size_ = pending_.memory_size();
  applying_rows_ = pending_.rows();
  writer->apply(std::exchange(pending_, std::exchange(spare_, RowBlock())));
}

void Owner::Lane::answer_readers() {
  std::erase_if(readers, [&](const Reader& reader) {
    if (writer->applied() < reader.target) return false;
    VERIFY_GT(reader.ask->lanes_waiting, 0U);
    if (--reader.ask->lanes_waiting == 0) owner_.answer_snapshot(*reader.ask);
    return true;
  });
}

bool Owner::Lane::quiet() const {
  return pending_.empty() && readers.empty() && writer->idle() && !writer->dirty() && held.empty();
}

void Owner::Lane::on_applied(LaneWriter&, RowBlock spent) {
  spare_ = std::move(spent);
  owner_.pending_size_ -= std::exchange(applying_size_, 0);
  owner_.counters_.rows_applied += std::exchange(applying_rows_, 0);
  ++owner_.counters_.applies;
  owner_.serve_now_ = true;
}

void Owner::Lane::on_checkpointed(LaneWriter& checkpointed_writer) {
  VERIFY_GT(owner_.checkpoints_running_, 0U);
  --owner_.checkpoints_running_;
  ++owner_.counters_.checkpoints;
  checkpoint_wanted = false;
  while (!held.empty() && held.front().txn <= checkpointed_writer.checkpointed()) held.pop_front();
  owner_.release_wal();
  owner_.serve_now_ = true;
}

void Owner::Lane::on_failed(LaneWriter&, const absl::Status& status) { owner_.on_failed(status); }

}  // namespace storage
