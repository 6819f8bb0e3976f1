// What a node does when one of its shards does not get to its work for a while, or when clients come in a storm: it slows
// down, and loses and ends nothing.
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/node/sim_node.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_world.h"

namespace sim {
namespace {

net::NodeOptions make_options() {
  net::NodeOptions options = small_node();
  options.shards = 2;
  options.tcp = any_port;
  options.source.batches_max = 8;
  options.ingest.connections_max = 50;  // more are handed over all the same, and closed there
  return options;
}

uint64_t rows_durable(const SimNode& node) {
  uint64_t rows = 0;
  for (const net::LedgerRow& row : node.ledger()) rows += row.rows_durable;
  return rows;
}

TEST_CASE("overload: a storm of connections while a shard is busy takes no room from the batches that go to it") {
  SimWorld world({.seed = 1});
  SimNode node(world, make_options());
  REQUIRE(node.recover().ok());
  REQUIRE(node.start().ok());
  const uint16_t port = node.addresses().tcp->port;
  SimClient sender = world.net().connect(port);
  uint64_t rows = 0;
  const auto send_rows = [&] {
    for (int table = 0; table < 4; ++table, ++rows) sender.send("t" + std::to_string(table) + " f=1 1000\n");
  };
  send_rows();
  const auto all_durable = [&] { return rows_durable(node) == rows; };
  REQUIRE(node.run_until(all_durable, engine::seconds(60)));

  // Shard 1 is in one long turn. The storm comes first: nothing of the room is taken when the batches want theirs.
  node.hold_shard(1, true);
  std::vector<SimClient> storm;
  for (int turn = 0; turn < 100; ++turn) {
    for (int i = 0; i < 20; ++i) storm.push_back(world.net().connect(port));
    node.run_for(engine::milliseconds(1));
  }
  for (int turn = 0; turn < 10; ++turn) {
    send_rows();
    node.run_for(engine::milliseconds(1));
  }
  node.hold_shard(1, false);
  REQUIRE(node.run_until(all_durable, engine::seconds(60)));
  const auto connections = [&](uint16_t shard) { return node.shard(shard).ingest().connection_count(); };
  CHECK(node.run_until([&] { return connections(0) == 50 && connections(1) == 50; }, engine::seconds(60)));
  for (SimClient& client : storm) client.close();
  sender.half_close();
  CHECK(node.stop(engine::seconds(60)).ok());
}

}  // namespace
}  // namespace sim
