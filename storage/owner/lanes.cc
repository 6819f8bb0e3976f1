#include "storage/owner/lanes.h"

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"

namespace storage {

namespace {

constexpr size_t fill_size_max = size_t{256} << 10;  // sealed rows of a lane that become rows of a block in one turn
constexpr engine::Duration next_turn{1};

}  // namespace

Lanes::Lanes(engine::Reactor& reactor, const OwnerOptions& options, OwnerCounters& counters, LanesListener& listener)
    : reactor_(reactor),
      options_(options),
      counters_(counters),
      listener_(listener),
      rounds_(reactor, options.rounds),
      row_room_(options.logged_size_max),
      read_(reactor, *this) {
  VERIFY_GT(options.checkpoints_at_once_max, 0U);
  sweep_.next = reactor.now() + options.checkpoint_pause;
}

Lane& Lanes::make(SchemaRef schema) {
  LaneListener& listener = *this;
  auto lane = std::make_unique<Lane>(rounds_, std::move(schema), options_, row_room_, listener);
  const LaneId id = lane->id();
  const auto [made, added] = lanes_.emplace(id, std::move(lane));
  VERIFY(added);
  by_id_.emplace(id, made->second.get());
  VERIFY_EQ(by_id_.size(), lanes_.size());
  return *made->second;
}

Lane* Lanes::find(LaneId id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

// For each frame, twice: the map is looked into only when that changes it.
void Lanes::activate(Lane& lane) {
  if (lane.is_active()) return;
  lane.set_active(true);
  VERIFY(active_.emplace(lane.id(), &lane).second);
}

void Lanes::hold(Lane& lane, Txn txn, Lsn lsn) {
  const bool was_held = lane.commits().is_held();
  lane.commits().add(txn, lsn);
  if (!was_held) VERIFY(needed_.insert(lsn).second);
  VERIFY_LE(needed_.size(), lanes_.size());
  activate(lane);
}

void Lanes::add_rows(Lane& lane, Txn txn, const RoutedBatch& batch, const WalFramePlace& place) {
  const Sizes before = sizes_of(lane);
  lane.add_rows(txn, batch, place, reactor_.now());
  count(lane, before);
}

void Lanes::add_request(Lane& lane, Txn txn, RequestId request, CommitRows rows) {
  const Sizes before = sizes_of(lane);
  lane.add_request(txn, request, std::move(rows), reactor_.now());
  count(lane, before);
  if (lane.has_backlog()) schedule_.set(lane.id(), LaneSchedule::at_once);
}

void Lanes::add_schema(Lane& lane, Txn txn, SchemaRef schema) {
  const Sizes before = sizes_of(lane);
  lane.add_schema(txn, std::move(schema), reactor_.now());
  count(lane, before);
}

void Lanes::count(Lane& lane, const Sizes& before) {
  const Sizes after = sizes_of(lane);
  VERIFY_GE(after.pending, before.pending);
  VERIFY_GE(backlog_size_ + after.backlog, before.backlog);
  pending_size_ += after.pending - before.pending;
  backlog_size_ = backlog_size_ + after.backlog - before.backlog;
  activate(lane);
  schedule_.set(lane.id(), lane.apply_due());
}

// A block takes more of the backlog as long as blocks have room. Only blocks count here: they are applied by themselves, and
// what waits for one is not.
void Lanes::fill(Lane& lane, engine::Instant now) {
  if (!lane.has_backlog() || std::ranges::find(readers_, lane.id()) != readers_.end()) return;
  if (pending_size_ >= options_.pending_size_max) {
    starving_.insert(lane.id());
    return;
  }
  const Sizes before = sizes_of(lane);
  const Lane::Fill filled = lane.fill(fill_size_max, now);
  count(lane, before);
  if (filled == Lane::Fill::more) schedule_.set(lane.id(), now + next_turn);
  if (filled == Lane::Fill::read) readers_.push_back(lane.id());
}

void Lanes::read_next() {
  if (readers_.empty() || !read_.is_idle()) return;
  VERIFY(log_ != nullptr);
  log_->read(read_, find(readers_.front())->places_wanted());
}

void Lanes::on_frames_read(std::span<const WalFrame> frames) {
  Lane* const lane = find(readers_.front());
  VERIFY(lane != nullptr);
  readers_.pop_front();
  frames_read_back_ += frames.size();
  const Sizes before = sizes_of(*lane);
  if (const absl::Status taken = lane->take_frames(frames, reactor_.now()); !taken.ok()) {
    return listener_.on_disk_failed(taken);
  }
  count(*lane, before);
  schedule_.set(lane->id(), LaneSchedule::at_once);
}

void Lanes::ask(Lane& lane, Txn target) {
  lane.ask(target);
  schedule_.set(lane.id(), lane.apply_due());
}

void Lanes::serve(engine::Instant now, Pace pace) {
  if (!sweep_.is_begun && !active_.empty() && (now >= sweep_.next || pace == Pace::hurry)) begin_sweep(now);
  while (const std::optional<LaneId> due = schedule_.take_due(now)) {
    Lane* const lane = find(*due);
    VERIFY(lane != nullptr);
    serve_lane(*lane, now);
  }
  read_next();
  if (sweep_.is_begun && sweep_.wanting == 0) end_sweep(now);
}

// One step at most: its end sets the lane again. What cannot begin yet is set for when it can.
void Lanes::serve_lane(Lane& lane, engine::Instant now) {
  fill(lane, now);
  if (!lane.is_idle()) return;
  if (lane.is_checkpoint_ready() && begin_checkpoint(lane)) return;
  if (lane.apply_due() <= now) {
    if (lane.begin_apply(now) == BlockEnd::goes_on) ++counters_.slices;
    if (lane.has_backlog()) schedule_.set(lane.id(), now + next_turn);  // the next block fills meanwhile
    return;
  }
  if (!lane.is_quiet()) return schedule_.set(lane.id(), lane.apply_due());
  VERIFY(!lane.is_checkpoint_wanted());
  if (lane.is_active()) rest(lane);
}

// That of a dropped table is needed no more: its schema file says so from now on.
void Lanes::rest(Lane& lane) {
  const LaneId id = lane.id();
  VERIFY_EQ(active_.erase(id), 1U);
  lane.set_active(false);
  lane.rest();
  if (!lane.schema()->is_dropped || !listener_.may_forget(id)) return;
  by_id_.erase(id);
  lanes_.erase(id);
}

bool Lanes::begin_checkpoint(Lane& lane) {
  VERIFY(sweep_.is_begun);
  VERIFY_LE(sweep_.running, options_.checkpoints_at_once_max);
  if (!lane.writer().dirty()) {
    lane.cancel_checkpoint();
    VERIFY_GT(sweep_.wanting, 0U);
    --sweep_.wanting;
    return false;
  }
  if (sweep_.running == options_.checkpoints_at_once_max) {
    sweep_.waiting.insert(lane.id());
    return false;
  }
  ++sweep_.running;
  lane.begin_checkpoint();
  return true;
}

void Lanes::begin_sweep(engine::Instant now) {
  VERIFY(!sweep_.is_begun);
  VERIFY_EQ(sweep_.wanting, 0U);
  VERIFY(sweep_.waiting.empty());
  sweep_.is_begun = true;
  sweep_.began = now;
  sweep_.wanting = active_.size();
  for (const auto& [id, lane] : active_) {
    lane->want_checkpoint();
    schedule_.set(id, LaneSchedule::at_once);
  }
}

void Lanes::end_sweep(engine::Instant now) {
  VERIFY_EQ(sweep_.running, 0U);
  VERIFY_LE(sweep_.began, now);
  sweep_.is_begun = false;
  sweep_.next = now + std::max(options_.checkpoint_pause, (now - sweep_.began) * options_.checkpoint_rest);
}

// One that is being applied comes by itself when that has ended.
void Lanes::wake_waiting() {
  while (!sweep_.waiting.empty()) {
    const LaneId id = *sweep_.waiting.begin();
    sweep_.waiting.erase(sweep_.waiting.begin());
    const Lane* const lane = find(id);
    VERIFY(lane != nullptr);
    if (!lane->is_checkpoint_ready()) continue;
    return schedule_.set(id, LaneSchedule::at_once);
  }
}

void Lanes::on_lane_applied(Lane& lane, size_t size, uint64_t rows) {
  VERIFY_GE(pending_size_, size);
  pending_size_ -= size;
  for (const LaneId id : starving_) schedule_.set(id, LaneSchedule::at_once);
  starving_.clear();
  counters_.rows_applied += rows;
  ++counters_.applies;
  schedule_.set(lane.id(), LaneSchedule::at_once);
  listener_.on_applied(lane);
}

// `needed_` has one frame of each lane that holds any, its first: it moves on, or goes.
void Lanes::on_lane_checkpointed(Lane& lane) {
  VERIFY_GT(sweep_.running, 0U);
  VERIFY_GT(sweep_.wanting, 0U);
  --sweep_.running;
  --sweep_.wanting;
  ++counters_.checkpoints;
  LaneCommits& commits = lane.commits();
  if (commits.is_held()) VERIFY_EQ(needed_.erase(commits.first_held()), 1U);
  commits.forget(lane.writer().checkpointed());
  if (commits.is_held()) needed_.insert(commits.first_held());
  schedule_.set(lane.id(), LaneSchedule::at_once);
  wake_waiting();
  listener_.on_checkpointed(lane);
}

engine::Instant Lanes::next_due() const {
  const bool sweep_may_begin = !sweep_.is_begun && !active_.empty();
  return sweep_may_begin ? std::min(schedule_.next(), sweep_.next) : schedule_.next();
}

bool Lanes::needs_any_up_to(Lsn lsn) const {
  return std::ranges::any_of(lanes_, [lsn](const auto& entry) {
    const LaneCommits& commits = entry.second->commits();
    return commits.is_held() && commits.first_held() <= lsn;
  });
}

}  // namespace storage
