// Steps the loops of one simulated node (shards, readers) on one thread, in the order that the seed gives, and lets time pass
// when all of them wait. A loop with an end of the mesh is asleep between its turns, as its thread would be: a message for it
// arrives only by the wake that the sender owes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/time.h"
#include "engine/shard/loop.h"
#include "engine/shard/mesh.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_world.h"

namespace sim {

class SimDriver {
 public:
  explicit SimDriver(SimWorld& world) : world_(world) {}

  // The backend of the loop is a SimBackend; loops and endpoints outlive the driver. `endpoint` is null for a loop without one.
  void add(engine::Loop& loop, engine::MeshEndpoint* endpoint);

  // One turn of one loop that has something to do, or else time passes. False: nothing will ever happen, the node is at rest.
  bool step();

  // Until `done()`, asked after each step; false when time ran out at `limit`, or nothing happens any more.
  template <typename Done>
  bool run_until(Done done, engine::Instant limit) {
    while (!done()) {
      if (world_.now() >= limit || !step()) return false;
    }
    return true;
  }

  uint64_t step_count() const { return step_count_; }

 private:
  struct Seat {
    engine::Loop* loop = nullptr;
    engine::MeshEndpoint* endpoint = nullptr;
    SimBackend* backend = nullptr;
    bool asleep = false;
  };

  void run(Seat& seat);

  SimWorld& world_;
  std::vector<Seat> seats_;
  std::vector<Seat*> due_;  // of the last step; kept for its memory
  uint64_t step_count_ = 0;
};

}  // namespace sim
