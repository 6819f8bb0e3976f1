#include "net/ingest/receive_room.h"

#include <algorithm>

namespace net {

bool ReceiveRoom::may_receive(Receiver& receiver, size_t held, engine::Instant now) {
  if (held <= small_size_max) {
    give_back_pass(receiver);
    return true;
  }
  if (pass_ == &receiver) {
    pass_since_ = now;
    return true;
  }
  if (has_memory()) return true;
  if (pass_ == nullptr) {
    pass_ = &receiver;
    pass_since_ = now;
    return true;
  }
  waiting_.push_back(&receiver);
  return false;
}

// Each one asks again for what it needs; who still finds nothing stands behind the others then.
void ReceiveRoom::serve(bool all_starved) {
  if (has_memory() || pass_ == nullptr) {
    const size_t count = has_memory() ? waiting_.size() : std::min<size_t>(waiting_.size(), 1);
    for (size_t i = 0; i < count; ++i) {
      Receiver* const next = waiting_.front();
      waiting_.pop_front();
      next->receive_again();
    }
  }
  const size_t count = all_starved ? starved_.size() : std::min(starved_.size(), buffers_free_);
  buffers_free_ = 0;
  for (size_t i = 0; i < count; ++i) {
    Receiver* const next = starved_.front();
    starved_.pop_front();
    next->receive_again();
  }
}

void ReceiveRoom::forget(Receiver& receiver) {
  give_back_pass(receiver);
  std::erase(waiting_, &receiver);
  std::erase(starved_, &receiver);
}

}  // namespace net
