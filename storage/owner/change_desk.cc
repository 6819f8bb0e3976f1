#include "storage/owner/change_desk.h"

#include <memory>
#include <utility>

#include "engine/base/sabotage.h"
#include "engine/base/verify.h"

namespace storage {

ChangeDesk::ChangeDesk(engine::Shard& shard, uint16_t source_count, Lanes& lanes, Commits& commits, Outbox& outbox)
    : shard_(shard), source_count_(source_count), lanes_(lanes), commits_(commits), outbox_(outbox) {}

void ChangeDesk::move_to(State state) {
  switch (state) {
    case State::idle:
      VERIFY(state_ == State::idle || state_ == State::appending || state_ == State::durable);
      break;
    case State::settling:
      VERIFY(state_ == State::idle);
      break;
    case State::sealing:
      VERIFY(state_ == State::settling);
      break;
    case State::appending:
      VERIFY(state_ == State::idle || state_ == State::sealing);
      break;
    case State::durable:
      VERIFY(state_ == State::appending);
      break;
  }
  state_ = state;
}

void ChangeDesk::take(ChangeAsk& ask) {
  VERIFY_EQ(ask.owner, shard_.id());
  changes_.push_back(&ask);
}

void ChangeDesk::serve() {
  while (state_ == State::idle && !changes_.empty()) begin();
  if (state_ == State::appending) append();
}

// An answer about the table that is still to leave would tell a source that has forgotten it of the old schema: so those that
// wait for the log go first.
void ChangeDesk::begin() {
  Lane* const lane = lanes_.find({.table = change().id, .lane = lane_first});
  if (lane == nullptr || lane->schema()->is_dropped) return refuse({.status = engine::not_found("table does not exist")});
  ChangeRefusal refusal;
  if (!changed(*lane->schema(), change().change, refusal)) return refuse(std::move(refusal));
  has_barrier_ = needs_barrier(change().change);
  if (!has_barrier_) return move_to(State::appending);
  await(lane->schema_lsn(), State::settling);
}

void ChangeDesk::await(Lsn lsn, State state) {
  move_to(state);
  commits_.reply_when_durable(lsn, shard_.id(), make_message(MessageKind::change_durable, &change()));
}

void ChangeDesk::on_durable(const ChangeAsk& ask) {
  VERIFY_EQ(&ask, &change());
  if (state_ == State::settling) return seal();
  VERIFY(state_ == State::durable);
  end();
}

void ChangeDesk::seal() {
  move_to(State::sealing);
  seal_ = {.owner = shard_.id(), .table = change().id};
  seals_out_ = source_count_;
  for (uint16_t i = 0; i < source_count_; ++i) outbox_.send(engine::ShardId{i}, make_message(MessageKind::seal_ask, &seal_));
}

void ChangeDesk::on_seal_answer(const SealAsk& ask) {
  VERIFY_EQ(&ask, &seal_);
  VERIFY_GT(seals_out_, 0U);
  --seals_out_;
  if (state_ == State::sealing && (seals_out_ == 0 || engine::sabotaged("barrier_by_first"))) move_to(State::appending);
}

// By the newest schema: while sources were asked, others may have added columns.
void ChangeDesk::append() {
  Lane& lane = *lanes_.find({.table = change().id, .lane = lane_first});
  VERIFY(!lane.schema()->is_dropped);
  ChangeRefusal refusal;
  std::optional<Schema> next = changed(*lane.schema(), change().change, refusal);
  if (next) refusal.status = commits_.check_fits(*next);
  if (!refusal.status.ok()) return refuse(std::move(refusal));
  if (std::holds_alternative<TruncateTable>(change().change) && !try_append_successor(*lane.schema())) return;
  name_before_ = lane.schema()->name;
  if (next->version != lane.schema()->version &&
      !commits_.try_change_schema(lane, FrameType::schema, std::make_shared<const Schema>(*std::move(next)))) {
    return;
  }
  await(lane.schema_lsn(), State::durable);
}

// The table that takes the place of a truncated one. In front of the frame that drops the old one: of two tables with one name
// a start takes the newer.
bool ChangeDesk::try_append_successor(const Schema& schema) {
  const TableId id = std::get<TruncateTable>(change().change).successor;
  if (lanes_.find({.table = id, .lane = lane_first}) != nullptr) return true;
  Schema successor = schema;
  successor.table = id;
  successor.version = 1;
  if (!commits_.has_room_for(successor)) return false;
  auto shared = std::make_shared<const Schema>(std::move(successor));
  VERIFY(commits_.try_change_schema(lanes_.make(shared), FrameType::create, shared));
  return true;
}

void ChangeDesk::refuse(ChangeRefusal refusal) {
  VERIFY(!refusal.status.ok());
  change().rejection = std::move(refusal);
  end();
}

// Of the two names that meant the table while it was renamed.
void ChangeDesk::free_name(const Schema& schema, const RenameTable& rename) {
  const std::string kept = fold_name(schema.name);
  const std::string& freed = change().rejection.status.ok() ? name_before_ : rename.new_name;
  if (fold_name(freed) != kept) change().freed_name = freed;
}

// The catalog first: what is asked again finds the name as it is now.
void ChangeDesk::end() {
  const Lane* const lane = lanes_.find({.table = change().id, .lane = lane_first});
  change().schema = lane == nullptr ? nullptr : lane->schema();
  const auto* rename = std::get_if<RenameTable>(&change().change);
  if (rename != nullptr && lane != nullptr) free_name(*lane->schema(), *rename);
  outbox_.send(engine::ShardId{0}, make_message(MessageKind::change_done, &change()));
  for (TableAsk* const ask : table_asks_) outbox_.send(engine::ShardId{0}, make_message(MessageKind::table_ask, ask));
  for (ColumnsAsk* const ask : columns_asks_) {
    ask->schema = nullptr;
    shard_.endpoint().send_return(ask->source, make_message(MessageKind::columns_answer, ask));
  }
  table_asks_.clear();
  columns_asks_.clear();
  changes_.pop_front();
  has_barrier_ = false;
  move_to(State::idle);
}

bool ChangeDesk::try_keep(TableAsk& ask) {
  if (!is_changing(ask.table)) return false;
  table_asks_.push_back(&ask);
  return true;
}

bool ChangeDesk::try_keep(ColumnsAsk& ask) {
  if (!is_changing(ask.lane.table)) return false;
  columns_asks_.push_back(&ask);
  return true;
}

}  // namespace storage
