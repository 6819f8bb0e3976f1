// What has come from a client and is not parsed yet. It is received into memory of its own: the receive buffers of a shard are
// the senders' of rows, who may hold all of them while they wait for an owner, and HTTP must answer just then.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>

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
  static constexpr size_t piece_size_max = size_t{8} * 1024;  // received at a time

  ReceiveQueue(engine::Shard& shard, engine::FileId socket, ReceiveListener& listener);

  // Asks for more, unless that is under way.
  void receive();

  bool is_busy() const { return receiving_; }

  // Whoever parses it takes bytes from the front.
  std::string& text() { return text_; }
  const std::string& text() const { return text_; }

 private:
  void on_piece(const engine::IoResult& result);

  engine::Shard& shard_;
  engine::FileId socket_;
  ReceiveListener& listener_;
  bool receiving_ = false;
  std::unique_ptr<std::array<std::byte, piece_size_max>> piece_;  // made for the first receive
  std::string text_;
  engine::MemberCompletion<&ReceiveQueue::on_piece> received_{*this};
};

}  // namespace net
