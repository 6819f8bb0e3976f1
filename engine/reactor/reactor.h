// One turn of a shard: submit what was asked, reap, run completions, run timers. No thread of its own.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/base/time.h"
#include "engine/io/backend.h"
#include "engine/reactor/timers.h"

namespace engine {

class Reactor {
 public:
  explicit Reactor(IoBackend& backend);
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Queued now, handed to the backend at the end of the turn. The completion runs in a later turn, never inside this call.
  void submit(const IoRequest& request);

  // Hands queued requests over, waits until `deadline` at most (or the next timer, or a wake), runs the completions and due
  // timers. Returns the number of completions and timers that ran.
  size_t turn(Instant deadline);

  // Read once per turn.
  Instant now() const { return now_; }

  Timers& timers() { return timers_; }
  IoBackend& backend() { return backend_; }

  // Requests that the backend has not taken yet: a reactor that ends forgets them.
  bool has_queued() const { return !requests_.empty(); }

  // Requests with a completion that were submitted and have not finally completed. A request without one is forgotten at once.
  size_t in_flight() const { return in_flight_; }

 private:
  void flush_requests();

  IoBackend& backend_;
  Instant now_;
  Timers timers_;
  std::vector<IoRequest> requests_;  // not yet taken by the backend; as many as there are idle completions at most
  std::vector<IoResult> results_;    // of this turn
  size_t in_flight_ = 0;
};

}  // namespace engine
