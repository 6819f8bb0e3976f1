// One seed, one story: a node of 1 to 8 shards is started on a simulated machine with faults of its own (life_plan.h), clients
// send rows by TCP and UDP and ask for them over HTTP, the power fails or the process is killed somewhere, even in the middle
// of a recovery, or the disk fails and the node ends itself, and everything begins again.
//
// In every fourth story tables are created, dropped and truncated by statements meanwhile: their rows are gone, all or none, of
// every kind of sender; of a request all those that are for one table.
//
// Requests that were not answered, or put off, are sent again, with a key or without, in this life or a later one: the rows of
// each are there once.
//
//   before each start           the files can be read as they are, and what is there is right
//   after each recovery         the rows on disk are held against what was sent and what was acknowledged (row_model.h)
//   at each change of the disk  what a power failure could not take away is enough (disk_oracle.h)
//   at every look               ledgers balance and never go back, LSNs grow, wanted checkpoints come, no source knows a column
//                               that is not durable, and after a failed disk nothing more is acknowledged
//   after a failed sync         the process ends, whoever asked for it
//   when a life comes to rest   everything that was sent is durable and checkpointed, a query has been answered and receive
//                               buffers are given back: within a bound, or somebody was not woken
//
// A pure function of its seed: stories share nothing.
#pragma once

#include <cstdint>
#include <string>

#include "tests/node/simulation_counts.h"

namespace sim {

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
