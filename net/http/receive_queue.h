// What has come from a client and is not parsed yet. It is received into memory of its own: the receive buffers of a shard are
// the senders' of rows, who may hold all of them while they wait for an owner, and HTTP must answer just then. Between requests
// that is small_size; what a body takes more is given back behind it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "engine/shard/shard.h"

namespace net {

class ReceiveListener {
 public:
  // So many bytes have been added to text(); 0: the client sends no more, or is gone.
  virtual void on_received(size_t size) = 0;

 protected:
  ~ReceiveListener() = default;
};

class ReceiveQueue {
 public:
  static constexpr size_t small_size = size_t{8} << 10;
  static constexpr size_t size_max = size_t{256} << 10;

  ReceiveQueue(engine::Shard& shard, engine::FileId socket, ReceiveListener& listener);

  // How much is on its way, at most, as far as is known: what is received at once has room for it, up to size_max. Counts from
  // the next receive on.
  void expect(size_t size);

  // Asks for more, unless that is under way, or the queue is full. text() keeps its bytes and may move.
  void receive();

  bool is_busy() const { return receiving_; }
  bool has_failed() const { return has_failed_; }  // the connection is gone, not only at its end
  bool is_full() const { return text_.size() == size_max; }

  // Whoever parses it takes bytes from the front. They stay where they are until receive().
  std::string_view& text() { return text_; }
  std::string_view text() const { return text_; }

 private:
  void make_room();
  void on_piece(const engine::IoResult& result);

  engine::Shard& shard_;
  engine::FileId socket_;
  ReceiveListener& listener_;
  bool receiving_ = false;
  bool has_failed_ = false;
  size_t wanted_ = small_size;
  std::vector<char> memory_;  // made for the first receive
  std::string_view text_;     // in it
  size_t end_ = 0;            // of what was received, in it
  engine::MemberCompletion<&ReceiveQueue::on_piece> received_{*this};
};

}  // namespace net
