// Datagrams on a whole node: every shard receives its part of the senders, and what is lost is counted.
#include <set>
#include <string>

#include "tests/catch.h"
#include "tests/node/sim_node.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_world.h"

namespace sim {
namespace {

constexpr uint16_t senders = 40;

net::NodeOptions make_options(uint16_t shards) {
  net::NodeOptions options = small_node();
  options.shards = shards;
  options.udp = {.address = any_port};
  return options;
}

// One datagram of a row from each sender; then until all of them are durable or lost. The shards that received some.
std::set<uint64_t> send_from_all(SimWorld& world, SimNode& node, int each) {
  for (uint16_t sender = 0; sender < senders; ++sender) {
    const auto from = engine::SocketAddress::v4(0x0a000001, static_cast<uint16_t>(4000 + sender));
    for (int i = 0; i < each; ++i) world.net().send_datagram(from, node.addresses().udp->port, "t f=1\n");
  }
  const auto settled = [&] {
    uint64_t count = 0;
    for (const net::LedgerRow& row : node.ledger()) count += row.rows_durable;
    for (uint16_t i = 0; i < node.shard_count(); ++i) count += node.shard(i).ingest().datagrams_lost();
    return count == uint64_t{senders} * static_cast<uint64_t>(each);
  };
  CHECK(node.run_until(settled, engine::seconds(60)));
  std::set<uint64_t> shards;
  for (const net::LedgerRow& row : node.ledger()) {
    if (row.rows_durable != 0) shards.insert(row.id >> 48);
  }
  return shards;
}

TEST_CASE("datagrams: every shard receives some of the senders, on one port") {
  SimWorld world({.seed = 1});
  SimNode node(world, make_options(3));
  REQUIRE(node.recover().ok());
  REQUIRE(node.start().ok());
  CHECK(send_from_all(world, node, 1) == std::set<uint64_t>{0, 1, 2});
  for (uint16_t i = 0; i < 3; ++i) CHECK(node.shard(i).ingest().datagrams_lost() == 0);
  CHECK(node.stop(engine::seconds(60)).ok());
}

TEST_CASE("datagrams: those of a group are received by one shard, or each would be there three times") {
  SimWorld world({.seed = 2});
  net::NodeOptions options = make_options(3);
  options.udp->group = engine::SocketAddress::v4(0xe8010203, 0);
  SimNode node(world, options);
  REQUIRE(node.recover().ok());
  REQUIRE(node.start().ok());
  CHECK(send_from_all(world, node, 1) == std::set<uint64_t>{0});
  CHECK(node.stop(engine::seconds(60)).ok());
}

TEST_CASE("datagrams: what finds no room is counted, and nothing else is lost") {
  SimWorld world({.seed = 3});
  SimNode node(world, make_options(2), {.receive_buffer_count = 2});
  REQUIRE(node.recover().ok());
  REQUIRE(node.start().ok());
  send_from_all(world, node, 20);
  CHECK(world.net().datagrams_dropped() > 0);
  CHECK(node.shard(0).ingest().datagrams_lost() + node.shard(1).ingest().datagrams_lost() == world.net().datagrams_dropped());
  CHECK(node.stop(engine::seconds(60)).ok());
}

}  // namespace
}  // namespace sim
