// What is on its way to a client: a text of our own, bytes lent by somebody else, and a text behind them, sent in this order,
// at most send_size_max bytes at a time. The client must take all of it within send_time_max: parts are small, so one that
// takes less than a part in that time is no taker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/shard/shard.h"

namespace net {

class SendListener {
 public:
  // All has been taken.
  virtual void on_all_sent() = 0;

  // The client is gone or too slow, or give_up() ended the sending. A send may still be under way (is_busy()); it is told here,
  // too, when it has ended.
  virtual void on_send_failed() = 0;

 protected:
  ~SendListener() = default;
};

class SendQueue {
 public:
  static constexpr size_t send_size_max = size_t{256} * 1024;
  static constexpr size_t copied_size_max = size_t{16} * 1024;  // lent bytes that travel in one send with the texts
  static constexpr engine::Duration send_time_max = engine::seconds(30);

  SendQueue(engine::Shard& shard, engine::FileId socket, SendListener& listener);

  // Requires !is_busy(). Each of them may be empty, but not all. Lent bytes are their lender's again once is_busy() is false.
  void send(std::string front, std::string_view lent = {}, std::string_view back = {});

  bool is_busy() const { return sending_; }

  // Sends no more; a send that is under way fails when the kernel has answered it.
  void give_up();

 private:
  void submit();
  void on_sent(const engine::IoResult& result);
  void on_too_slow(engine::Instant now);

  engine::Shard& shard_;
  engine::FileId socket_;
  SendListener& listener_;
  bool sending_ = false;
  bool is_over_ = false;
  std::string front_;
  std::string back_;
  std::array<std::string_view, 3> pieces_;
  size_t piece_ = 0;
  engine::MemberCompletion<&SendQueue::on_sent> sent_{*this};
  engine::MemberTimer<&SendQueue::on_too_slow> too_slow_;
};

}  // namespace net
