// What a node does with rows for which there is no place: each is refused before it is acked, counted, and nothing else
// suffers.
#include "storage/table/crowding.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/node/sim_node.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_world.h"

namespace sim {
namespace {

constexpr int64_t day_us = 86'400'000'000;
constexpr int64_t noon_us = 20'000 * day_us + day_us / 2;

net::NodeOptions make_options() {
  net::NodeOptions options = small_node();
  options.tcp = any_port;
  options.owner.apply_age_max = engine::Duration{};  // each row by itself
  options.owner.checkpoint_pause = engine::seconds(1);
  return options;
}

// A node and one client that sends a row at a time.
class Life {
 public:
  explicit Life(SimWorld& world, const net::NodeOptions& options = make_options())
      : world_(world), node_(world, options, {.receive_buffer_size = 64 << 10}) {
    REQUIRE(node_.recover().ok());
    const absl::Status started = node_.start();
    INFO(engine::message_of(started));
    REQUIRE(started.ok());
    client_.emplace(world_.net().connect(node_.addresses().tcp->port));
  }

  bool send(int64_t timestamp_us) { return send("t f=1 " + std::to_string(timestamp_us) + "000\n"); }

  // False when the row was refused.
  bool send(const std::string& line) { return refused_of(line, 1) == 0; }

  uint64_t refused_of(const std::string& lines, uint64_t rows) {
    const net::LedgerRow before = figures();
    client_->send(lines);
    run_until([&] { return figures().rows_received == before.rows_received + rows && figures().rows_pending == 0; });
    run_until([&] { return owner().counters().rows_applied == owner().counters().rows_committed; });
    const net::LedgerRow after = figures();
    CHECK(after.rows_durable + after.rows_rejected == before.rows_durable + before.rows_rejected + rows);
    return after.rows_rejected - before.rows_rejected;
  }

  uint64_t batches_rejected() { return owner().counters().batches_rejected; }

  void send_datagram(const std::string& bytes) {
    world_.net().send_datagram(engine::SocketAddress::v4(0x0a000001, 4000), node_.addresses().udp->port, bytes);
  }

  SimClient connect() { return world_.net().connect(node_.addresses().tcp->port); }

  void run_for(engine::Duration time) { node_.run_for(time); }

  uint64_t rows_durable() const {
    uint64_t rows = 0;
    for (const net::LedgerRow& row : node_.ledger()) rows += row.rows_durable;
    return rows;
  }

  void stop() {
    client_->half_close();
    CHECK(node_.stop(engine::seconds(60)).ok());
  }

 private:
  const storage::Owner& owner() { return node_.shard(0).owner(); }

  net::LedgerRow figures() const {
    const std::vector<net::LedgerRow> rows = node_.ledger();
    const auto found = std::ranges::find(rows, net::Transport::tcp, &net::LedgerRow::transport);
    return found == rows.end() ? net::LedgerRow{} : *found;
  }

  template <typename Condition>
  void run_until(Condition condition) {
    const bool came = node_.run_until(condition, engine::seconds(60));
    REQUIRE(node_.fatal().ok());
    REQUIRE(came);
  }

