#include "tests/node/crash_simulation.h"

#include "tests/node/disk_oracle.h"
#include "tests/node/life.h"
#include "tests/node/life_plan.h"
#include "tests/node/row_model.h"
#include "tests/sim/sim_world.h"

namespace sim {

namespace {

// Where statements take rows away, the model must know of each row whether it was there: of rows in requests (for which see
// tests/node/ddl_test.cc), of datagrams and of senders whose rows may be rejected it does not.
void forget_uncertain_rows(LifePlan& plan) {
  plan.has_writers = false;
  plan.has_udp = false;
  plan.mixed_percent = 0;
}

}  // namespace

SimulationResult run_crash_simulation(uint64_t seed, const SimulationOptions& options) {
  SimulationResult result;
  SimWorld world({.seed = seed});
  const RowModelOptions rows{.tables = static_cast<uint32_t>(world.prng().between(1, 6)),
                             .symbols = 8,
                             .late_percent = world.prng().chance(1, 4) ? 40U : 10U};
  RowModel model(seed ^ 0x5eed, rows);
  DiskOracle oracle(world.disk());
  for (uint32_t life = 0; life < options.lives && result.problem.empty(); ++life) {
    LifePlan plan = draw_life(world.prng(), options.shards_max);
    plan.changes_tables = seed % 4 == 3;
    if (plan.changes_tables) forget_uncertain_rows(plan);
    result.problem = Life(world, model, oracle, plan, result.counts).live(life + 1 == options.lives);
    if (world.outage() != Outage::none) world.restart();
  }
  result.counts.faults = world.fault_counts();
  result.counts.frames_released = oracle.frames_checked();
  result.counts.manifests = oracle.manifests_checked();
  result.trace_hash = world.trace_hash();
  return result;
}

}  // namespace sim
