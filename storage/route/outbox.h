// Messages that may find no room in a ring, and then wait here: in order, of all peers, so that what is sent to one arrives in
// that order, too.
#pragma once

#include <deque>

#include "engine/shard/shard.h"

namespace storage {

class Outbox {
 public:
  explicit Outbox(engine::Shard& shard) : shard_(shard) {}

  void send(engine::ShardId target, const engine::MeshMessage& message) {
    waiting_.push_back({.target = target, .message = message});
    flush();
  }

  // Once a turn. True: something waits, and who makes room for it wakes nobody.
  bool flush() {
    while (!waiting_.empty() && shard_.endpoint().try_send(waiting_.front().target, waiting_.front().message)) {
      waiting_.pop_front();
    }
    return !waiting_.empty();
  }

  bool is_empty() const { return waiting_.empty(); }

 private:
  struct Waiting {
    engine::ShardId target;
    engine::MeshMessage message;
  };

  engine::Shard& shard_;
  std::deque<Waiting> waiting_;  // bounded by the asks that sources may have out
};

}  // namespace storage
