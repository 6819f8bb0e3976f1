#include "storage/source/transaction.h"

#include <algorithm>
#include <utility>

#include "engine/base/sabotage.h"
#include "engine/base/verify.h"

namespace storage {

OpenPlace& Transaction::place(SourceTable& table) {
  if (last_member_ != nullptr && last_member_->place.table == &table) return last_member_->place;
  const auto found = std::ranges::find_if(members_, [&](const Member& member) { return member.place.table == &table; });
  last_member_ = found != members_.end() ? &*found : &members_.emplace_back();
  last_member_->place.table = &table;
  last_member_->place.transaction = this;
  return last_member_->place;
}

void Transaction::on_sealed(OpenPlace& place, RoutedBatch& batch) {
  ++batches_out_;
  if (is_whole_) {
    batch.note = note_;
    return;
  }
  const auto member = std::ranges::find_if(members_, [&](const Member& each) { return &each.place == &place; });
  VERIFY(member != members_.end());
  batch.request = id_;
  batch.part = ++member->parts;
  const engine::ShardId owner = place.table->owner();
  if (std::ranges::find(owners_, owner) == owners_.end()) owners_.push_back(owner);
}

// Nothing is out yet, and what there is fits into one batch.
bool Transaction::is_alone() const {
  const auto is_open = [](const Member& member) { return member.place.batch != nullptr; };
  return owners_.empty() && std::ranges::count_if(members_, is_open) == 1;
}

void Transaction::seal_all() {
  for (Member& member : members_) {
    if (member.place.batch != nullptr) source_.seal_early(member.place);
  }
}

void Transaction::finish(const RequestNote& note) {
  VERIFY(state_ == State::gathering);
  note_ = note;
  is_whole_ = is_alone();
  seal_all();
  if (!rejection_.ok()) return fail();
  state_ = State::sending;
  go_on();
}

void Transaction::abandon() {
  is_abandoned_ = true;
  leave();
}

void Transaction::abandon_repeated() {
  is_repeated_ = true;
  leave();
}

void Transaction::leave() {
  VERIFY(state_ == State::gathering);
  listener_ = nullptr;
  seal_all();  // an open batch has no other way home
  fail();
}

void Transaction::give_up(const absl::Status& why) {
  if (state_ != State::gathering && state_ != State::sending) return;
  if (rejection_.ok()) rejection_ = why;
  if (listener_ != nullptr) std::exchange(listener_, nullptr)->on_settled(rejection_);
  seal_all();
  fail();
}

void Transaction::on_home(const RoutedBatch& batch) {
  VERIFY_GT(batches_out_, 0U);
  --batches_out_;
  if (rejection_.ok()) rejection_ = batch.rejection;
  go_on();
}

void Transaction::on_table_changed(const SourceTable& table) {
  const auto has_rows = [&](const Member& each) { return each.place.table == &table && each.parts != 0; };
  if (state_ != State::gathering || !rejection_.ok() || std::ranges::none_of(members_, has_rows)) return;
  rejection_ =
      engine::unavailable("table: " + table.schema()->name + ", was changed while the request was open: send it again");
}

bool Transaction::may_commit_in(TableId table) const {
  if (state_ != State::sending && state_ != State::deciding && state_ != State::committing) return false;
  return std::ranges::any_of(members_, [table](const Member& each) { return each.place.table->lane().table == table; });
}

bool Transaction::has_place_in(const SourceTable& table) const {
  return std::ranges::any_of(members_, [&](const Member& each) { return each.place.table == &table; });
}

// With several owners the first COMMIT decides, so all parts must be durable before it is made. One owner has them in its log
// in front of the COMMIT anyhow.
void Transaction::go_on() {
  if (state_ == State::abandoning) return batches_out_ == 0 ? ask_next(RequestAsk::Step::abandon) : void();
  if (state_ != State::sending) return;
  if (!rejection_.ok()) return fail();
  if (is_whole_ || owners_.empty()) return batches_out_ == 0 ? settle(absl::OkStatus()) : void();
  const bool may_decide = owners_.size() == 1 || batches_out_ == 0 || engine::sabotaged("decided_before_parts");
  if (may_decide) decide();
}

void Transaction::decide() {
  state_ = State::deciding;
  ask(RequestAsk::Step::commit, owners_.front());
}

void Transaction::ask(RequestAsk::Step step, engine::ShardId owner) {
  ask_.waiter = this;
  ask_.request = id_;
  ask_.step = step;
  ask_.is_shared = owners_.size() > 1;
  ask_.decides = state_ == State::deciding;
  ask_.note = ask_.decides ? note_ : RequestNote();
  ask_.lanes.clear();
  ask_.lanes_done = 0;
  for (const Member& member : members_) {
    if (member.parts == 0 || member.place.table->owner() != owner) continue;
    ask_.lanes.push_back({.lane = member.place.table->lane(), .parts = member.parts});
  }
  source_.ask_request(owner, ask_);
}

// Owner by owner; then it is settled.
void Transaction::ask_next(RequestAsk::Step step) {
  if (owners_done_ == owners_.size()) return settle(rejection_);
  ask(step, owners_[owners_done_++]);
}

void Transaction::on_answer() {
  switch (state_) {
    case State::deciding:
      if (!ask_.rejection.ok()) {
        if (rejection_.ok()) rejection_ = ask_.rejection;
        return fail();
      }
      VERIFY(owners_.size() > 1 || batches_out_ == 0);
      state_ = State::committing;
      owners_done_ = 1;
      [[fallthrough]];
    case State::committing:
      VERIFY(ask_.rejection.ok());  // what was decided is done
      if (owners_done_ < owners_.size()) return ask(RequestAsk::Step::commit, owners_[owners_done_++]);
      if (owners_.size() == 1) return settle(absl::OkStatus());
      state_ = State::concluding;
      tell(absl::OkStatus());
      return ask(RequestAsk::Step::conclude, owners_.front());
    case State::concluding:
      return settle(absl::OkStatus());
    case State::abandoning:
      return ask_next(RequestAsk::Step::abandon);
    case State::gathering:
    case State::sending:
    case State::settled:
      break;
  }
  UNREACHABLE("state of a transaction with an ask out");
}

// The owners drop what they have; then who waits is told.
void Transaction::fail() {
  state_ = State::abandoning;
  owners_done_ = 0;
  go_on();
}

void Transaction::tell(const absl::Status& status) {
  const Sender::Fate of_good = is_abandoned_ ? Sender::Fate::rejected : Sender::Fate::durable;
  const Sender::Fate fate = is_repeated_ ? Sender::Fate::repeated : status.ok() ? of_good : Sender::Fate::rejected;
  sender_.settle_request(std::exchange(rows_, 0), fate);
  if (listener_ != nullptr) std::exchange(listener_, nullptr)->on_settled(status);
}

void Transaction::settle(const absl::Status& status) {
  VERIFY_EQ(batches_out_, 0U);
  state_ = State::settled;
  auto node = source_.transactions_.extract(id_.number);
  VERIFY(!node.empty());
  source_.settled_.push_back(std::move(node.mapped()));
  source_.answer_seals();
  tell(status);
}

}  // namespace storage
