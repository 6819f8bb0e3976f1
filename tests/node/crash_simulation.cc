#include "tests/node/crash_simulation.h"

#include "tests/node/disk_oracle.h"
#include "tests/node/life.h"
#include "tests/node/life_plan.h"
#include "tests/node/row_model.h"
#include "tests/sim/sim_world.h"

namespace sim {

SimulationResult run_crash_simulation(uint64_t seed, const SimulationOptions& options) {
  SimulationResult result;
  SimWorld world({.seed = seed});
  const RowModelOptions rows{.tables = static_cast<uint32_t>(world.prng().between(1, 6)),
                             .symbols = 8,
                             .late_percent = world.prng().chance(1, 4) ? 40U : 10U};
  RowModel model(seed ^ 0x5eed, rows);
  DiskOracle oracle(world.disk());
  std::vector<WriteRequest> unanswered;
  for (uint32_t life = 0; life < options.lives && result.problem.empty(); ++life) {
    LifePlan plan = draw_life(world.prng(), options.shards_max);
    plan.changes_tables = seed % 4 == 3;
    result.problem = Life(world, model, oracle, unanswered, plan, result.counts).live(life + 1 == options.lives);
    if (world.outage() != Outage::none) world.restart();
  }
  result.counts.faults = world.fault_counts();
  result.counts.frames_released = oracle.frames_checked();
  result.counts.manifests = oracle.manifests_checked();
  result.trace_hash = world.trace_hash();
  return result;
}

}  // namespace sim
