#include "tests/node/life_plan.h"

#include <algorithm>
#include <array>

#include "tests/node/sim_node.h"

namespace sim {
namespace {

// Small sizes, so that rolls, recycling, applies and checkpoints happen all the time.
net::NodeOptions draw_node(engine::Prng& prng, uint16_t shards_max) {
  net::NodeOptions options = small_node();
  options.shards = static_cast<uint16_t>(prng.chance(1, 4) ? 1 : prng.between(1, shards_max));
  options.tcp = any_port;
  options.http = any_port;
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
  // In every other life rows of requests find little room or none, and are read back from the log.
  owner.logged_size_max = prng.chance(1, 2) ? 1024 * prng.between(0, 4) : 64 * 1024;
  owner.apply_age_max = engine::microseconds(static_cast<int64_t>(prng.between(500, 8000)));
  owner.repeats.content_time = engine::seconds(3600);  // longer than a story
  owner.repeats.key_time = engine::seconds(3600);
  owner.checkpoint_pause = engine::microseconds(static_cast<int64_t>(prng.between(500, 12'000)));
  return options;
}

DiskFaults draw_disk(engine::Prng& prng) {
  DiskFaults faults;
  faults.tear_size = prng.chance(3, 4) ? 512 : 4096;
  if (prng.chance(1, 3)) faults.write_short_rate = 20'000;
  if (prng.chance(1, 4)) faults.stall_rate = 3'000;
  if (prng.chance(1, 10)) faults.read_error_rate = 300;
  faults.stall_max = engine::milliseconds(20);
  if (prng.chance(1, 10)) faults.write_error_rate = 1'000;
  if (prng.chance(1, 10)) faults.sync_error_rate = 3'000;
  if (prng.chance(1, 10)) faults.entry_error_rate = 1'000;
  return faults;
}

NetFaults draw_net(engine::Prng& prng) {
  NetFaults faults;
  if (prng.chance(1, 3)) faults.reset_rate = 1'000;
  if (prng.chance(1, 3)) faults.accept_error_rate = 50'000;
  if (prng.chance(1, 3)) faults.multishot_end_rate = 50'000;
  if (prng.chance(1, 3)) faults.buffers_exhausted_rate = 20'000;
  if (prng.chance(1, 3)) faults.send_short_rate = 50'000;
  if (prng.chance(1, 2)) faults.datagram_lost_rate = 50'000;
  if (prng.chance(1, 2)) faults.datagram_twice_rate = 50'000;
  return faults;
}

// A shard is kept from its CPU then, and would not hear of a disk that fails.
void aim_at_decision(LifePlan& plan, uint16_t shards_max, engine::Prng& prng) {
  plan.has_writers = true;
  plan.node.shards = std::max(plan.node.shards, static_cast<uint16_t>(prng.between(1, std::min<uint16_t>(shards_max, 3))));
  plan.disk.write_error_rate = 0;
  plan.disk.sync_error_rate = 0;
  plan.disk.entry_error_rate = 0;
  plan.disk_fills = false;
  plan.files_run_out = false;
}

}  // namespace

LifePlan draw_life(engine::Prng& prng, uint16_t shards_max) {
  LifePlan plan{.node = draw_node(prng, shards_max)};
  plan.backend.receive_buffer_count = prng.between(2, 16);
  plan.backend.receive_buffer_size = size_t{1024} << prng.below(3);
  if (prng.chance(1, 4)) plan.backend.submit_short_rate = 20'000;
  plan.disk = draw_disk(prng);
  plan.net = draw_net(prng);
  const uint64_t end = prng.below(12);
  plan.end = end < 2 ? LifeEnd::stop : end < 5 ? LifeEnd::rest : LifeEnd::outage;
  constexpr std::array aims = {Aim::anywhere, Aim::checkpoint, Aim::recycling, Aim::manifest,
                               Aim::manifest, Aim::group,      Aim::decision};
  plan.aim = aims[prng.below(aims.size())];
  plan.crashes_in_recovery = prng.chance(1, 4);
  plan.disk_fills = prng.chance(1, 12);
  plan.files_run_out = prng.chance(1, 16);
  plan.clock_steps = prng.chance(1, 3);
  plan.has_udp = prng.chance(1, 3);
  if (plan.has_udp) plan.node.udp = {.address = any_port};
  plan.has_writers = prng.chance(1, 2);
  plan.mixed_percent = prng.chance(1, 3) ? 50 : 0;
  if (plan.end == LifeEnd::outage && plan.aim == Aim::decision) aim_at_decision(plan, shards_max, prng);
  plan.ticks = plan.end == LifeEnd::outage ? 1500 : 100 + prng.below(400);
  return plan;
}

}  // namespace sim
