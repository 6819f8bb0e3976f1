#include "engine/reactor/io_sequence.h"

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "engine/io/blocking.h"

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

// The error tells that what was wanted is so already.
bool is_forgiven(IoOp op, int32_t result) {
  return (op == IoOp::mkdir && result == -EEXIST) || (op == IoOp::unlink && result == -ENOENT) || op == IoOp::close;
}

}  // namespace

IoSequence::IoSequence(Reactor& reactor, uint32_t in_flight_max) : reactor_(reactor), empty_timer_(reactor.timers(), *this) {
  VERIFY_GT(in_flight_max, 0U);
  slots_.reserve(in_flight_max);
  slots_free_.reserve(in_flight_max);
  for (uint32_t i = 0; i < in_flight_max; ++i) slots_free_.push_back(&slots_.emplace_back(*this));
}

void IoSequence::add(size_t stage, const IoRequest& request) {
  VERIFY(idle());
  VERIFY_LT(stage, stages_max);
  VERIFY(request.path != nullptr);
  VERIFY(request.completion == nullptr);
  stages_[stage].push_back(request);
  ++planned_;
}

void IoSequence::run(IoSequenceListener& listener) {
  VERIFY(idle());
  listener_ = &listener;
  stage_ = 0;
  next_ = 0;
  if (empty()) {
    empty_timer_.arm(reactor_.now());
    return;
  }
  go_on();
}

void IoSequence::on_nothing_to_do(Instant) { finish(); }

void IoSequence::on_result(Slot& slot, int32_t result) {
  if (!settle(slot, result)) {
    submit(slot);
    return;
  }
  slots_free_.push_back(&slot);
  go_on();
}

// Starts what may start: requests of this stage while slots are free, and the next stage when this one has completed.
void IoSequence::go_on() {
  const auto in_flight = [this] { return slots_free_.size() < slots_.size(); };
  while (status_.ok() && stage_ < stages_max) {
    const std::vector<IoRequest>& requests = stages_[stage_];
    while (next_ < requests.size() && !slots_free_.empty()) {
      Slot& slot = *slots_free_.back();
      slots_free_.pop_back();
      slot.request = requests[next_++];
      slot.done = 0;
      slot.tries = 0;
      submit(slot);
    }
    if (in_flight()) return;
    ++stage_;
    next_ = 0;
  }
  if (!in_flight()) finish();
}

void IoSequence::submit(Slot& slot) {
  IoRequest request = slot.request;
  request.completion = &slot;
  if (request.op == IoOp::write) {
    request.offset += slot.done;
    request.buffer = request.buffer.subspan(slot.done);
  }
  reactor_.submit(request);
}

// True when the request is over, well or not.
bool IoSequence::settle(Slot& slot, int32_t result) {
  if (slot.request.op == IoOp::write) return settle_write(slot, result);
  if (result < 0 && !is_forgiven(slot.request.op, result)) fail(slot.request, result);
  return true;
}

bool IoSequence::settle_write(Slot& slot, int32_t result) {
  const IoRequest& request = slot.request;
  const uint64_t before = slot.done;
  if (result > 0) {
    slot.done += static_cast<uint64_t>(result);
    VERIFY_LE(slot.done, request.buffer.size());
    if (slot.done == request.buffer.size()) return true;
    if (request.open_mode == OpenMode::read_write_direct) slot.done = align_down(slot.done, block_size);
  }
  if (slot.done > before) {
    slot.tries = 0;
    return false;
  }
  if (result < 0 && !is_passing_error(result)) {
    fail(request, result);
    return true;
  }
  if (++slot.tries < write_tries_max) return false;
  fail(request, result < 0 ? result : -EIO);
  return true;
}

void IoSequence::fail(const IoRequest& request, int32_t result) {
  if (!status_.ok()) return;
  std::string what(operation_name(request.op));
  what.append(" ").append(request.path);
  if (request.op == IoOp::write) what.append(" at offset ").append(std::to_string(request.offset));
  if (request.op == IoOp::rename) what.append(" to ").append(request.path_target);
  status_ = errno_status(-result, what);
}

void IoSequence::finish() {
  for (std::vector<IoRequest>& requests : stages_) requests.clear();
  planned_ = 0;
  const absl::Status status = std::exchange(status_, absl::OkStatus());
  std::exchange(listener_, nullptr)->on_sequence_done(status);
}

}  // namespace engine
