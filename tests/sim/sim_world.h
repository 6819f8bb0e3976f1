// A simulated machine: clock, scheduler, randomness, disk and network of one run, shared by any number of SimBackends (shards)
// and clients. Everything happens on one thread, in the order that the seed gives; the same seed and the same code give the
// same trace_hash. Time stands still while code runs and moves only in advance, or inside reap while auto_advance is on.
//
// The driver (sim_threads.h): run what is due, in an order drawn from prng, until nothing is, then advance. When advance finds
// nothing to wait for, the run is at rest, or hangs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <queue>
#include <span>
#include <vector>

#include "engine/base/prng.h"
#include "engine/base/time.h"
#include "tests/sim/sim_options.h"

namespace sim {

class SimBackend;
class SimDisk;
class SimNet;
struct CrashPlan;

enum class Outage : uint8_t {
  none,
  process,  // killed: what was written stays readable, synced or not
  power,    // what was not synced gets its fate in restart
};

// Receives what it scheduled. Tokens mean something to the sink only.
class EventSink {
 public:
  virtual void on_event(uint64_t token) = 0;

 protected:
  ~EventSink() = default;
};

using SinkId = size_t;  // never reused

class SimWorld {
 public:
  explicit SimWorld(const WorldOptions& options);
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;
  ~SimWorld();

  // Faults and latencies may be changed at any moment, for example all off to see that the system comes to rest.
  WorldOptions& options() { return options_; }
  engine::Prng& prng() { return prng_; }
  bool happens(uint32_t rate, Fault fault) {
    if (rate == 0 || !prng_.chance(rate, always)) return false;
    count_fault(fault);
    return true;
  }
  void count_fault(Fault fault) { ++fault_counts_[static_cast<size_t>(fault)]; }
  const FaultCounts& fault_counts() const { return fault_counts_; }
  SimDisk& disk() { return *disk_; }
  SimNet& net() { return *net_; }

  engine::Instant now() const { return now_; }
  engine::WallTime wall_now() const { return {options_.wall_start.ns + now_.ns + wall_offset_.ns}; }
  // Somebody sets the calendar; the monotonic clock does not notice.
  void step_wall_clock(engine::Duration step) { wall_offset_ = wall_offset_ + step; }

  // The earliest instant at which something can happen: a disk or network event, the deadline of a reap that returned nothing,
  // or now when a backend has results or was woken. instant_never: nothing will ever happen by itself.
  engine::Instant next_event_time();
  // Goes to next_event_time, or as on a busy machine a little beyond, and lets everything due happen. False: nothing happens up
  // to `limit`, to which time has moved; without a limit there is nothing to wait for, and time stands still.
  bool advance(engine::Instant limit = engine::instant_never);
  void advance_to(engine::Instant target);
  void advance_by(engine::Duration step) { advance_to(now_ + step); }

  // On: a reap that finds nothing moves the clock itself, up to its deadline. For code that blocks, with one backend, before
  // loops run.
  void set_auto_advance(bool on) { auto_advance_ = on; }
  bool auto_advance() const { return auto_advance_; }
  // To the next disk or network event, at most to `limit`. False: there is neither.
  bool advance_to_event(engine::Instant limit);

  // Ends the running processes. From now on every request of every backend fails with -EIO and without effect, connections are
  // gone, and the owner of the backends destroys them and calls restart.
  //
  // A power failure leaves a request that is under way without further effect. When a process is killed, the kernel may still
  // finish it, so `kill` must be called while the buffers of all requests are alive.
  void power_off();
  void kill();
  // The same right after the disk has changed `count` more times (SimDisk::effect_count); 0 is now.
  void power_off_after(uint64_t count) { stop_after(count, Outage::power); }
  void kill_after(uint64_t count) { stop_after(count, Outage::process); }
  Outage outage() const { return outage_; }

  // After an outage, when all backends are destroyed. After a power failure the disk decides by `plan` what survived.
  void restart();
  void restart(const CrashPlan& plan);

  uint64_t trace_hash() const { return trace_hash_; }
  void trace(uint64_t value);
  void trace_bytes(std::span<const std::byte> bytes);

  // For the parts of the world.
  SinkId add_sink(EventSink& sink);
  void remove_sink(SinkId id);
  void schedule(SinkId sink, uint64_t token, engine::Duration delay);
  void add_backend(SimBackend& backend) { backends_.push_back(&backend); }
  void remove_backend(SimBackend& backend) { std::erase(backends_, &backend); }
  // Called after each change of the disk, when its result is not yet known to anybody.
  void on_disk_effect();
  // Between the two, mostly near the first.
  engine::Duration latency(engine::Duration min, engine::Duration max);

 private:
  struct Event {
    engine::Instant time;
    uint64_t order = 0;  // random: events of one instant come in any order
    SinkId sink = 0;
    uint64_t token = 0;

    friend bool operator>(const Event& a, const Event& b) { return a.time != b.time ? a.time > b.time : a.order > b.order; }
  };

  void stop_after(uint64_t count, Outage outage);
  void stop(Outage outage);
  engine::Instant next_scheduled();

  WorldOptions options_;
  engine::Prng prng_;
  engine::Instant now_;
  engine::Duration wall_offset_;
  bool auto_advance_ = false;
  Outage outage_ = Outage::none;
  Outage outage_planned_ = Outage::none;
  uint64_t outage_effect_ = 0;  // effect_count of the disk at which outage_planned_ comes
  uint64_t trace_hash_ = 0;
  FaultCounts fault_counts_{};
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<EventSink*> sinks_;  // null: removed
  std::vector<SimBackend*> backends_;
  std::unique_ptr<SimDisk> disk_;
  std::unique_ptr<SimNet> net_;
};

}  // namespace sim
