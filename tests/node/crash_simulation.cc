#include "tests/node/crash_simulation.h"

#include <map>
#include <optional>
#include <vector>

#include "tests/node/row_model.h"
#include "tests/node/sim_node.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_world.h"

namespace sim {
namespace {

constexpr uint64_t ticks_per_life_max = 3000;
constexpr engine::Duration tick_max = engine::microseconds(60);
constexpr engine::Duration stop_time_max = engine::seconds(60);
constexpr size_t clients_max = 4;

// Small sizes, so that rolls, recycling, applies and checkpoints happen all the time.
net::NodeOptions make_options(engine::Prng& prng, uint16_t shards_max) {
  net::NodeOptions options = small_node();
  options.shards = static_cast<uint16_t>(prng.chance(1, 4) ? 1 : prng.between(1, shards_max));
  options.tcp = any_port;
  options.ingest.partition_unit = prng.chance(1, 4) ? storage::PartitionUnit::hour : storage::PartitionUnit::day;
  options.source.batches_max = static_cast<uint32_t>(prng.between(4, 12));
  options.source.rows_max = static_cast<uint32_t>(prng.between(1, 40));
  options.source.size_max = 4096;
  storage::OwnerOptions& owner = options.owner;
  owner.wal.segment_size = 32 * 1024 * prng.between(1, 2);
  owner.wal.group_size_max = 4096 * prng.between(3, 4);
  owner.wal.size_max = owner.wal.segment_size * prng.between(3, 5);
  owner.wal.segments_ready = 1;
  owner.wal.sync_method = prng.chance(1, 2) ? storage::SyncMethod::dsync : storage::SyncMethod::write_then_sync;
  owner.rounds = {.rounds_max = 2,
                  .round_size_max = 16 * 4096,
                  .in_flight_max = 8,
                  .files_max = static_cast<uint32_t>(prng.chance(1, 4) ? 16 : 128),
                  .extent_size_min = 4096,
                  .extent_size_max = 64 * 1024};
  owner.pending_size_max = 64 * 1024;
  owner.apply_size_min = 8 * 1024;
  owner.apply_age_max = engine::microseconds(static_cast<int64_t>(prng.between(500, 8000)));
  owner.checkpoint_pause = engine::microseconds(static_cast<int64_t>(prng.between(500, 12'000)));
  return options;
}

// Where a story's outage strikes: chance alone would mostly find the node between two checkpoints.
enum class Aim : uint8_t { anywhere, checkpoint, recycling };

struct Client {
  SimClient connection;
  SenderRows rows;
};

class Story {
 public:
  Story(uint64_t seed, const SimulationOptions& options)
      : options_(options), world_({.seed = seed}), model_(seed ^ 0x5eed, {}) {}

  SimulationResult run() {
    for (uint32_t life = 0; life < options_.lives && result_.problem.empty(); ++life) live(life + 1 == options_.lives);
    result_.trace_hash = world_.trace_hash();
    return result_;
  }

 private:
  engine::Prng& prng() { return world_.prng(); }

  void live(bool is_last);
  bool recover(SimNode& node);
  void serve(SimNode& node);
  void send(const SimNode& node);
  void stop(SimNode& node);
  void plan_outage(uint64_t effects_max);
  bool in_sight(SimNode& node, Aim aim) const;
  void note_acknowledged(const SimNode& node);
  void count(SimNode& node);

  SimulationOptions options_;
  SimWorld world_;
  RowModel model_;
  std::vector<Client> clients_;
  SimulationResult result_;
};

void Story::plan_outage(uint64_t effects_max) {
  const uint64_t effects = 1 + prng().below(effects_max);
  if (prng().chance(3, 4)) {
    world_.power_off_after(effects);
  } else {
    world_.kill_after(effects);
  }
}

bool Story::in_sight(SimNode& node, Aim aim) const {
  for (uint16_t i = 0; i < node.shard_count(); ++i) {
    const storage::Owner& owner = node.shard(i).owner();
    if (aim == Aim::checkpoint && owner.checkpoints_running() != 0) return true;
    if (aim == Aim::recycling && owner.has_wal() && owner.wal().recycle_count() != 0) return true;
  }
  return false;
}

void Story::live(bool is_last) {
  const net::NodeOptions options = make_options(prng(), options_.shards_max);
  {
    SimNode node(world_, options);
    clients_.clear();
    const bool crash_in_recovery = !is_last && prng().chance(1, 4);
    if (crash_in_recovery) plan_outage(60);
    if (recover(node) && !is_last) serve(node);
    count(node);
  }
  if (world_.outage() != Outage::none) world_.restart();
}

bool Story::recover(SimNode& node) {
  const absl::Status status = node.recover();
  if (world_.outage() != Outage::none) {
    ++result_.counts.recovery_crashes;
    return false;
  }
  if (!status.ok()) {
    result_.problem = "recovery: " + std::string(engine::message_of(status));
    return false;
  }
  {
    SimBackend reader(world_);  // as another process reads the files
    world_.set_auto_advance(true);
    result_.problem = model_.check(reader);
    world_.set_auto_advance(false);
  }
  if (!result_.problem.empty() || world_.outage() != Outage::none) return false;
  ++result_.counts.recoveries;
  result_.counts.rows_checked += model_.rows_found();
  result_.counts.late_runs += model_.runs_max() > 1 ? 1 : 0;
  result_.counts.torn_groups += node.recovery().torn_tails;
  return true;
}

void Story::serve(SimNode& node) {
  const bool stops = prng().chance(1, 6);
  Aim aim = static_cast<Aim>(prng().below(3));
  if (!stops && aim == Aim::anywhere) plan_outage(prng().chance(1, 3) ? 150 : 1500);
  const absl::Status status = node.start();
  if (world_.outage() != Outage::none) return;
  if (!status.ok()) {
    result_.problem = "start: " + std::string(engine::message_of(status));
    return;
  }
  if (node.shard_count() > 1) ++result_.counts.lives_with_shards;
  const uint64_t ticks = stops ? 200 + prng().below(800) : ticks_per_life_max;
  for (uint64_t tick = 0; tick < ticks && world_.outage() == Outage::none; ++tick) {
    send(node);
    if (!stops && aim != Aim::anywhere && in_sight(node, aim)) {
      plan_outage(100);
      aim = Aim::anywhere;
    }
    node.run_for(world_.latency({0}, tick_max));
    if (!node.fatal().ok()) break;
  }
  if (stops && world_.outage() == Outage::none) {
    stop(node);
  } else if (world_.outage() == Outage::none) {
    world_.power_off();
  }
  note_acknowledged(node);
}

void Story::send(const SimNode& node) {
  if (clients_.size() < clients_max && prng().chance(1, 10)) {
    clients_.push_back({.connection = world_.net().connect(node.addresses().tcp->port), .rows = {}});
  }
  if (clients_.empty() || !prng().chance(1, 3)) return;
  Client& client = clients_[prng().below(clients_.size())];
  if (client.connection.unsent() > 8192) return;
  std::string lines;
  for (uint64_t i = 1 + prng().below(6); i > 0; --i) {
    uint64_t id = 0;
    lines += model_.make_line(id);
    client.rows.ids.push_back(id);
  }
  client.connection.send(lines);
}

void Story::stop(SimNode& node) {
  for (Client& client : clients_) client.connection.half_close();
  const absl::Status status = node.stop(stop_time_max);
  if (status.ok()) {
    ++result_.counts.clean_stops;
  } else if (world_.outage() == Outage::none) {
    result_.problem = "stop: " + std::string(engine::message_of(status));
  }
}

// A connection's ledger is found by its peer; the first rows that it calls durable are the first that were sent.
void Story::note_acknowledged(const SimNode& node) {
  for (const net::LedgerRow& row : node.ledger()) {
    for (Client& client : clients_) {
      if (client.connection.port() != row.peer.port) continue;
      client.rows.durable = row.rows_durable;
      if (row.rows_rejected != 0) result_.problem = "a good row was rejected";
      if (row.rows_received != row.rows_durable + row.rows_rejected + row.rows_pending)
        result_.problem = "the ledger does not balance";
    }
  }
  for (const Client& client : clients_) {
    model_.note(client.rows);
    result_.counts.rows_acknowledged += client.rows.durable;
  }
}

void Story::count(SimNode& node) {
  for (uint16_t i = 0; i < node.shard_count(); ++i) {
    const storage::Owner& owner = node.shard(i).owner();
    result_.counts.checkpoints += owner.counters().checkpoints;
    result_.counts.schema_changes += owner.counters().schema_changes;
    if (!owner.has_wal()) continue;
    result_.counts.segment_rolls += owner.wal().roll_count();
    result_.counts.segment_recycles += owner.wal().recycle_count();
  }
}

}  // namespace

void SimulationCounts::add(const SimulationCounts& other) {
  recoveries += other.recoveries;
  rows_acknowledged += other.rows_acknowledged;
  rows_checked += other.rows_checked;
  segment_rolls += other.segment_rolls;
  segment_recycles += other.segment_recycles;
  checkpoints += other.checkpoints;
  schema_changes += other.schema_changes;
  late_runs += other.late_runs;
  lives_with_shards += other.lives_with_shards;
  torn_groups += other.torn_groups;
  recovery_crashes += other.recovery_crashes;
  clean_stops += other.clean_stops;
}

SimulationResult run_crash_simulation(uint64_t seed, const SimulationOptions& options) { return Story(seed, options).run(); }

}  // namespace sim
