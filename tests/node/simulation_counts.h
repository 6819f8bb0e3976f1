// What the stories of the crash simulation reached. A suite in which one of these stays zero has not tested it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "tests/sim/sim_options.h"

namespace sim {

struct SimulationCounts {
  uint64_t recoveries = 0;  // checked
  uint64_t rows_acknowledged = 0;
  uint64_t rows_checked = 0;
  uint64_t requests_acknowledged = 0;
  uint64_t requests_refused = 0;  // or broken off
  uint64_t requests_put_off = 0;  // the log was full behind them
  uint64_t requests_sent_again = 0;
  uint64_t requests_recognised = 0;  // of these, as stored before
  uint64_t rows_udp = 0;             // durable ones
  uint64_t rows_rejected = 0;        // for a column of another type
  uint64_t segment_rolls = 0;
  uint64_t segment_recycles = 0;
  uint64_t frames_read_back = 0;    // of requests that found no room in memory, and of what came behind them
  uint64_t lives_with_reading = 0;  // by shard
  uint64_t slices = 0;              // applied, of commits that are larger than a block
  uint64_t checkpoints = 0;
  uint64_t schema_changes = 0;
  uint64_t late_runs = 0;          // recoveries that found a partition with more than one run
  uint64_t lives_with_shards = 0;  // with more than one shard
  uint64_t torn_groups = 0;
  uint64_t recovery_crashes = 0;
  uint64_t clean_stops = 0;
  uint64_t rests = 0;          // all that was sent became durable and checkpointed
  uint64_t disk_ends = 0;      // the disk failed, and the process ended with its error
  uint64_t starts_failed = 0;  // likewise before it served
  uint64_t queries = 0;        // answered
  uint64_t clock_steps = 0;
  uint64_t decisions_outlived = 0;  // crashes when only the first shard of a request had committed, long ago
  uint64_t tables_changed = 0;      // created, dropped or truncated by statements that were answered
  uint64_t frames_released = 0;     // each of them checkpointed
  uint64_t manifests = 0;           // that got their names, each with all that it counts
  FaultCounts faults{};

  void add(const SimulationCounts& other);
};

struct SimulationCount {
  const char* name;
  uint64_t SimulationCounts::*member;
};

inline constexpr SimulationCount simulation_counts[] = {
    {"recoveries checked", &SimulationCounts::recoveries},
    {"rows acknowledged", &SimulationCounts::rows_acknowledged},
    {"rows compared", &SimulationCounts::rows_checked},
    {"requests acknowledged", &SimulationCounts::requests_acknowledged},
    {"requests refused", &SimulationCounts::requests_refused},
    {"requests put off", &SimulationCounts::requests_put_off},
    {"requests sent again", &SimulationCounts::requests_sent_again},
    {"requests recognised", &SimulationCounts::requests_recognised},
    {"rows by UDP", &SimulationCounts::rows_udp},
    {"rows rejected", &SimulationCounts::rows_rejected},
    {"segment rolls", &SimulationCounts::segment_rolls},
    {"segments recycled", &SimulationCounts::segment_recycles},
    {"frames read back", &SimulationCounts::frames_read_back},
    {"lives that read back", &SimulationCounts::lives_with_reading},
    {"slices of commits", &SimulationCounts::slices},
    {"checkpoints", &SimulationCounts::checkpoints},
    {"schema changes", &SimulationCounts::schema_changes},
    {"late runs seen", &SimulationCounts::late_runs},
    {"lives on several shards", &SimulationCounts::lives_with_shards},
    {"torn groups", &SimulationCounts::torn_groups},
    {"crashes in recovery", &SimulationCounts::recovery_crashes},
    {"clean stops", &SimulationCounts::clean_stops},
    {"lives that came to rest", &SimulationCounts::rests},
    {"ends by the disk", &SimulationCounts::disk_ends},
    {"starts that failed", &SimulationCounts::starts_failed},
    {"queries answered", &SimulationCounts::queries},
    {"steps of the clock", &SimulationCounts::clock_steps},
    {"decisions outlived", &SimulationCounts::decisions_outlived},
    {"tables changed", &SimulationCounts::tables_changed},
    {"frames released", &SimulationCounts::frames_released},
    {"manifests named", &SimulationCounts::manifests},
};

inline void SimulationCounts::add(const SimulationCounts& other) {
  for (const SimulationCount& count : simulation_counts) this->*count.member += other.*count.member;
  for (size_t i = 0; i < faults.size(); ++i) faults[i] += other.faults[i];
}

}  // namespace sim
