#include "engine/reactor/io_sequence.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "engine/io/direct.h"
#include "engine/io/error_policy.h"

namespace engine {

namespace {

std::string_view operation_name(IoOp op) {
  switch (op) {
    case IoOp::open:
      return "open";
    case IoOp::close:
      return "close";
    case IoOp::write:
      return "write";
    case IoOp::sync_data:
      return "sync";
    case IoOp::allocate:
      return "reserve space for";
    case IoOp::rename:
      return "rename";
    case IoOp::unlink:
      return "remove";
    case IoOp::mkdir:
      return "create directory";
    default:
      UNREACHABLE("operation of a sequence");
  }
}

}  // namespace

IoSequence::IoSequence(Reactor& reactor, uint32_t in_flight_max)
    : reactor_(reactor), empty_timer_(reactor.timers(), *this), shortage_timer_(reactor.timers(), *this) {
  VERIFY_GT(in_flight_max, 0U);
  slots_.reserve(in_flight_max);
  slots_free_.reserve(in_flight_max);
  slots_waiting_.reserve(in_flight_max);
  for (uint32_t i = 0; i < in_flight_max; ++i) slots_free_.push_back(&slots_.emplace_back(*this));
}

void IoSequence::add(size_t stage, const IoRequest& request) {
  VERIFY(idle());
  VERIFY_LT(stage, stages_max);
  VERIFY(request.path != nullptr);
  VERIFY(request.completion == nullptr);
  VERIFY(request.op != IoOp::write || !request.buffer.empty());
  if (request.op == IoOp::write && request.open_mode == OpenMode::read_write_direct) {
    verify_direct(request.offset, request.buffer);
  }
  stages_[stage].push_back(request);
  ++planned_;
}

void IoSequence::run(IoSequenceListener& listener) {
  VERIFY(idle());
  VERIFY_EQ(slots_free_.size(), slots_.size());
  VERIFY(status_.ok());
  listener_ = &listener;
  stage_ = 0;
  next_ = 0;
  if (empty()) {
    empty_timer_.arm(reactor_.now());
    return;
  }
  go_on();
}

void IoSequence::on_nothing_to_do(Instant) {
  VERIFY(empty());
  finish();
}

void IoSequence::on_result(Slot& slot, int32_t result) {
  VERIFY(!idle());
  const IoOp op = slot.request.op;
  if (op == IoOp::write) {
    const WriteProgress::Next next = slot.write.settle(result);
    if (next == WriteProgress::Next::again) return submit(slot);
    if (next == WriteProgress::Next::failed) fail(slot.request, slot.write.error());
    return leave(slot);
  }
  if (op == IoOp::sync_data && result < 0 && sabotaged("failed_sync_forgiven")) return leave(slot);
  switch (error_policy(op, result)) {
    case ErrorPolicy::none:
    case ErrorPolicy::forgiven:
      return leave(slot);
    case ErrorPolicy::shortage:
      return wait(slot, result);
    case ErrorPolicy::again:
    case ErrorPolicy::no_space:
    case ErrorPolicy::fatal:
      fail(slot.request, result);
      return leave(slot);
  }
}

// The request is over, well or not.
void IoSequence::leave(Slot& slot) {
  VERIFY_LT(slots_free_.size() + slots_waiting_.size(), slots_.size());
  VERIFY_DEBUG(std::ranges::find(slots_free_, &slot) == slots_free_.end());
  slots_free_.push_back(&slot);
  go_on();
}

void IoSequence::wait(Slot& slot, int32_t result) {
  if (!status_.ok() || slot.waits == shortage_waits_max) {
    fail(slot.request, result);
    return leave(slot);
  }
  ++slot.waits;
  VERIFY_LT(slots_free_.size() + slots_waiting_.size(), slots_.size());
  slots_waiting_.push_back(&slot);
  if (!shortage_timer_.armed()) shortage_timer_.arm(reactor_.now() + shortage_wait);
}

void IoSequence::on_shortage_over(Instant) {
  VERIFY(!slots_waiting_.empty());
  for (Slot* slot : slots_waiting_) submit(*slot);
  slots_waiting_.clear();
}

// Starts what may start: requests of this stage while slots are free, and the next stage when this one has completed. After an
// error nothing starts any more, and what is in flight is waited for.
void IoSequence::go_on() {
  const auto in_flight = [this] { return slots_free_.size() < slots_.size(); };
  while (status_.ok() && stage_ < stages_max) {
    const std::vector<IoRequest>& requests = stages_[stage_];
    while (next_ < requests.size() && !slots_free_.empty()) {
      Slot& slot = *slots_free_.back();
      slots_free_.pop_back();
      slot.request = requests[next_++];
      if (slot.request.op == IoOp::write) slot.write = {slot.request.buffer.size(), slot.request.open_mode};
      slot.waits = 0;
      submit(slot);
    }
    if (in_flight() && !sabotaged("stages_overlap")) return;
    ++stage_;
    next_ = 0;
  }
  if (!in_flight()) finish();
}

void IoSequence::submit(Slot& slot) {
  IoRequest request = slot.request;
  request.completion = &slot;
  if (request.op == IoOp::write) {
    request.offset += slot.write.offset();
    request.buffer = request.buffer.subspan(slot.write.offset());
  }
  reactor_.submit(request);
}

void IoSequence::fail(const IoRequest& request, int32_t result) {
  VERIFY_LT(result, 0);
  if (!status_.ok()) return;
  std::string what(operation_name(request.op));
  what.append(" ").append(request.path);
  if (request.op == IoOp::write) what.append(" at offset ").append(std::to_string(request.offset));
  if (request.op == IoOp::rename) what.append(" to ").append(request.path_target);
  status_ = errno_status(-result, what);
}

void IoSequence::finish() {
  VERIFY(!idle());
  VERIFY_EQ(slots_free_.size(), slots_.size());
  VERIFY(slots_waiting_.empty());
  for (std::vector<IoRequest>& requests : stages_) requests.clear();
  planned_ = 0;
  const absl::Status status = std::exchange(status_, absl::OkStatus());
  std::exchange(listener_, nullptr)->on_sequence_done(status);
}

}  // namespace engine
