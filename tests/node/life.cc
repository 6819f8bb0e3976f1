#include "tests/node/life.h"

#include <utility>

namespace sim {
namespace {

constexpr engine::Duration tick_max = engine::microseconds(150);

}  // namespace

Life::Life(SimWorld& world, RowModel& model, DiskOracle& oracle, std::vector<WriteRequest>& unanswered, const LifePlan& plan,
           SimulationCounts& counts)
    : world_(world),
      model_(model),
      oracle_(oracle),
      unanswered_(unanswered),
      plan_(plan),
      counts_(counts),
      node_(world, plan.node, plan.backend),
      disk_errors_before_(disk_errors()),
      failed_syncs_before_(failed_syncs()),
      progress_(plan.node.shards),
      began_at_(world.now()),
      stands_still_(plan.aim == Aim::decision) {
  datagrams_.all_arrive = false;
}

void Life::fail(std::string problem) {
  if (problem_.empty()) problem_ = std::move(problem);
}

std::string Life::live(bool is_last) {
  check_files();
  oracle_.begin_life(*this);
  if (!is_last && plan_.crashes_in_recovery) plan_outage(60);
  weather(!is_last);
  if (recover() && !is_last) serve();
  weather(false);
  count();
  for (const HttpWriter& writer : writers_) {
    if (writer.is_waiting()) send_again(writer.request());
  }
  oracle_.end_life();
  model_.end_life();
  fail(oracle_.problem());
  if (world_.outage() == Outage::none && is_failed_) prng().chance(1, 2) ? world_.kill() : world_.power_off();
  return problem_;
}

bool Life::recover() {
  const absl::Status status = node_.recover();
  if (world_.outage() != Outage::none) {
    ++counts_.recovery_crashes;
    return false;
  }
  if (!status.ok()) {
    if (disk_errors() == disk_errors_before_) fail("recovery: " + std::string(engine::message_of(status)));
    ++counts_.starts_failed;
    is_failed_ = true;
    // Not killed: a recovery that ends with an error leaves requests in flight whose memory is gone.
    world_.power_off();
    return false;
  }
  if (failed_syncs() != failed_syncs_before_) fail("a sync failed, and the recovery says that all is well");
  check_rows();
  return !is_over();
}

// Before a start has mended anything: what the manifests name can be read, and is right.
void Life::check_files() {
  SimBackend reader(world_);
  world_.set_auto_advance(true);
  fail(model_.check_files(reader));
  world_.set_auto_advance(false);
}

void Life::check_rows() {
  weather(false);
  {
    SimBackend reader(world_);  // as another process reads the files
    world_.set_auto_advance(true);
    fail(model_.check(reader));
    world_.set_auto_advance(false);
  }
  if (is_over()) return;
  ++counts_.recoveries;
  counts_.rows_checked += model_.rows_found();
  counts_.late_runs += model_.runs_max() > 1 ? 1 : 0;
  counts_.torn_groups += node_.recovery().torn_tails;
}

void Life::serve() {
  if (plan_.end == LifeEnd::outage && plan_.aim == Aim::anywhere) plan_outage(prng().chance(1, 3) ? 150 : 1500);
  weather(true);
  const absl::Status status = node_.start();
  if (world_.outage() != Outage::none) return;
  if (!status.ok()) {
    if (disk_errors() == disk_errors_before_) fail("start: " + std::string(engine::message_of(status)));
    ++counts_.starts_failed;
    is_failed_ = true;
    return;
  }
  is_serving_ = true;
  if (node_.shard_count() > 1) ++counts_.lives_with_shards;
  for (uint64_t i = 0; (i < plan_.ticks || decision_) && !is_over(); ++i) tick();
  if (!is_over() && plan_.end == LifeEnd::rest) come_to_rest();
  if (!is_over() && plan_.end == LifeEnd::stop) stop();
  if (!node_.fatal().ok() && world_.outage() == Outage::none) end_by_disk();
  take_write_answers();
  note_acknowledged();
  for (const TcpSender& sender : senders_) model_.note_last(sender.rows);
  model_.note_last(datagrams_);
  if (plan_.end != LifeEnd::stop && !is_failed_ && world_.outage() == Outage::none) world_.power_off();
}

void Life::tick() {
  send_some();
  if (plan_.has_udp && prng().chance(1, 8)) send_datagram();
  if (plan_.has_writers && prng().chance(1, 4)) send_request();
  if (!writers_.empty() && prng().chance(1, 40)) {
    HttpWriter& writer = writers_[prng().below(writers_.size())];
    if (writer.is_waiting()) writer.break_off();
  }
  take_write_answers();
  if (question_ && question_->query.is_over()) take_answer(false);
  if (statement_) take_statement_answer();
  if (!question_ && !statement_ && prng().chance(1, 100)) ask();
  if (plan_.changes_tables && !question_ && !statement_ && prng().chance(1, 30)) change_table();
  change_weather();
  if (plan_.end == LifeEnd::outage && plan_.aim != Aim::anywhere && is_in_sight(plan_.aim)) {
    plan_outage(100);
    plan_.aim = Aim::anywhere;
  }
  node_.run_for(world_.latency({0}, tick_max));
  if (decision_ && !is_over()) outlive_decision();
  look_at_syncs();
  if (prng().chance(1, 8)) look();
}

// The weather is fine, and while senders go on a query is asked; then they stop. What has arrived, or is on its way, becomes
// durable, applied and checkpointed without anything from outside.
void Life::come_to_rest() {
  weather(false);
  wait_for_answer(false);
  wait_for_statement();
  if (is_over()) return;
  if (!statement_) ask();
  for (int i = 0; i < 30 && !is_over(); ++i) {
    send_some();
    node_.run_for(world_.latency({0}, tick_max));
  }
  if (!is_over()) wait_for_answer(true);
  is_ending_ = true;
  if (is_over()) return;
  if (!node_.run_until([this] { return is_over() || unrest().empty(); }, settle_time_max)) {
    fail("the node does not come to rest: " + unrest());
  }
  look();
  if (!is_over()) ++counts_.rests;
}

void Life::stop() {
  is_ending_ = true;
  for (TcpSender& sender : senders_) {
    if (is_open(sender.connection)) sender.connection.half_close();
  }
  const absl::Status status = node_.stop(settle_time_max);
  if (status.ok()) {
    ++counts_.clean_stops;
  } else if (!is_over()) {
    fail("stop: " + std::string(engine::message_of(status)));
  }
}

// The disk failed: nothing more is acknowledged, whatever the shards still do before the process is gone.
void Life::end_by_disk() {
  if (disk_errors() == disk_errors_before_) fail("ended without a cause: " + std::string(engine::message_of(node_.fatal())));
  look();
  is_failed_ = true;
  ++counts_.disk_ends;
  node_.run_for(engine::milliseconds(2));
  if (world_.outage() == Outage::none) look();
}

void Life::count() {
  for (const TcpSender& sender : senders_) counts_.rows_acknowledged += sender.rows.durable;
  counts_.rows_udp += datagrams_.durable;
  for (const net::LedgerRow& row : node_.ledger()) {
    counts_.rows_rejected += row.rows_rejected;
    counts_.requests_recognised += row.requests_repeated;
  }
  for (uint16_t i = 0; i < node_.shard_count(); ++i) {
    const storage::Owner& owner = node_.shard(i).owner();
    counts_.checkpoints += owner.counters().checkpoints;
    counts_.schema_changes += owner.counters().schema_changes;
    counts_.slices += owner.counters().slices;
    counts_.frames_read_back += owner.frames_read_back();
    counts_.lives_with_reading += owner.frames_read_back() != 0 ? 1 : 0;
    if (!owner.has_wal()) continue;
    counts_.segment_rolls += owner.wal().roll_count();
    counts_.segment_recycles += owner.wal().recycle_count();
  }
}

}  // namespace sim