  SimWorld& world_;
  SimNode node_;
  std::optional<SimClient> client_;
};

TEST_CASE("limits: a symbol column that is full refuses new symbols, takes the known ones, and leaves other tables alone") {
  net::NodeOptions options = make_options();
  options.owner.symbols_max = 3;
  SimWorld world({.seed = 2});
  {
    Life life(world, options);
    CHECK(life.send("t,s=a f=1\n"));
    CHECK(life.send("t,s=b f=1\n"));
    CHECK(life.send("t,s=c f=1\n"));
    CHECK_FALSE(life.send("t,s=d f=1\n"));
    CHECK(life.send("t,s=a f=2\n"));
    CHECK(life.send("t f=3\n"));
    CHECK_FALSE(life.send("t,s=e f=1\n"));
    CHECK(life.send("other,s=d f=1\n"));
    life.stop();
  }
  Life life(world, options);
  CHECK(life.send("t,s=b f=4\n"));
  CHECK_FALSE(life.send("t,s=d f=1\n"));
  life.stop();
}

// An id that no frame has introduced must not be in a later frame.
TEST_CASE("limits: a batch that is refused for one symbol column leaves no new symbol in another") {
  net::NodeOptions options = make_options();
  options.owner.symbols_max = 1;
  SimWorld world({.seed = 3});
  {
    Life life(world, options);
    CHECK(life.send("t,s=a f=1\n"));
    CHECK_FALSE(life.send("t,p=x,s=b f=1\n"));
    CHECK(life.send("t,p=x f=2\n"));
    world.power_off();
  }
  world.restart();
  Life life(world, options);
  CHECK(life.send("t,p=x,s=a f=3\n"));
  life.stop();
}

TEST_CASE("limits: a sender that goes back in time is refused before a partition has too many runs, and nobody else is") {
  SimWorld world({.seed = 1});
  {
    Life life(world);
    int64_t timestamp = noon_us;
    size_t accepted = 0;
    while (accepted < storage::runs_max && life.send(timestamp--)) ++accepted;
    // The source hears of it with the next batch that comes home.
    CHECK(accepted == storage::CrowdingLimits().crowded_from + 1);
    CHECK_FALSE(life.send(timestamp));
    CHECK(life.send(noon_us));
    CHECK(life.send(noon_us + 1));
    CHECK(life.send(noon_us - day_us));  // another partition
    CHECK(life.batches_rejected() == 0);
    life.stop();
  }
  Life life(world);
  CHECK(life.send(noon_us + 2));
  CHECK_FALSE(life.send(noon_us - 10'000));
  CHECK(life.send(noon_us + day_us));
  life.stop();
}

// Here a partition is closed as soon as it is crowded, so the owner knows before the source does.
TEST_CASE("limits: a batch for a closed partition is refused whole, and counted, and its sender goes on") {
  net::NodeOptions options = make_options();
  options.owner.crowding = {.crowded_from = 3, .closed_from = 3};
  SimWorld world({.seed = 4});
  {
    Life life(world, options);
    for (int64_t late = 0; late < 3; ++late) CHECK(life.send(noon_us - late));
    const auto row = [](int64_t timestamp_us) { return "t f=1 " + std::to_string(timestamp_us) + "000\n"; };
    CHECK(life.refused_of(row(noon_us + 1) + row(noon_us - 3) + row(noon_us + 2), 3) > 1);  // with what came in its turn
    CHECK(life.batches_rejected() == 1);
    CHECK(life.refused_of(row(noon_us + 1) + row(noon_us - 3) + row(noon_us + 2), 3) == 1);  // now the source knows
    CHECK(life.batches_rejected() == 1);
    CHECK(life.send("other f=1 " + std::to_string(noon_us - 3) + "000\n"));
    life.stop();
  }
  Life life(world, options);
  CHECK_FALSE(life.send(noon_us - 3));
  CHECK(life.send(noon_us + 3));
  life.stop();
}

TEST_CASE("limits: a partition is crowded by many columns in fewer runs, too") {
  net::NodeOptions options = make_options();
  options.owner.crowding.columns_crowded_from = 20;  // the timestamp and 9 fields each
  SimWorld world({.seed = 5});
  Life life(world, options);
  const auto row = [](int64_t timestamp_us) {
    std::string line = "t ";
    for (int i = 0; i < 9; ++i) line += (i == 0 ? "f" : ",f") + std::to_string(i) + "=1";
    return line + ' ' + std::to_string(timestamp_us) + "000\n";
  };
  CHECK(life.send(row(noon_us)));
  CHECK(life.send(row(noon_us - 1)));
  CHECK(life.send(row(noon_us - 2)));  // crowded from here on, which the source hears with this batch
  CHECK_FALSE(life.send(row(noon_us - 3)));
  CHECK(life.send(row(noon_us + 1)));
  life.stop();
}

// Sealed, a column takes its width in every row of its batch: one wide row behind short ones made a frame of 125 MB of 38 KB.
std::string short_rows_then(const std::string& wide_row) {
  std::string lines;
  for (int i = 0; i < 2047; ++i) lines += "t a=1i 1\n";
  return lines + wide_row;
}

std::string row_of(size_t columns, const std::string& value) {
  std::string line = "t ";
  for (size_t i = 0; i < columns; ++i) line += (i == 0 ? "c" : ",c") + std::to_string(i) + "=" + value;
  return line + " 1\n";
}

net::NodeOptions options_of_small_log() {
  net::NodeOptions options = make_options();
  options.ingest.line_size_max = 64 << 10;
  options.owner.wal.segment_size = 1 << 20;
  options.owner.wal.size_max = 64 << 20;
  options.owner.apply_age_max = engine::seconds(1);
  return options;
}

TEST_CASE("limits: short rows and a row of many columns behind them are durable, whatever the columns hold") {
  constexpr size_t columns = 300;
  for (const std::string value : {"0x1i", "\"text\"", "1i", "t"}) {
    INFO(value);
    SimWorld world({.seed = 8});
    Life life(world, options_of_small_log());
    const std::string wide = row_of(columns, value);
    CHECK(life.send(wide));  // the columns are there
    const std::string lines = short_rows_then(wide);
    for (int i = 0; i < 4; ++i) CHECK(life.refused_of(lines, 2048) == 0);  // the network brings some of them in one piece
    CHECK(life.batches_rejected() == 0);
    life.stop();
  }
}

TEST_CASE("limits: one datagram of short rows and a row of many columns is durable") {
  net::NodeOptions options = options_of_small_log();
  options.udp = {.address = any_port};
  options.owner.wal.segment_size = 4 << 20;
  SimWorld world({.seed = 9});
  Life life(world, options);
  const std::string wide = row_of(500, "0x1i");
  CHECK(life.send(wide));
  const std::string lines = short_rows_then(wide);
  REQUIRE(lines.size() < 65'000);
  life.send_datagram(lines);
  life.run_for(engine::milliseconds(100));
  CHECK(life.rows_durable() == 1 + 2048);
  life.stop();
}

// The server refuses such a configuration; where it runs all the same, rows are refused, not the process ended.
TEST_CASE("limits: what no frame can hold is refused and counted: a row, a table, a column") {
  net::NodeOptions options = options_of_small_log();
  options.owner.wal.segment_size = 16 << 10;
  options.owner.wal.group_size_max = 4 << 10;
  SimWorld world({.seed = 10});
  Life life(world, options);
  CHECK(life.send("t s=\"short\"\n"));
  CHECK_FALSE(life.send("t s=\"" + std::string(20'000, 'x') + "\"\n"));
  CHECK(life.batches_rejected() == 1);
  std::string many = row_of(1200, "1i");
  CHECK_FALSE(life.send(many));
  many.front() = 'u';
  CHECK_FALSE(life.send(many));
  CHECK(life.batches_rejected() == 1);
  CHECK(life.send("t s=\"short\"\n"));
  life.stop();
}

TEST_CASE("limits: a closed partition takes no batch that may need a run") {
  storage::CrowdedPartition partition{
      .timestamp_first = 100, .timestamp_last = 199, .floor = 150, .runs = 4000, .is_closed = true};
  CHECK(partition.is_closed_to(100, 100));
  CHECK(partition.is_closed_to(0, 149));
  CHECK(partition.is_closed_to(149, 300));
  CHECK_FALSE(partition.is_closed_to(150, 300));
  CHECK_FALSE(partition.is_closed_to(0, 99));
  CHECK_FALSE(partition.is_closed_to(200, 300));
  CHECK(partition.rejects(149));
  CHECK_FALSE(partition.rejects(150));
  CHECK_FALSE(partition.rejects(99));
  partition.is_closed = false;
  CHECK_FALSE(partition.is_closed_to(100, 100));
}

}  // namespace
}  // namespace sim
