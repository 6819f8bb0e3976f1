// The clients of a life that send rows, over TCP, UDP and HTTP, and what they are told.
#include "tests/node/life.h"

#include <algorithm>
#include <utility>

namespace sim {
namespace {

constexpr size_t senders_max = 4;
constexpr size_t writers_max = 3;                                    // over HTTP
constexpr engine::Duration resend_pause = engine::milliseconds(10);  // as clients do
constexpr engine::SocketAddress datagram_sender = engine::SocketAddress::loopback(9);

}  // namespace

void Life::send_some() {
  if (senders_.size() < senders_max && prng().chance(1, 10)) {
    const bool is_mixed = prng().below(100) < plan_.mixed_percent;
    senders_.push_back({.connection = world_.net().connect(node_.addresses().tcp->port), .rows = {}, .is_mixed = is_mixed});
    senders_.back().rows.all_arrive = !is_mixed;
  }
  if (senders_.empty() || !prng().chance(1, 3)) return;
  TcpSender& sender = senders_[prng().below(senders_.size())];
  if (sender.connection.unsent() > 8192) return;
  std::string lines;
  for (uint64_t i = 1 + prng().below(6); i > 0; --i) {
    uint64_t id = 0;
    lines += model_.make_line(id, sender.is_mixed);
    sender.rows.ids.push_back(id);
  }
  sender.connection.send(lines);
}

void Life::send_datagram() {
  uint64_t id = 0;
  const std::string line = model_.make_line(id);
  if (line.size() > plan_.backend.receive_buffer_size) return;  // it would be cut off
  model_.may_repeat(id);
  datagrams_.ids.push_back(id);
  world_.net().send_datagram(datagram_sender, node_.addresses().udp->port, line);
}

void Life::send_request() {
  std::erase_if(writers_, [](const HttpWriter& writer) { return !writer.is_open() && !writer.is_waiting(); });
  if (writers_.size() < writers_max && prng().chance(1, 3)) {
    writers_.emplace_back(world_.net(), node_.addresses().http->port);
  }
  const auto idle = std::ranges::find_if(writers_, [](const HttpWriter& writer) { return !writer.is_waiting(); });
  if (idle == writers_.end()) return;
  WriteRequest request = make_request();
  const size_t chunk_size = prng().chance(1, 2) ? prng().between(1, request.body.size()) : 0;
  idle->send(std::move(request), chunk_size);
}

// A new one, or one that is sent again.
WriteRequest Life::make_request() {
  // Where a shard may be made to stand still, what it has not told yet is known by a key only (docs/wal.md).
  const auto is_due = [&](const WriteRequest& each) {
    return each.not_before <= world_.now() && (!each.key.empty() || !stands_still_ || each.not_before < began_at_);
  };
  const auto again = std::ranges::find_if(unanswered_, is_due);
  if (again != unanswered_.end() && prng().chance(1, 2)) {
    WriteRequest request = std::move(*again);
    unanswered_.erase(again);
    model_.add_repeat(request.ids);
    ++counts_.requests_sent_again;
    return request;
  }
  WriteRequest request{.ids = {}, .is_bad = prng().chance(1, 6), .is_whole = !prng().chance(1, 8)};
  const uint64_t lines = prng().chance(1, 16) ? prng().between(100, 300) : prng().between(1, 20);
  const uint64_t bad_line = prng().below(lines);
  for (uint64_t i = 0; i < lines; ++i) {
    if (request.is_bad && i == bad_line) request.body += "bad\n";
    request.body += model_.make_line(request.ids.emplace_back());
  }
  if (prng().chance(1, 2)) request.key = "key-" + std::to_string(request.ids.front());
  model_.add_request(request.ids);
  return request;
}

// Not where tables are changed: what a statement took away is no longer there, and yet it was stored.
void Life::send_again(WriteRequest request) {
  if (!request.is_whole || request.is_bad || plan_.changes_tables) return;
  request.is_repeat = true;
  request.not_before = world_.now() + resend_pause;
  unanswered_.push_back(std::move(request));
}

void Life::take_write_answers() {
  for (HttpWriter& writer : writers_) {
    if (!writer.is_waiting()) continue;
    if (const auto answered = writer.take_answer()) note_write(answered->first, answered->second);
  }
}

// Without an answer nobody knows: then it is all of the rows or none.
void Life::note_write(const WriteRequest& request, std::optional<int> status) {
  if (!request.is_whole || request.is_bad) {
    if (status == 204) fail("a request that must be refused was acknowledged");
    if (status && request.is_whole && *status != 400 && *status != 503)
      fail("a bad request was answered with " + std::to_string(*status));
    model_.note_refused(request.ids);
    counts_.requests_refused += 1;
  } else if (status == 204) {
    model_.note_acknowledged(request.ids);
    counts_.requests_acknowledged += 1;
    counts_.rows_acknowledged += request.ids.size();
  } else if (!status) {
    send_again(request);
  } else if (status == 503) {
    if (!request.is_repeat) model_.note_refused(request.ids);
    send_again(request);
    counts_.requests_put_off += 1;
  } else {
    fail("a good request was answered with " + std::to_string(*status));
  }
}

}  // namespace sim
