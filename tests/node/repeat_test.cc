// Requests that come again, to whole nodes: with a key, and without one after an answer that was perhaps not received. Their
// rows are stored once; requests that only say the same are all stored.
#include "storage/repeat/desk.h"

#include <memory>
#include <string>
#include <string_view>

#include "net/http/repeat_guard.h"
#include "tests/catch.h"
#include "tests/node/http_query.h"
#include "tests/node/sim_node.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_world.h"

namespace sim {
namespace {

constexpr engine::Duration wait_max = engine::seconds(30);
constexpr engine::Duration resend_pause = engine::milliseconds(10);  // of clients

net::NodeOptions make_options() {
  net::NodeOptions options = small_node();
  options.shards = 3;
  options.http = any_port;
  options.source.rows_max = 16;  // a request of more rows goes in parts
  options.owner.checkpoint_pause = engine::milliseconds(10);
  return options;
}

std::string request(const std::string& body, const std::string& key = {}, const std::string& target = "/write") {
  std::string text = "POST " + target + " HTTP/1.1\r\nHost: sim\r\n";
  if (!key.empty()) text += "Idempotency-Key: " + key + "\r\n";
  return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string rows_of(std::string_view table, int count) {
  std::string body;
  for (int i = 0; i < count; ++i) body.append(table).append(" id=").append(std::to_string(i)).append("i 1000\n");
  return body;
}

class RepeatNode {
 public:
  explicit RepeatNode(const net::NodeOptions& options = make_options()) : options_(options) { start(); }

  SimClient connect() { return world_.net().connect(node_->addresses().http->port); }

  // By a client of its own, which goes to the next shard. The head of the answer.
  std::string post(const std::string& body, const std::string& key = {}, const std::string& target = "/write") {
    SimClient client = connect();
    client.send(request(body, key, target));
    std::string head = answer(client);
    client.close();
    node_->run_for(resend_pause);
    return head;
  }

  std::string answer(SimClient& client) {
    const auto is_here = [&] { return client.received().find("\r\n\r\n") != std::string::npos; };
    INFO(client.received());
    REQUIRE(node_->run_until(is_here, wait_max));
    node_->run_for(engine::milliseconds(1));
    return client.take_received();
  }

  size_t count(const std::string& table) {
    HttpQuery query(world_.net(), node_->addresses().http->port, table);
    REQUIRE(node_->run_until([&] { return query.is_over(); }, wait_max));
    std::string error;
    const auto ids = query.ids(error);
    return ids ? ids->size() : 0;
  }

  uint64_t requests_repeated() {
    uint64_t count = 0;
    for (const net::LedgerRow& row : node_->ledger()) {
      CHECK(row.rows_received == row.rows_durable + row.rows_rejected + row.rows_repeated + row.rows_pending);
      count += row.requests_repeated;
    }
    return count;
  }

  void run_for(engine::Duration time) { node_->run_for(time); }
  void slow_down_disk(engine::Duration latency) { world_.options().disk = {.latency_min = latency, .latency_max = latency}; }
  SimNode& node() { return *node_; }

  void stop() { REQUIRE(node_->stop(wait_max).ok()); }

  void restart(uint16_t shards = 3) {
    if (world_.outage() == Outage::none) world_.power_off();
    node_.reset();
    world_.restart();
    options_.shards = shards;
    start();
  }

 private:
  void start() {
    node_ = std::make_unique<SimNode>(world_, options_);
    const absl::Status recovered = node_->recover();
    INFO(recovered);
    REQUIRE(recovered.ok());
    REQUIRE(node_->start().ok());
  }

  net::NodeOptions options_;
  SimWorld world_{{.seed = 1}};
  std::unique_ptr<SimNode> node_;
};

bool is_stored(const std::string& head) { return head.starts_with("HTTP/1.1 204"); }

TEST_CASE("repeat: a key that comes again is answered as before and stores nothing, on whichever shard") {
  RepeatNode node;
  for (int i = 0; i < 7; ++i) CHECK(is_stored(node.post("t id=1i 1000\n", "a")));
  CHECK(node.count("t") == 1);
  CHECK(node.requests_repeated() == 6);
  CHECK(is_stored(node.post("t id=1i 1000\n", "b")));
  CHECK(node.count("t") == 2);
}

TEST_CASE("repeat: a key that comes with something else is refused, and so is one that is too long") {
  RepeatNode node;
  CHECK(is_stored(node.post("t id=1i 1000\n", "a")));
  const std::string refusal = node.post("t id=2i 1000\n", "a");
  CHECK(refusal.starts_with("HTTP/1.1 422"));
  CHECK_THAT(refusal, tests::contains_text("Idempotency-Key"));
  CHECK(node.post("t id=1i 1000\n", "a", "/write?precision=s").starts_with("HTTP/1.1 422"));
  CHECK(is_stored(node.post("t id=3i 1000\n", std::string(net::RepeatGuard::key_size_max, 'k'))));
  CHECK(node.post("t id=4i 1000\n", std::string(net::RepeatGuard::key_size_max + 1, 'k')).starts_with("HTTP/1.1 400"));
  CHECK(node.count("t") == 2);
}

TEST_CASE("repeat: a request that failed has not used its key up") {
  RepeatNode node;
  CHECK(node.post("t id=1i 1000\nbad\n", "a").starts_with("HTTP/1.1 400"));
  SimClient client = node.connect();
  client.send(request("t id=1i 1000\n", "a").substr(0, 70));
  node.run_for(resend_pause);
  client.reset();
  node.run_for(resend_pause);
  CHECK(is_stored(node.post("t id=1i 1000\n", "a")));
  CHECK(node.count("t") == 1);
}

TEST_CASE("repeat: while a request runs another one with its key is put off") {
  RepeatNode node;
  SimClient slow = node.connect();
  slow.send(
      "POST /write HTTP/1.1\r\nIdempotency-Key: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "d\r\nt id=1i 1000\n\r\n");
  node.run_for(resend_pause);
  const std::string put_off = node.post("t id=1i 1000\n", "a");
  CHECK(put_off.starts_with("HTTP/1.1 503"));
  CHECK_THAT(put_off, tests::contains_text("Retry-After: 1\r\n"));
  slow.send("0\r\n\r\n");
  CHECK(is_stored(node.answer(slow)));
  CHECK(is_stored(node.post("t id=1i 1000\n", "a")));
  CHECK(node.count("t") == 1);
}

TEST_CASE("repeat: without a key requests that say the same are all stored") {
  RepeatNode node;
  for (int i = 0; i < 5; ++i) CHECK(is_stored(node.post("t id=1i 1000\n")));
  CHECK(node.count("t") == 5);
  SimClient client = node.connect();  // and on one connection, the last answer of which is on its way when it ends
  for (int i = 0; i < 5; ++i) {
    client.send(request("t id=1i 1000\n"));
    CHECK(is_stored(node.answer(client)));
  }
  client.close();
  CHECK(is_stored(node.post("t id=1i 1000\n")));
  CHECK(node.count("t") == 11);
  CHECK(node.requests_repeated() == 0);
}

TEST_CASE("repeat: an answer that did not arrive lets the same request come again once") {
  RepeatNode node;
  for (int round = 1; round <= 4; ++round) {
    SimClient client = node.connect();
    client.pause_reading();
    client.send(request("t id=1i 1000\n"));
    node.run_for(resend_pause);
    REQUIRE(node.count("t") == static_cast<size_t>(2 * round - 1));
    client.reset();
    node.run_for(resend_pause);
    CHECK(is_stored(node.post("t id=1i 1000\n")));
    CHECK(node.count("t") == static_cast<size_t>(2 * round - 1));
    CHECK(node.requests_repeated() == static_cast<uint64_t>(round));
    CHECK(is_stored(node.post("t id=1i 1000\n")));  // is meant so
    CHECK(node.count("t") == static_cast<size_t>(2 * round));
  }
}

TEST_CASE("repeat: a client that went away before it was answered is told when it comes again") {
  for (const int rows : {1, 100}) {
    RepeatNode node;
    SimClient client = node.connect();
    client.send(request(rows_of("t", rows)));
    client.close();
    node.run_for(resend_pause);
    CHECK(is_stored(node.post(rows_of("t", rows))));
    CHECK(node.count("t") == static_cast<size_t>(rows));
  }
}

TEST_CASE("repeat: what a client says while it still commits elsewhere is put off, however its first connection ended") {
  for (const bool is_reset : {true, false}) {
    RepeatNode node;
    CHECK(is_stored(node.post("t id=0i 1000\n")));  // the table is there
    node.slow_down_disk(engine::milliseconds(100));
    SimClient client = node.connect();
    client.send(request("t id=1i 1000\n"));
    node.run_for(engine::milliseconds(5));
    is_reset ? client.reset() : client.half_close();
    node.run_for(resend_pause);
    CHECK(node.post("t id=1i 1000\n").starts_with("HTTP/1.1 503"));
    node.run_for(engine::seconds(1));
    CHECK(node.count("t") == 2);
    if (!is_reset) CHECK(is_stored(node.answer(client)));
    CHECK(is_stored(node.post("t id=1i 1000\n")));
    CHECK(node.count("t") == (is_reset ? 2U : 3U));  // who has been answered means it
  }
}

TEST_CASE("repeat: a key is known after a stop and after a crash, whatever the number of shards") {
  for (const bool is_stop : {true, false}) {
    RepeatNode node;
    CHECK(is_stored(node.post("t id=1i 1000\n", "a")));
    CHECK(is_stored(node.post(rows_of("u", 50) + rows_of("v", 50) + rows_of("w", 50), "b")));
    for (const uint16_t shards : {uint16_t{2}, uint16_t{5}, uint16_t{1}}) {
      if (is_stop) node.stop();
      node.restart(shards);
      CHECK(is_stored(node.post("t id=1i 1000\n", "a")));
      CHECK(is_stored(node.post(rows_of("u", 50) + rows_of("v", 50) + rows_of("w", 50), "b")));
      CHECK(node.post("t id=2i 1000\n", "b").starts_with("HTTP/1.1 422"));
    }
    CHECK(node.count("t") == 1);
    CHECK(node.count("u") == 50);
    CHECK(node.count("w") == 50);
  }
}

TEST_CASE("repeat: after a crash nobody knows what was answered, after a stop it is known") {
  for (const bool is_stop : {true, false}) {
    RepeatNode node;
    CHECK(is_stored(node.post("t id=1i 1000\n")));
    if (is_stop) node.stop();
    node.restart();
    CHECK(is_stored(node.post("t id=1i 1000\n")));
    CHECK(node.count("t") == (is_stop ? 2U : 1U));
    CHECK(is_stored(node.post("t id=1i 1000\n")));
    CHECK(node.count("t") == (is_stop ? 3U : 2U));
  }
}

TEST_CASE("repeat: an answer that was lost before a stop is known behind it") {
  RepeatNode node;
  SimClient client = node.connect();
  client.pause_reading();
  client.send(request("t id=1i 1000\n"));
  node.run_for(resend_pause);
  REQUIRE(node.count("t") == 1);
  client.reset();
  node.run_for(resend_pause);
  node.stop();
  node.restart();
  CHECK(is_stored(node.post("t id=1i 1000\n")));
  CHECK(node.count("t") == 1);
  CHECK(is_stored(node.post("t id=1i 1000\n")));
  CHECK(node.count("t") == 2);
}

TEST_CASE("repeat: a key outlives its segment of the log") {
  net::NodeOptions options = make_options();
  options.shards = 1;
  options.owner.wal.segment_size = 32 * 1024;
  RepeatNode node(options);
  CHECK(is_stored(node.post("t id=1i 1000\n", "a")));
  const auto is_gone = [&] { return node.node().shard(0).owner().wal().recycle_count() > 3; };
  for (int i = 0; i < 500 && !is_gone(); ++i) CHECK(is_stored(node.post(rows_of("other", 60))));
  REQUIRE(is_gone());
  for (int start = 0; start < 2; ++start) {
    node.restart(1);
    CHECK(is_stored(node.post("t id=1i 1000\n", "a")));
    CHECK(node.count("t") == 1);
  }
}

TEST_CASE("repeat: what is known is forgotten when its time is over") {
  net::NodeOptions options = make_options();
  options.owner.repeats = {.notes_max = 100, .key_time = engine::seconds(5), .content_time = engine::seconds(1)};
  RepeatNode node(options);
  CHECK(is_stored(node.post("t id=1i 1000\n", "a")));
  node.run_for(engine::seconds(4));
  CHECK(is_stored(node.post("t id=1i 1000\n", "a")));
  CHECK(node.count("t") == 1);
  node.run_for(engine::seconds(2));
  CHECK(is_stored(node.post("t id=1i 1000\n", "a")));
  CHECK(node.count("t") == 2);
}

}  // namespace
}  // namespace sim
