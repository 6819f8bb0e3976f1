// The threads of one simulated process, all on one real thread: each runs a loop on a stack of its own and is left where a
// thread waits, which is in reap and nowhere else. A thread that waits comes back when a completion, its deadline or a wake is
// due to it, and for no other reason: a wake that nobody sent is missed, as on a real machine. The order of those that are due
// is the seed's, and time passes when nobody is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/time.h"
#include "engine/base/verify.h"
#include "engine/shard/loop.h"
#include "tests/sim/fiber.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_world.h"

namespace sim {

class SimThreads {
 public:
  explicit SimThreads(SimWorld& world) : world_(world) {}
  SimThreads(const SimThreads&) = delete;
  SimThreads& operator=(const SimThreads&) = delete;
  ~SimThreads();  // stop came before, if anything was started

  // The backend of the loop is a SimBackend; the loop outlives stop.
  void start(engine::Loop& loop);

  // One thread that is due runs until it waits, or else time passes, up to `limit`. False: nothing happens before, and it is
  // `limit` now; without a limit nothing will ever happen.
  bool step(engine::Instant limit = engine::instant_never);

  // Until `done()`, asked after each step. False: it was not by `limit`, or nothing happens any more.
  template <typename Done>
  bool run_until(Done done, engine::Instant limit) {
    while (!done()) {
      if (!step(limit)) return done();
    }
    return true;
  }

  // Every loop ends after the turn that it is in. As long as a call in it blocks, time passes.
  void stop();

  uint64_t step_count() const { return step_count_; }

 private:
  class Thread final : public SimWaiter, private Fiber::Body {
   public:
    Thread(engine::Loop& loop, SimBackend& backend) : loop_(loop), backend_(backend), fiber_(*this) {
      backend_.set_waiter(this);
    }
    ~Thread() { backend_.set_waiter(nullptr); }

    bool is_due(engine::Instant now) const { return backend_.next_wakeup() <= now; }
    bool has_ended() const { return fiber_.has_ended(); }
    void resume() { fiber_.resume(); }
    void end_soon() { ending_ = true; }

   private:
    void wait() override { fiber_.pause(); }
    void run() override {
      while (!ending_) {
        loop_.run_once();
        // Nobody else wakes the peer until this wake has gone out, and the next turn may compute for long.
        VERIFY(!backend_.owes_wakes());
      }
    }

    engine::Loop& loop_;
    SimBackend& backend_;
    bool ending_ = false;
    Fiber fiber_;
  };

  SimWorld& world_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<Thread*> due_;  // of the last step; kept for its memory
  uint64_t step_count_ = 0;
};

}  // namespace sim
