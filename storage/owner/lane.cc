#include "storage/owner/lane.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/verify.h"
#include "storage/batch/symbol_section.h"
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

Lane::Lane(Rounds& rounds, SchemaRef schema, const OwnerOptions& options, RowRoom& room, LaneListener& listener)
    : options_(options),
      room_(room),
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

void Lane::append_rows(Txn txn, std::span<const std::byte> body, std::span<const ResolvedSymbols> symbols,
                       engine::Instant now) {
  const absl::StatusOr<BatchView> view = BatchView::parse(body);
  VERIFY(view.ok());  // sealed in this process, and whole
  VERIFY_LE(view->schema_version(), schema_->version);
  if (pending_.empty()) pending_since_ = now;
  pending_.append(txn, *view, symbols);
}

// A commit that has no rows, or whose rows are all applied.
void Lane::advance(Txn txn, engine::Instant now) {
  if (pending_.empty()) pending_since_ = now;
  if (pending_.last_txn() < txn) pending_.advance(txn);
}

void Lane::add_rows(Txn txn, const RoutedBatch& batch, const WalFramePlace& place, engine::Instant now) {
  commits_.set_durable(txn);
  if (backlog_.empty()) {
    return append_rows(txn, batch.body, resolved_symbols(batch), now);
  }
  CommitRows rows;
  rows.add(batch, place, room_);
  backlog_.push({.txn = txn, .request = {}, .rows = std::move(rows)});
}

void Lane::add_request(Txn txn, RequestId request, CommitRows rows, engine::Instant now) {
  commits_.set_durable(txn);
  const bool is_at_hand = backlog_.empty() && rows.places.empty() && rows.size < options_.apply_size_min;
  if (is_at_hand) return append_all(txn, std::move(rows), now);
  backlog_.push({.txn = txn, .request = request, .rows = std::move(rows)});
}

void Lane::add_schema(Txn txn, SchemaRef schema, engine::Instant now) {
  commits_.set_durable(txn);
  writer_.set_schema(std::move(schema));
  if (backlog_.empty()) return advance(txn, now);
  backlog_.push({.txn = txn, .request = {}, .rows = {}});
}

void Lane::append_all(Txn txn, CommitRows rows, engine::Instant now) {
  for (const LoggedRows& frame : rows.kept) append_rows(txn, frame.body, frame.symbols, now);
  rows.let_go(room_);
  advance(txn, now);
}

bool Lane::is_apart(const WaitingCommit& commit) const {
  return !commit.is_begun() && !pending_.empty() && pending_.memory_size() + commit.rows.size >= options_.apply_size_min;
}

Lane::Fill Lane::fill(size_t size_max, engine::Instant now) {
  size_t size = 0;
  while (!backlog_.empty()) {
    WaitingCommit& commit = backlog_.front();
    if (commit.is_taken()) {
      finish_front(now);
      continue;
    }
    if (pending_.memory_size() >= options_.apply_size_min || is_apart(commit)) return Fill::enough;
    if (!commit.has_kept()) return Fill::read;
    if (size >= size_max) return Fill::more;
    size += commit.rows.kept[commit.frames_taken].body.size();
    append_kept(commit, now);
  }
  return Fill::enough;
}

void Lane::append_kept(WaitingCommit& commit, engine::Instant now) {
  const LoggedRows frame = std::move(commit.rows.kept[commit.frames_taken]);
  append_rows(commit.txn, frame.body, frame.symbols, now);
  room_.give_back(frame.body.size());
  ++commit.frames_taken;
  if (commit.is_taken()) finish_front(now);
}

void Lane::finish_front(engine::Instant now) {
  advance(backlog_.front().txn, now);
  backlog_.pop();
}

absl::Status Lane::take_frames(std::span<const WalFrame> frames, engine::Instant now) {
  WaitingCommit& commit = backlog_.front();
  VERIFY_LE(frames.size(), commit.places_left().size());
  for (const WalFrame& frame : frames) {
    RETURN_IF_ERROR(commit.check(frame));
    ASSIGN_OR_RETURN(const SymbolSection symbols, decode_symbol_section(frame.head));
    ++commit.frames_taken;
    append_rows(commit.txn, frame.body, symbols.columns, now);
  }
  if (commit.is_taken()) finish_front(now);
  return absl::OkStatus();
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
  const bool stands_before_large = !backlog_.empty() && is_apart(backlog_.front());
  const bool is_full = pending_.memory_size() >= options_.apply_size_min;
  if (stands_before_checkpoint || stands_before_large || is_full) return LaneSchedule::at_once;
  const engine::Instant by_age = pending_since_ + options_.apply_age_max;
  return asked_ <= writer_.applied() ? by_age : std::min(by_age, applied_at_ + options_.demand_pause_min);
}

BlockEnd Lane::begin_apply(engine::Instant now) {
  VERIFY(!pending_.empty());
  VERIFY(pending_.last_txn() == commits_.durable() || !backlog_.empty());
  const bool goes_on = !backlog_.empty() && backlog_.front().is_begun();
  const BlockEnd end = goes_on ? BlockEnd::goes_on : BlockEnd::whole;
  applied_at_ = now;
  applying_size_ = pending_.memory_size();
  applying_rows_ = pending_.rows();
  writer_.apply(std::exchange(pending_, std::exchange(spare_, RowBlock())), end);
  return end;
}

void Lane::begin_checkpoint() {
  VERIFY(is_checkpoint_ready());
  writer_.checkpoint();
}

bool Lane::is_quiet() const {
  return pending_.empty() && backlog_.empty() && is_idle() && !writer_.dirty() && !commits_.is_held();
}

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
