// A whole node whose TCP senders have to show who they are, in a network that cuts what they say anywhere.
#include <optional>
#include <string>

#include "net/auth/challenge.h"
#include "tests/catch.h"
#include "tests/net/test_key.h"
#include "tests/node/sim_node.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_world.h"

namespace sim {
namespace {

net::NodeOptions make_options() {
  net::NodeOptions options = small_node();
  options.shards = 2;
  options.tcp = any_port;
  options.ingest.users = *net::Users::parse(tests::test_user_line, "auth.txt");
  return options;
}

class Life {
 public:
  explicit Life(SimWorld& world, const net::NodeOptions& options = make_options()) : world_(world), node_(world, options) {
    REQUIRE(node_.recover().ok());
    REQUIRE(node_.start().ok());
  }

  SimClient connect() { return world_.net().connect(node_.addresses().tcp->port); }

  // Whether `condition` came within `time`.
  template <typename Condition>
  bool comes(Condition condition, engine::Duration time = engine::seconds(5)) {
    return node_.run_until(condition, time);
  }

  std::string challenge_of(SimClient& client) {
    CHECK(comes([&] { return client.received().ends_with('\n'); }));
    std::string challenge = client.take_received();
    if (!challenge.empty()) challenge.pop_back();
    return challenge;
  }

  uint64_t rows_durable() const {
    uint64_t rows = 0;
    for (const net::LedgerRow& row : node_.ledger()) rows += row.rows_durable;
    return rows;
  }

  void stop() { CHECK(node_.stop(engine::seconds(60)).ok()); }

 private:
  SimWorld& world_;
  SimNode node_;
};

bool is_over(const SimClient& client) { return client.state() == ClientState::ended || client.state() == ClientState::reset; }

TEST_CASE("login: senders that sign get in, others do not, however the network cuts") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SimWorld world({.seed = seed, .net = {.buffers_exhausted_rate = 20'000, .send_short_rate = 500'000}});
    Life life(world);
    SimClient good = life.connect();
    SimClient bad = life.connect();
    SimClient unknown = life.connect();
    good.send("testUser1\n");
    bad.send("testUser1\n");
    unknown.send("somebody\n");
    const std::string challenge = life.challenge_of(good);
    CHECK(challenge.size() == net::challenge_size);
    const std::string signature = tests::sign(challenge);
    good.send(tests::encode_base64(seed % 2 == 0 ? signature : tests::to_raw(signature)) + "\nt f=1 1000\nt f=2 2000\n");
    CHECK(life.challenge_of(bad) != challenge);
    bad.send(tests::encode_base64(signature) + "\nt f=3 3000\n");
    unknown.send(tests::encode_base64(tests::sign(life.challenge_of(unknown))) + "\nt f=4 4000\n");
    CHECK(life.comes([&] { return life.rows_durable() == 2 && is_over(bad) && is_over(unknown); }));
    good.send("t f=5 5000\n");
    CHECK(life.comes([&] { return life.rows_durable() == 3; }));
    CHECK(good.state() == ClientState::open);
    life.stop();
  }
}

TEST_CASE("login: who does not get to the end of it in time is disconnected") {
  SimWorld world({.seed = 3});
  Life life(world);
  SimClient silent = life.connect();
  SimClient half = life.connect();
  SimClient deaf = life.connect();
  half.send("testUser1\n");
  deaf.pause_reading();
  deaf.send("testUser1\n");
  CHECK_FALSE(life.comes([&] { return is_over(silent) || is_over(half); },
                         net::TcpConnection::handshake_time_max - engine::seconds(3)));
  CHECK(life.comes([&] { return is_over(silent) && is_over(half); }));
  deaf.resume_reading();
  CHECK(life.comes([&] { return is_over(deaf); }));
  life.stop();
}

TEST_CASE("login: a node that stops does not wait for those that are at it") {
  SimWorld world({.seed = 4});
  Life life(world);
  SimClient silent = life.connect();
  SimClient half = life.connect();
  half.send("testUser1\n");
  CHECK(life.challenge_of(half).size() == net::challenge_size);
  life.stop();
}

TEST_CASE("login: a connection without bytes for too long is closed, one with some is not") {
  net::NodeOptions options = make_options();
  options.ingest.users = {};
  options.ingest.idle_time_max = engine::seconds(10);
  SimWorld world({.seed = 5});
  Life life(world, options);
  SimClient idle = life.connect();
  SimClient busy = life.connect();
  idle.send("t f=1 1000\n");
  for (int second = 0; second < 30; second += 5) {
    busy.send("t f=2 2000\n");
    CHECK_FALSE(life.comes([&] { return is_over(busy); }, engine::seconds(5)));
  }
  CHECK(is_over(idle));
  CHECK(life.comes([&] { return is_over(busy); }, engine::seconds(11)));
  CHECK(life.rows_durable() == 7);
  life.stop();
}

}  // namespace
}  // namespace sim
