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
  net::NodeOptions options;
  options.shards = 2;
  options.tcp = engine::SocketAddress{.ipv4 = 0x7f000001, .port = 0};
  options.source.batches_max = 8;
  options.owner.wal.segment_size = 64 * 1024;
  options.owner.wal.group_size_max = 16 * 1024;
  options.owner.wal.size_max = 1024 * 1024;
  options.owner.wal.sync_method = storage::SyncMethod::write_then_sync;
  options.ingest.line_size_max = 1024;
  options.ingest.connections_max = 50;  // more are handed over all the same, and closed there
  return options;
}

uint64_t rows_durable(const SimNode& node) {
  uint64_t rows = 0;
  for (const net::LedgerRow& row : node.ledger()) rows += row.rows_durable;
  return rows;
}

template <typename Condition>
void run_until(SimWorld& world, SimNode& node, Condition condition) {
  for (int step = 0; step < 20'000 && !condition(); ++step) {
    if (!node.step()) world.advance_by(engine::milliseconds(1));
  }
  REQUIRE(node.fatal().ok());
  REQUIRE(condition());
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
  run_until(world, node, [&] { return rows_durable(node) == rows; });

  // Shard 1 is in one long turn. The storm comes first: nothing of the room is taken when the batches want theirs.
  const auto run_shard_0 = [&](int steps) {
    for (int step = 0; step < steps; ++step) {
      node.shard(0).run_once();
      if (!world.advance()) world.advance_by(engine::milliseconds(1));
    }
  };
  std::vector<SimClient> storm;
  for (int turn = 0; turn < 100; ++turn) {
    for (int i = 0; i < 20; ++i) storm.push_back(world.net().connect(port));
    run_shard_0(20);
  }
  for (int turn = 0; turn < 10; ++turn) {
    send_rows();
    run_shard_0(20);
  }
  run_until(world, node, [&] { return rows_durable(node) == rows; });
  const auto connections = [&](uint16_t shard) { return node.shard(shard).ingest().connection_count(); };
  run_until(world, node, [&] { return connections(0) == 50 && connections(1) == 50; });
  for (SimClient& client : storm) client.close();
  sender.half_close();
  CHECK(node.stop(100'000));
}

}  // namespace
}  // namespace sim
