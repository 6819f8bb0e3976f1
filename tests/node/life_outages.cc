// The weather of a life, and when its power goes.
#include "tests/node/life.h"

namespace sim {
namespace {

constexpr engine::Duration decision_age_min = engine::milliseconds(40);  // longer than from rows to their checkpoint
constexpr engine::Duration decision_age_max = engine::milliseconds(150);

}  // namespace

// Of the kinds after which a process may end with an error.
uint64_t Life::disk_errors() const {
  uint64_t count = 0;
  for (const Fault fault :
       {Fault::read_error, Fault::write_error, Fault::sync_error, Fault::entry_error, Fault::disk_full, Fault::fail_point}) {
    count += world_.fault_counts()[static_cast<size_t>(fault)];
  }
  return count;
}

// Bad weather is that of the plan; the rest of a life and all checks see the sun.
void Life::weather(bool is_bad) {
  world_.options().disk = is_bad ? plan_.disk : DiskFaults{};
  world_.options().net = is_bad ? plan_.net : NetFaults{};
  world_.options().disk_capacity = UINT64_MAX;
  world_.disk().clear_fail_points();
}

void Life::plan_outage(uint64_t effects_max) {
  const uint64_t effects = 1 + prng().below(effects_max);
  if (prng().chance(2, 3)) {
    world_.power_off_after(effects);
  } else {
    world_.kill_after(effects);
  }
}

// Killed here, the process leaves a name behind that the next one reads and a power failure may still take back. What a lane
// under load leaves so is soon written again; what the last checkpoint leaves is not.
void Life::on_manifest_named() {
  if (!is_serving_ || plan_.aim != Aim::manifest) return;
  const bool is_now = plan_.end == LifeEnd::outage ? prng().chance(1, 8) : is_last_checkpoint() && prng().chance(1, 4);
  if (is_now) strike(prng().between(1, 3), 3);
}

bool Life::is_last_checkpoint() const {
  for (uint16_t i = 0; i < node_.shard_count(); ++i) {
    if (node_.shard(i).owner().pending_size() != 0) return false;
  }
  return is_ending_;
}

void Life::on_group_written(std::span<const std::byte> frames) {
  if (is_serving_ && plan_.aim == Aim::decision && plan_.end == LifeEnd::outage && !decision_) look_for_decision(frames);
  if (is_serving_ && plan_.aim == Aim::group && plan_.end == LifeEnd::outage && prng().chance(1, 32)) strike(1, 1);
}

// The first COMMIT of a request decides, also for its parts at other shards. They must not hear of it through its source.
void Life::look_for_decision(std::span<const std::byte> frames) {
  for (const RequestFrame& frame : request_frames_of(frames)) {
    std::optional<uint16_t> owner;
    std::optional<uint16_t> source;
    for (uint16_t i = 0; i < node_.shard_count(); ++i) {
      const storage::SourceTable* const table = node_.shard(i).source().find(frame.table);
      if (table != nullptr) owner = table->owner().value;
      if (node_.shard(i).owner().wal().stream() == frame.mark.request.source) source = i;
    }
    if (!owner || !source) continue;
    if (frame.type == storage::FrameType::part) part_owners_[frame.mark.request].insert(*owner);
    if (frame.type != storage::FrameType::commit) continue;
    const auto parts = part_owners_.extract(frame.mark.request);
    if (parts.empty() || parts.mapped().size() < 2 || source == owner) continue;
    const uint64_t rolls = node_.shard(*owner).owner().wal().roll_count();
    decision_ = {.source = *source, .owner = *owner, .since = world_.now(), .rolls_before = rolls};
    return node_.hold_shard(*source, true);
  }
}

// Until the owner's log has come far behind it, and would have let it go if nobody needed it.
void Life::outlive_decision() {
  const engine::Duration age = world_.now() - decision_->since;
  const bool has_gone_on = node_.shard(decision_->owner).owner().wal().roll_count() >= decision_->rolls_before + 2;
  if (age < decision_age_min || (!has_gone_on && age < decision_age_max)) return;
  counts_.decisions_outlived += has_gone_on ? 1 : 0;
  node_.hold_shard(decision_->source, false);
  decision_.reset();
  prng().chance(1, 2) ? world_.kill() : world_.power_off();
}

void Life::strike(uint64_t effects, uint64_t kills_of_4) {
  prng().chance(kills_of_4, 4) ? world_.kill_after(effects) : world_.power_off_after(effects);
  plan_.aim = Aim::anywhere;
}

bool Life::is_in_sight(Aim aim) {
  for (uint16_t i = 0; i < node_.shard_count(); ++i) {
    const storage::Owner& owner = node_.shard(i).owner();
    if (aim == Aim::checkpoint && owner.checkpoints_running() != 0) return true;
    if (aim == Aim::recycling && owner.has_wal() && owner.wal().recycle_count() != 0) return true;
  }
  return false;
}

void Life::change_weather() {
  if (plan_.clock_steps && prng().chance(1, 200)) {
    world_.step_wall_clock(engine::seconds(static_cast<int64_t>(prng().below(20'000)) - 10'000));
    ++counts_.clock_steps;
  }
  if (plan_.files_run_out && prng().chance(1, 200)) {
    world_.disk().fail({.op = engine::IoOp::open, .after = prng().below(10), .error = EMFILE});
  }
  if (plan_.disk_fills && prng().chance(1, 100)) {
    const bool is_full = world_.options().disk_capacity != UINT64_MAX;
    world_.options().disk_capacity = is_full ? UINT64_MAX : world_.disk().used_size() + prng().below(64 * 1024);
  }
}

}  // namespace sim
