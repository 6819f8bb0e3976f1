#include "net/http/receive_queue.h"

#include <span>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace net {

ReceiveQueue::ReceiveQueue(engine::Shard& shard, engine::FileId socket, ReceiveListener& listener)
    : shard_(shard), socket_(socket), listener_(listener) {}

void ReceiveQueue::receive() {
  if (receiving_) return;
  if (piece_ == nullptr) piece_ = std::make_unique<std::array<std::byte, piece_size_max>>();
  receiving_ = true;
  shard_.reactor().submit(
      {.op = engine::IoOp::recv_into, .file = socket_, .buffer = std::span(*piece_), .completion = &received_});
}

void ReceiveQueue::on_piece(const engine::IoResult& result) {
  VERIFY(receiving_);
  receiving_ = false;
  if (result.result <= 0) return listener_.on_received(0);
  const auto size = static_cast<size_t>(result.result);
  text_.append(engine::as_text(std::span(*piece_).first(size)));
  listener_.on_received(size);
}

}  // namespace net
