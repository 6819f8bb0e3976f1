// A simulated client that writes over HTTP: one request after the other on its connection, and what was said to each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/time.h"
#include "tests/sim/sim_net.h"

namespace sim {

// Rows of one request. All of them are stored, or none.
struct WriteRequest {
  std::vector<uint64_t> ids;
  bool is_bad = false;   // one of its lines is none: it must be refused
  bool is_whole = true;  // else its client goes away in the middle of it: it is never stored
  std::string body{};
  std::string key{};                // Idempotency-Key; empty: it has none
  bool is_repeat = false;           // it came before, and was not answered by what became of it
  engine::Instant not_before = {};  // when it comes again
};

class HttpWriter {
 public:
  HttpWriter(SimNet& net, uint16_t port) : client_(net.connect(port)) {}

  bool is_open() const { return client_.state() == ClientState::open || client_.state() == ClientState::connecting; }
  bool is_waiting() const { return request_.has_value(); }
  const WriteRequest& request() const { return *request_; }

  // `chunk_size` 0: with its length in the head.
  void send(WriteRequest request, size_t chunk_size);

  // Its client has waited long enough.
  void break_off() { client_.reset(); }

  // The request that is over, and the status of its answer: none when the connection ended before there was one.
  std::optional<std::pair<WriteRequest, std::optional<int>>> take_answer();

 private:
  SimClient client_;
  std::optional<WriteRequest> request_;
};

}  // namespace sim
