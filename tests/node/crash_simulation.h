// One seed, one story: a node of 1 to 8 shards is started on a simulated disk, clients send rows over simulated connections,
// the power fails or the process is killed somewhere, even in the middle of a recovery, and everything begins again. After each
// recovery the rows on disk are held against what was sent and what was acknowledged (row_model.h).
#pragma once

#include <cstdint>
#include <string>

namespace sim {

// What the stories reached. A suite in which one of these stays zero has not tested it.
struct SimulationCounts {
  uint64_t recoveries = 0;  // checked
  uint64_t rows_acknowledged = 0;
  uint64_t rows_checked = 0;
  uint64_t segment_rolls = 0;
  uint64_t segment_recycles = 0;
  uint64_t checkpoints = 0;
  uint64_t schema_changes = 0;
  uint64_t late_runs = 0;          // recoveries that found a partition with more than one run
  uint64_t lives_with_shards = 0;  // with more than one shard
  uint64_t torn_groups = 0;
  uint64_t recovery_crashes = 0;
  uint64_t clean_stops = 0;

  void add(const SimulationCounts& other);
};

struct SimulationOptions {
  uint32_t lives = 6;  // starts of the node
  uint16_t shards_max = 8;
};

struct SimulationResult {
  std::string problem;  // empty: every check passed
  uint64_t trace_hash = 0;
  SimulationCounts counts;
};

SimulationResult run_crash_simulation(uint64_t seed, const SimulationOptions& options = {});

}  // namespace sim
