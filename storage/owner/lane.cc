#include "storage/owner/lane.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/verify.h"
#include "storage/owner/lane_schedule.h"

namespace storage {

void LaneCommits::start_from(Txn txn) {
  VERIFY_EQ(last_.value, 0U);
  VERIFY(held_.empty());
  last_ = durable_ = txn;
}

void LaneCommits::add(Txn txn, Lsn lsn) {
  VERIFY_EQ(txn.value, last_.value + 1);
  VERIFY(held_.empty() || held_.back().lsn < lsn);
  last_ = txn;
  held_.push_back({.txn = txn, .lsn = lsn});
}

void LaneCommits::set_durable(Txn txn) {
  VERIFY_EQ(txn.value, durable_.value + 1);
  VERIFY_LE(txn, last_);
  durable_ = txn;
}

void LaneCommits::forget(Txn checkpointed) {
  VERIFY_LE(checkpointed, durable_);
  while (!held_.empty() && held_.front().txn <= checkpointed) held_.pop_front();
}

Lane::Lane(Rounds& rounds, SchemaRef schema, const OwnerOptions& options, LaneListener& listener)
    : options_(options),
      listener_(listener),
      writer_(rounds, schema, LaneId{.table = schema->table, .lane = lane_first}, *this, options.crowding),
      schema_(schema) {}

absl::Status Lane::load() {
  RETURN_IF_ERROR(writer_.load(Names::durable));
  commits_.start_from(writer_.applied());
  return absl::OkStatus();
}

void Lane::change_schema(SchemaRef schema, Lsn lsn) {
  VERIFY_GE(schema->version, schema_->version);
  VERIFY_GT(lsn, schema_lsn_);
  schema_ = std::move(schema);
  schema_lsn_ = lsn;
}

void Lane::append_rows(Txn txn, std::span<const std::byte> body, std::span<const ResolvedSymbols> symbols) {
  const absl::StatusOr<BatchView> view = BatchView::parse(body);
  VERIFY(view.ok());  // sealed in this process
  VERIFY_LE(view->schema_version(), schema_->version);
  pending_.append(txn, *view, symbols);
}

void Lane::add_rows(Txn txn, const RoutedBatch& batch, engine::Instant now) {
  if (pending_.empty()) pending_since_ = now;
  append_rows(txn, batch.body, resolved_symbols(batch));
  commits_.set_durable(txn);
}

void Lane::add_parts(Txn txn, std::span<const PartRows> parts, engine::Instant now) {
  if (pending_.empty()) pending_since_ = now;
  for (const PartRows& part : parts) append_rows(txn, part.body, part.symbols);
  if (parts.empty()) pending_.advance(txn);
  commits_.set_durable(txn);
}

void Lane::add_schema(Txn txn, SchemaRef schema, engine::Instant now) {
  writer_.set_schema(std::move(schema));
  if (pending_.empty()) pending_since_ = now;
  pending_.advance(txn);
  commits_.set_durable(txn);
}

void Lane::ask(Txn target) {
  VERIFY_LE(target, commits_.durable());
  asked_ = std::max(asked_, target);
}

// At once: rows that a checkpoint waits for, and enough of them. Else when the oldest is old enough, or, when a reader asks,
// as soon as the last apply is long enough ago: many readers do not make many small applies.
engine::Instant Lane::apply_due() const {
  if (!is_idle() || pending_.empty()) return engine::instant_never;
  const bool stands_before_checkpoint = checkpoint_from_ && writer_.applied() < *checkpoint_from_;
  if (stands_before_checkpoint || pending_.memory_size() >= options_.apply_size_min) return LaneSchedule::at_once;
  const engine::Instant by_age = pending_since_ + options_.apply_age_max;
  return asked_ <= writer_.applied() ? by_age : std::min(by_age, applied_at_ + options_.demand_pause_min);
}

void Lane::begin_apply(engine::Instant now) {
  VERIFY(!pending_.empty());
  VERIFY_EQ(pending_.last_txn(), commits_.durable());
  applied_at_ = now;
  applying_size_ = pending_.memory_size();
  applying_rows_ = pending_.rows();
  writer_.apply(std::exchange(pending_, std::exchange(spare_, RowBlock())));
}

void Lane::begin_checkpoint() {
  VERIFY(is_checkpoint_ready());
  writer_.checkpoint();
}

bool Lane::is_quiet() const { return pending_.empty() && is_idle() && !writer_.dirty() && !commits_.is_held(); }

void Lane::on_applied(LaneWriter&, RowBlock spent) {
  VERIFY(spent.empty());
  VERIFY_LE(writer_.applied(), commits_.durable());
  spare_ = std::move(spent);
  listener_.on_lane_applied(*this, std::exchange(applying_size_, 0), std::exchange(applying_rows_, 0));
}

void Lane::on_checkpointed(LaneWriter&) {
  VERIFY(checkpoint_from_.has_value());
  VERIFY_GE(writer_.checkpointed(), *checkpoint_from_);
  VERIFY_LE(writer_.checkpointed(), writer_.applied());
  checkpoint_from_.reset();
  listener_.on_lane_checkpointed(*this);
}

void Lane::on_failed(LaneWriter&, const absl::Status& status) { listener_.on_lane_failed(status); }

}  // namespace storage
