// What a connection has received and not yet consumed. It stands in the receive buffer that it came in, or, once that was given
// back, in memory of its own, which counts in the ReceiveRoom.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/io/backend.h"
#include "net/ingest/receive_room.h"

namespace net {

class ReceivedBytes {
 public:
  // Both outlive it.
  ReceivedBytes(engine::IoBackend& backend, ReceiveRoom& room) : backend_(backend), room_(room) {}
  ReceivedBytes(const ReceivedBytes&) = delete;
  ReceivedBytes& operator=(const ReceivedBytes&) = delete;
  ~ReceivedBytes() { release(); }

  // Of a receive that has ended, however; nothing was held before.
  void take(const engine::IoResult& result);

  // Not yet consumed: whoever consumes moves its front.
  std::string_view& rest() { return rest_; }

  bool is_in_buffer() const { return buffer_ != engine::buffer_none; }

  // Copies the rest, so that the buffer is free for others.
  void keep_apart();

  // Gives everything back, whatever is left.
  void release();

 private:
  engine::IoBackend& backend_;
  ReceiveRoom& room_;
  engine::BufferId buffer_ = engine::buffer_none;
  std::string_view rest_;  // of the buffer, or of copy_
  std::string copy_;
  size_t copy_size_ = 0;  // as the ReceiveRoom counts it
};

}  // namespace net
