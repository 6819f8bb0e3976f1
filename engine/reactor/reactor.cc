#include "engine/reactor/reactor.h"

#include <algorithm>
#include <span>
#include <utility>

#include "engine/base/verify.h"

namespace engine {
namespace {

constexpr Duration refused_pause = milliseconds(1);  // until requests that the backend did not take are offered again
constexpr size_t turn_results_max = 256;             // more wait in the backend for the next turn, so that one turn stays short

}  // namespace

Reactor::Reactor(IoBackend& backend) : backend_(backend), now_(backend.now()), results_(turn_results_max) {}

void Reactor::submit(const IoRequest& request) {
  const bool writes = request.op == IoOp::write || request.op == IoOp::write_dsync;
  VERIFY(!writes || (!request.buffer.empty() && request.completion != nullptr));  // what a write did is never forgotten
  requests_.push_back(request);
  if (request.completion != nullptr) ++in_flight_;
}

size_t Reactor::turn(Instant deadline) {
  flush_requests();
  // A full backend may be full of receives from clients that never send: nothing of it would end the wait.
  if (!requests_.empty()) deadline = std::min(deadline, backend_.now() + refused_pause);
  const size_t count = backend_.reap(results_, std::min(deadline, timers_.next_deadline()));
  VERIFY_LE(count, results_.size());
  const Instant before = std::exchange(now_, backend_.now());
  VERIFY_LE(before, now_);

  for (const IoResult& result : std::span(results_).first(count)) {
    if (result.completion == nullptr) continue;
    if (!result.more) {
      VERIFY_GT(in_flight_, 0U);
      --in_flight_;
    }
    result.completion->complete(result);
  }
  return count + timers_.expire(now_);
}

void Reactor::flush_requests() {
  if (requests_.empty()) return;
  const size_t taken = backend_.submit(requests_);
  VERIFY_LE(taken, requests_.size());
  requests_.erase(requests_.begin(), requests_.begin() + static_cast<std::ptrdiff_t>(taken));
}

}  // namespace engine
