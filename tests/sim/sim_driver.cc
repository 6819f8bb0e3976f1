#include "tests/sim/sim_driver.h"

#include "engine/base/verify.h"

namespace sim {

void SimDriver::add(engine::Loop& loop, engine::MeshEndpoint* endpoint) {
  auto* backend = dynamic_cast<SimBackend*>(&loop.backend());
  VERIFY(backend != nullptr);
  seats_.push_back({.loop = &loop, .endpoint = endpoint, .backend = backend});
}

bool SimDriver::step() {
  ++step_count_;
  due_.clear();
  for (Seat& seat : seats_) {
    if (!seat.asleep || seat.backend->next_wakeup() <= world_.now()) due_.push_back(&seat);
  }
  if (due_.empty()) return world_.advance();
  // Now and then time passes although somebody could run: threads are not always scheduled at once.
  if (world_.prng().chance(1, 16) && world_.advance()) return true;
  run(*due_[world_.prng().below(due_.size())]);
  return true;
}

void SimDriver::run(Seat& seat) {
  if (seat.asleep && seat.endpoint != nullptr) seat.endpoint->wake_up();
  seat.loop->run_once();
  seat.asleep = seat.endpoint == nullptr || seat.endpoint->fall_asleep();
}

}  // namespace sim
