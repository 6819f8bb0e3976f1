#include "tests/sim/sim_threads.h"

#include "engine/base/verify.h"

namespace sim {
namespace {

constexpr uint64_t stop_turns_max = 1'000'000;  // of one thread; more: a call in it does not end

}  // namespace

SimThreads::~SimThreads() { VERIFY(threads_.empty()); }

void SimThreads::start(engine::Loop& loop) {
  auto* backend = dynamic_cast<SimBackend*>(&loop.backend());
  VERIFY(backend != nullptr);
  threads_.push_back(std::make_unique<Thread>(loop, *backend));
}

bool SimThreads::step(engine::Instant limit) {
  ++step_count_;
  due_.clear();
  for (const auto& thread : threads_) {
    if (thread->is_due(world_.now())) due_.push_back(thread.get());
  }
  if (due_.empty()) return world_.advance(limit);
  // Now and then time passes although somebody could run: threads are not always scheduled at once.
  if (world_.prng().chance(1, 16) && world_.advance(limit)) return true;
  due_[world_.prng().below(due_.size())]->resume();
  return true;
}

void SimThreads::stop() {
  for (const auto& thread : threads_) thread->end_soon();
  for (const auto& thread : threads_) {
    for (uint64_t turns = 0; !thread->has_ended(); ++turns) {
      VERIFY_LT(turns, stop_turns_max);
      if (turns > 0) world_.advance();
      thread->resume();
    }
  }
  threads_.clear();
}

}  // namespace sim
