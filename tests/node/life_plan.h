// How one life of a simulated node goes: its sizes, its weather, its clients and its end, all drawn by the seed. Each kind of
// trouble is absent from most lives, so that none hides what another would show.
#pragma once

#include <cstdint>

#include "engine/base/prng.h"
#include "net/node/options.h"
#include "tests/sim/sim_options.h"

namespace sim {

// Where a life's outage strikes: chance alone would mostly find the node between two checkpoints.
enum class Aim : uint8_t {
  anywhere,
  checkpoint,
  recycling,
  manifest,  // one has its new name, which is not durable yet: of a checkpoint under load, or of the last ones of a life
  group,     // of the log: written, and not durable yet
  decision,  // on a request of several shards: only the first of them has committed, and its log has gone on since
};

enum class LifeEnd : uint8_t {
  outage,
  stop,  // clean
  rest,  // no more is sent: everything becomes durable and is checkpointed, a query is answered; then an outage
};

struct LifePlan {
  net::NodeOptions node;
  BackendOptions backend;
  DiskFaults disk;
  NetFaults net;
  LifeEnd end{};
  Aim aim{};
  bool crashes_in_recovery = false;
  bool disk_fills = false;  // for a while
  bool files_run_out = false;
  bool clock_steps = false;
  bool has_udp = false;
  bool has_writers = false;     // over HTTP
  bool changes_tables = false;  // by statements
  uint32_t mixed_percent = 0;   // of the senders: rows whose column `mix` has several types
  uint64_t ticks = 0;
};

LifePlan draw_life(engine::Prng& prng, uint16_t shards_max);

}  // namespace sim
