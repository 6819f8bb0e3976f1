#include "net/http/receive_queue.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace net {

ReceiveQueue::ReceiveQueue(engine::Shard& shard, engine::FileId socket, ReceiveListener& listener)
    : shard_(shard), socket_(socket), listener_(listener) {}

void ReceiveQueue::expect(size_t size) { wanted_ = std::clamp(size, small_size, size_max); }

// Room behind the text: what is wanted at once when there is no text, else at least some. The text moves only when it must.
void ReceiveQueue::make_room() {
  constexpr size_t room_min = small_size / 2;
  const size_t wanted = std::min(size_max, std::max(wanted_, text_.empty() ? 0 : text_.size() + room_min));
  const bool fits = memory_.size() >= wanted && (text_.empty() || memory_.size() - end_ >= room_min);
  const bool is_oversized = text_.empty() && memory_.size() > wanted_;
  if (fits && !is_oversized) {
    if (text_.empty()) end_ = 0;
    return;
  }
  const size_t size = text_.size();
  if (memory_.size() < wanted || is_oversized) {
    std::vector<char> memory(std::max(wanted, std::min(size_max, 2 * size)));
    std::ranges::copy(text_, memory.begin());
    memory_.swap(memory);
  } else {
    std::memmove(memory_.data(), text_.data(), size);
  }
  text_ = {memory_.data(), size};
  end_ = size;
}

void ReceiveQueue::receive() {
  if (receiving_ || is_full()) return;
  make_room();
  VERIFY_LT(end_, memory_.size());
  receiving_ = true;
  shard_.reactor().submit({.op = engine::IoOp::recv_into,
                           .file = socket_,
                           .buffer = std::as_writable_bytes(std::span(memory_).subspan(end_)),
                           .completion = &received_});
}

void ReceiveQueue::on_piece(const engine::IoResult& result) {
  VERIFY(receiving_);
  receiving_ = false;
  has_failed_ = result.result < 0;
  if (result.result <= 0) return listener_.on_received(0);
  const auto size = static_cast<size_t>(result.result);
  if (text_.empty()) text_ = {memory_.data() + end_, 0};
  VERIFY(text_.data() + text_.size() == memory_.data() + end_);
  text_ = {text_.data(), text_.size() + size};
  end_ += size;
  VERIFY_LE(end_, memory_.size());
  listener_.on_received(size);
}

}  // namespace net
