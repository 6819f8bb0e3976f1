#include "net/http/send_queue.h"

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"

namespace net {

SendQueue::SendQueue(engine::Shard& shard, engine::FileId socket, SendListener& listener)
    : shard_(shard), socket_(socket), listener_(listener), too_slow_(shard.reactor().timers(), *this) {}

// Little is copied into one send; more stays where it is, and goes in three.
void SendQueue::send(std::string front, std::string_view lent, std::string_view back) {
  VERIFY(!sending_);
  VERIFY(!is_over_);
  front_ = std::move(front);
  back_ = back;
  if (lent.size() <= copied_size_max) {
    front_.append(lent).append(back_);
    pieces_ = {front_, {}, {}};
  } else {
    pieces_ = {front_, lent, back_};
  }
  piece_ = 0;
  too_slow_.arm(shard_.reactor().now() + send_time_max);
  submit();
}

void SendQueue::give_up() {
  is_over_ = true;
  too_slow_.disarm();
}

void SendQueue::submit() {
  while (piece_ < pieces_.size() && pieces_[piece_].empty()) ++piece_;
  VERIFY_LT(piece_, pieces_.size());
  const std::string_view text = pieces_[piece_].substr(0, send_size_max);
  // A send does not modify what it sends.
  const std::span<char> bytes(const_cast<char*>(text.data()), text.size());
  sending_ = true;
  shard_.reactor().submit(
      {.op = engine::IoOp::send, .file = socket_, .buffer = std::as_writable_bytes(bytes), .completion = &sent_});
}

void SendQueue::on_sent(const engine::IoResult& result) {
  VERIFY(sending_);
  sending_ = false;
  if (result.result <= 0 || is_over_) {
    too_slow_.disarm();
    return listener_.on_send_failed();
  }
  const auto size = static_cast<size_t>(result.result);
  VERIFY_LE(size, pieces_[piece_].size());
  pieces_[piece_].remove_prefix(size);
  if (std::ranges::any_of(pieces_, [](std::string_view piece) { return !piece.empty(); })) return submit();
  too_slow_.disarm();
  listener_.on_all_sent();
}

// The send that is under way ends with the connection.
void SendQueue::on_too_slow(engine::Instant) {
  VERIFY(sending_);
  is_over_ = true;
  listener_.on_send_failed();
}

}  // namespace net
