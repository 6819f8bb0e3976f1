// What senders of one shard share while they receive, and that no one of them can take it from the others.
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/node/sim_node.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_world.h"

namespace sim {
namespace {

constexpr size_t large = 80'000;

net::NodeOptions make_options() {
  net::NodeOptions options = small_node();
  options.tcp = any_port;
  options.ingest.line_size_max = 1 << 20;
  options.ingest.unfinished_size_max = 300'000;
  options.owner.wal.segment_size = 4 << 20;
  options.owner.wal.size_max = 16 << 20;
  return options;
}

class Life {
 public:
  explicit Life(SimWorld& world, const net::NodeOptions& options = make_options()) : world_(world), node_(world, options) {
    REQUIRE(node_.recover().ok());
    REQUIRE(node_.start().ok());
  }

  SimClient connect() { return world_.net().connect(node_.addresses().tcp->port); }

  void wait_durable(uint64_t rows, engine::Duration time = engine::seconds(60)) {
    const bool came = node_.run_until([&] { return rows_durable() == rows; }, time);
    REQUIRE(node_.fatal().ok());
    CHECK(rows_durable() == rows);
    REQUIRE(came);
  }

  uint64_t rows_durable() const {
    uint64_t rows = 0;
    for (const net::LedgerRow& row : node_.ledger()) rows += row.rows_durable;
    return rows;
  }
  uint64_t rows_rejected() const {
    uint64_t rows = 0;
    for (const net::LedgerRow& row : node_.ledger()) rows += row.rows_rejected;
    return rows;
  }

  // An HTTP client that has asked whether the server is there.
  SimClient ping() {
    SimClient client = world_.net().connect(node_.addresses().http->port);
    client.send("GET /ping HTTP/1.1\r\n\r\n");
    return client;
  }

  SimNode& node() { return node_; }
  void run_for(engine::Duration time) { node_.run_for(time); }
  void stop() { CHECK(node_.stop(engine::seconds(60)).ok()); }

 private:
  SimWorld& world_;
  SimNode node_;
};

TEST_CASE("receive_room: senders that stand still in the middle of large lines take nobody's good line") {
  SimWorld world({.seed = 6});
  Life life(world);
  SimClient good = life.connect();
  good.send("t f=1\n");
  life.wait_durable(1);

  std::vector<SimClient> hogs;
  for (int i = 0; i < 8; ++i) {
    hogs.push_back(life.connect());
    hogs.back().send("t s=\"" + std::string(large, 'x'));
  }
  life.run_for(engine::seconds(1));
  for (uint64_t row = 0; row < 20; ++row) {
    good.send("t s=\"" + std::string(3 * large, 'g') + "\"\n");
    life.wait_durable(row + 2, engine::seconds(20));
  }
  for (SimClient& hog : hogs) hog.send("\"\n");
  life.run_for(engine::seconds(60));
  CHECK(life.rows_rejected() == 0);
  CHECK(life.rows_durable() >= 21);
  for (SimClient& hog : hogs) hog.half_close();
  good.half_close();
  life.stop();
}

TEST_CASE("receive_room: large lines of many senders at once all get through a small memory") {
  net::NodeOptions options = make_options();
  options.ingest.unfinished_size_max = 100'000;
  SimWorld world({.seed = 7});
  Life life(world, options);
  std::vector<SimClient> senders;
  for (int i = 0; i < 12; ++i) {
    senders.push_back(life.connect());
    for (int line = 0; line < 3; ++line) senders.back().send("t s=\"" + std::string(large + 1000 * i, 'x') + "\"\n");
    senders.back().half_close();
  }
  life.wait_durable(36);
  CHECK(life.rows_rejected() == 0);
  life.stop();
}

TEST_CASE("receive_room: senders that wait for an owner give their receive buffers back") {
  net::NodeOptions options = make_options();
  options.shards = 2;
  SimWorld world({.seed = 8});
  Life life(world, options);
  // More than there are receive buffers, each with a line that needs a table, and more behind it.
  std::vector<SimClient> senders;
  for (int i = 0; i < 60; ++i) senders.push_back(life.connect());
  life.run_for(engine::seconds(1));
  life.node().hold_shard(1, true);
  for (int i = 0; i < 60; i += 2) {
    for (int line = 0; line < 3; ++line) senders[static_cast<size_t>(i)].send("t" + std::to_string(i) + " f=1 1000\n");
  }
  life.run_for(engine::seconds(1));
  const uint64_t before = life.rows_durable();
  SimClient late = life.connect();  // on shard 0 as well
  late.send("bad line\n");
  life.run_for(engine::seconds(1));
  CHECK(life.rows_rejected() == 1);
  life.node().hold_shard(1, false);
  life.wait_durable(30 * 3);
  CHECK(before < 30 * 3);
  for (SimClient& sender : senders) sender.half_close();
  late.half_close();
  life.stop();
}

TEST_CASE("receive_room: HTTP answers while senders that wait for an owner hold every receive buffer") {
  net::NodeOptions options = make_options();
  options.shards = 2;
  options.http = any_port;
  options.ingest.unfinished_size_max = 100;  // what stood in a few of the buffers
  SimWorld world({.seed = 9});
  Life life(world, options);
  std::vector<SimClient> senders;
  for (int i = 0; i < 160; ++i) senders.push_back(life.connect());
  life.run_for(engine::seconds(1));
  life.node().hold_shard(1, true);
  for (size_t i = 0; i < senders.size(); ++i) {
    for (int line = 0; line < 3; ++line) senders[i].send("t" + std::to_string(i) + " f=1 1000\n");
  }
  life.run_for(engine::seconds(1));
  std::vector<SimClient> late;  // two, on either shard
  for (int i = 0; i < 2; ++i) {
    late.push_back(life.connect());
    late.back().send("bad line\n");
  }
  SimClient http = life.ping();
  life.run_for(engine::seconds(1));
  CHECK(life.rows_rejected() == 0);  // there is no buffer for either
  CHECK(http.received().starts_with("HTTP/1.1 204"));
  life.node().hold_shard(1, false);
  life.wait_durable(senders.size() * 3);
  life.run_for(engine::seconds(1));
  CHECK(life.rows_rejected() == 2);
  for (SimClient& sender : senders) sender.half_close();
  for (SimClient& each : late) each.half_close();
  http.half_close();
  life.stop();
}

}  // namespace
}  // namespace sim
