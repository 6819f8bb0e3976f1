// Requests that are larger than the memory for them, as a client sends them to a whole node: stored whole or not at all, read
// as a whole, and in nobody's way.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/node/http_query.h"
#include "tests/node/http_writer.h"
#include "tests/node/sim_node.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_world.h"

namespace sim {
namespace {

constexpr uint64_t tables = 4;
constexpr uint64_t request_rows = 4000;

net::NodeOptions make_options() {
  net::NodeOptions options = small_node();
  options.shards = 2;
  options.tcp = any_port;
  options.http = any_port;
  options.owner.wal.size_max = 8 << 20;
  options.owner.logged_size_max = 4 << 10;
  options.owner.apply_size_min = 8 << 10;
  options.owner.apply_age_max = engine::milliseconds(5);
  options.owner.checkpoint_pause = engine::milliseconds(20);
  return options;
}

// Rows of all tables, in no order of time, with a text that no other row has.
std::string body_of(uint64_t first, uint64_t rows) {
  std::string body;
  for (uint64_t i = first; i < first + rows; ++i) {
    body += "t" + std::to_string(i % tables) + ",s=s" + std::to_string(i % 50) + " id=" + std::to_string(i) + "i,note=\"n" +
            std::to_string(i) + "\" " + std::to_string(1'000'000'000 + i * 7919 % 100'003 * 1000) + "\n";
  }
  return body;
}

class LargeNode {
 public:
  explicit LargeNode(const net::NodeOptions& options = make_options()) : options_(options) {
    start();
    post(body_of(0, tables));  // the tables are there
  }

  HttpWriter& begin(const std::string& body) {
    writers_.push_back(std::make_unique<HttpWriter>(world_.net(), node_->addresses().http->port));
    writers_.back()->send({.ids = {}, .body = body}, 0);
    return *writers_.back();
  }

  std::optional<int> answer(HttpWriter& writer) {
    std::optional<std::pair<WriteRequest, std::optional<int>>> answer;
    REQUIRE(node_->run_until([&] { return (answer = writer.take_answer()).has_value(); }, engine::seconds(60)));
    return answer->second;
  }

  std::optional<int> post(const std::string& body) { return answer(begin(body)); }

  std::vector<uint64_t> ids(uint64_t table) {
    HttpQuery query(world_.net(), node_->addresses().http->port, "t" + std::to_string(table));
    REQUIRE(node_->run_until([&] { return query.is_over(); }, engine::seconds(60)));
    std::string error;
    std::optional<std::vector<uint64_t>> ids = query.ids(error);
    INFO(error);
    REQUIRE(ids.has_value());
    std::ranges::sort(*ids);
    return *std::move(ids);
  }

  // Every table has its rows up to `rows`, each once.
  void check(uint64_t rows) {
    for (uint64_t table = 0; table < tables; ++table) {
      std::vector<uint64_t> expected;
      for (uint64_t i = table; i < rows; i += tables) expected.push_back(i);
      CHECK((ids(table) == expected));
    }
  }

  uint64_t frames_read_back() const {
    uint64_t count = 0;
    for (uint16_t i = 0; i < node_->shard_count(); ++i) count += node_->shard(i).owner().frames_read_back();
    return count;
  }

  void restart() {
    if (world_.outage() == Outage::none) world_.power_off();
    writers_.clear();
    node_.reset();
    world_.restart();
    start();
  }

  SimNode& node() { return *node_; }
  SimWorld& world() { return world_; }
  void stop() { REQUIRE(node_->stop(engine::seconds(60)).ok()); }

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
  std::vector<std::unique_ptr<HttpWriter>> writers_;
};

TEST_CASE("large requests: one that is larger than the memory for it is stored whole, and again after a power failure") {
  LargeNode node;
  CHECK(node.post(body_of(tables, request_rows)) == 204);
  SECTION("read at once") {
    node.check(tables + request_rows);
    CHECK(node.frames_read_back() > 10);
  }
  SECTION("lost before it is applied, and replayed") {}
  node.restart();
  node.check(tables + request_rows);
  node.stop();
}

TEST_CASE("large requests: one that ends in a bad line, or in nothing, leaves nothing behind") {
  LargeNode node;
  CHECK(node.post(body_of(tables, request_rows) + "bad\n") == 400);
  SimClient client = node.world().net().connect(node.node().addresses().http->port);
  client.send("POST /write HTTP/1.1\r\nHost: sim\r\nContent-Length: 9999999\r\n\r\n" + body_of(tables, request_rows));
  node.node().run_for(engine::milliseconds(50));
  SECTION("the client goes") { client.half_close(); }
  SECTION("the power fails in it") { node.restart(); }
  node.check(tables);
  CHECK(node.post(body_of(tables, 100)) == 204);
  node.check(tables + 100);
}

TEST_CASE("large requests: a reader sees all of one or nothing, and rows behind it behind it") {
  LargeNode node;
  SimClient sender = node.world().net().connect(node.node().addresses().tcp->port);
  HttpWriter& writer = node.begin(body_of(tables, request_rows));
  const uint64_t end = tables + request_rows;
  uint64_t sent = 0;
  std::optional<int> status;
  for (int looks = 0; looks < 60; ++looks) {
    sender.send(body_of(end + sent, tables));
    sent += tables;
    const bool was_answered = status.has_value();
    const std::vector<uint64_t> ids = node.ids(0);
    const auto in_request = std::ranges::count_if(ids, [&](uint64_t id) { return id >= tables && id < end; });
    CHECK((in_request == 0 || in_request == static_cast<int64_t>(request_rows / tables)));
    if (const auto answered = writer.is_waiting() ? writer.take_answer() : std::nullopt) status = answered->second;
    if (was_answered) CHECK(in_request > 0);
  }
  CHECK(status == 204);
  node.node().run_for(engine::milliseconds(100));
  node.check(end + sent);
  node.restart();
  node.check(end + sent);
}

TEST_CASE("large requests: one that takes half of the log by itself is refused, and the log is free again") {
  net::NodeOptions options = make_options();
  options.shards = 1;
  options.owner.wal.size_max = 512 << 10;
  LargeNode node(options);
  CHECK(node.post(body_of(tables, 8 * request_rows)) == 413);
  for (uint64_t i = 0; i < 20; ++i) CHECK(node.post(body_of(tables + i * 100, 100)) == 204);
  node.check(tables + 2000);
}

TEST_CASE("large requests: an error in reading back ends the process, and the next start has the rows") {
  LargeNode node;
  node.world().options().disk.read_error_rate = always;
  node.begin(body_of(tables, request_rows));
  REQUIRE(node.node().run_until([&] { return !node.node().fatal().ok(); }, engine::seconds(10)));
  CHECK(engine::message_of(node.node().fatal()).find("read wal/") != std::string::npos);
  node.world().options().disk.read_error_rate = 0;
  node.restart();
  node.check(tables + request_rows);
}

}  // namespace
}  // namespace sim
