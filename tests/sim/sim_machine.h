// One simulated machine with one process on it, for tests of the simulator itself: the process is a bare SimBackend.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/bytes.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_calls.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_world.h"

namespace sim {

class SimMachine {
 public:
  explicit SimMachine(uint64_t seed) : SimMachine(WorldOptions{.seed = seed}) {}
  explicit SimMachine(const WorldOptions& options, const BackendOptions& backend_options = {})
      : world(options), backend_options_(backend_options) {
    start();
  }

  SimBackend& backend() { return process_->backend; }
  SimCalls& calls() { return process_->calls; }
  SimDisk& disk() { return world.disk(); }

  // The power fails, now if it has not yet, and comes back; the process starts anew.
  void power_cycle(const CrashPlan& plan = {}) {
    if (world.outage() == Outage::none) world.power_off();
    process_.reset();
    world.restart(plan);
    start();
  }

  void kill_and_restart() {
    if (world.outage() == Outage::none) world.kill();
    process_.reset();
    world.restart();
    start();
  }

  std::optional<std::string> contents(std::string_view path) {
    const auto bytes = world.disk().read_current(path);
    if (!bytes.has_value()) return std::nullopt;
    return std::string(engine::as_text(*bytes));
  }

  SimWorld world;

 private:
  struct Process {
    Process(SimWorld& world, const BackendOptions& options) : backend(world, options), calls(backend, world) {}

    SimBackend backend;
    SimCalls calls;
  };

  void start() { process_ = std::make_unique<Process>(world, backend_options_); }

  BackendOptions backend_options_;
  std::unique_ptr<Process> process_;
};

}  // namespace sim
