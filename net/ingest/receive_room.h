// What the senders of a shard share while they receive: receive buffers, and memory for lines that are not whole. Nobody is
// refused anything here: who finds no room does not receive, so that TCP slows its sender, and is called when there is room.
//
// Memory. Beyond size_max whoever holds more than small_size_max of an unfinished line waits, but for one sender at a time,
// which has the pass: it goes on until its line is whole. Who has it and sends nothing for a moment loses it to the next one,
// and beyond twice size_max its connection, too. So lines of any number of senders get through however many others stand still
// in the middle of theirs, and the memory is bounded by twice size_max, one line more, and small_size_max for each sender.
//
// Buffers. Who was starved goes on when another sender gives a buffer back; a timer only looks after the case that no sender
// has one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "engine/base/time.h"

namespace net {

class Receiver {
 public:
  virtual void receive_again() = 0;

 protected:
  ~Receiver() = default;
};

class ReceiveRoom {
 public:
  static constexpr size_t small_size_max = size_t{4} << 10;

  explicit ReceiveRoom(size_t size_max) : size_max_(size_max) {}

  // The account of what is held now: `held` is the sender's part of it, `size` what that shall be.
  void set_held(size_t& held, size_t size) {
    size_ += size - held;
    held = size;
  }
  bool has_memory() const { return size_ <= size_max_; }

  // Whether a sender that holds so much may receive. If not it is called when it may.
  bool may_receive(Receiver& receiver, size_t held, engine::Instant now);
  // The line of `receiver` is whole, or it is gone.
  void give_back_pass(Receiver& receiver) {
    if (pass_ == &receiver) pass_ = nullptr;
  }
  bool is_crowded() const { return !waiting_.empty(); }
  bool is_overfull() const { return size_ > 2 * size_max_; }
  // Who has the pass and received nothing for so long, while others wait for it, or null.
  Receiver* find_idle(engine::Instant now, engine::Duration time) const {
    return !waiting_.empty() && now - pass_since_ >= time ? pass_ : nullptr;
  }

  void on_buffer_taken() { ++buffers_held_; }
  void on_buffer_released() {
    --buffers_held_;
    ++buffers_free_;
  }
  void wait_for_buffer(Receiver& receiver) { starved_.push_back(&receiver); }
  // Nobody will give a buffer back: whoever is starved has to be called after a while.
  bool is_stuck() const { return !starved_.empty() && buffers_held_ == 0; }

  // Calls those that may go on. `all_starved`: those that wait for a buffer, too, although none was given back.
  void serve(bool all_starved);

  void forget(Receiver& receiver);

 private:
  const size_t size_max_;
  size_t size_ = 0;
  Receiver* pass_ = nullptr;
  engine::Instant pass_since_;
  std::deque<Receiver*> waiting_;  // for memory
  std::deque<Receiver*> starved_;  // wait for a receive buffer
  size_t buffers_held_ = 0;
  size_t buffers_free_ = 0;  // given back since the last serve
};

}  // namespace net
