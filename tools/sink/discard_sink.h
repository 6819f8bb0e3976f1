// A server that receives and forgets: it counts the bytes and lines of its TCP connections. What it does in a second is what
// this machine, its kernel and the seam allow; the real server is measured beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/io/backend.h"
#include "engine/reactor/reactor.h"

namespace tools {

class DiscardSink {
 public:
  static constexpr size_t connection_count_max = 1024;  // at a time; others are closed at once

  // Accepts from the next turn of the reactor on, which does not turn any more once this object is gone.
  DiscardSink(engine::Reactor& reactor, engine::FileId listener);
  ~DiscardSink();
  DiscardSink(const DiscardSink&) = delete;
  DiscardSink& operator=(const DiscardSink&) = delete;

  uint64_t bytes() const { return bytes_; }
  uint64_t lines() const { return lines_; }
  uint64_t accepted_count() const { return accepted_count_; }
  size_t open_count() const { return open_count_; }

 private:
  class Connection;

  void accept();
  void on_accepted(const engine::IoResult& result);
  void count(std::span<const std::byte> data);

  engine::Reactor& reactor_;
  engine::FileId listener_;
  engine::MemberCompletion<&DiscardSink::on_accepted> accepted_{*this};
  std::vector<std::unique_ptr<Connection>> connections_;  // idle ones are used again
  uint64_t bytes_ = 0;
  uint64_t lines_ = 0;
  uint64_t accepted_count_ = 0;
  size_t open_count_ = 0;
};

}  // namespace tools
