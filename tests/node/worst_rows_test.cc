// The worst rows that the grammar allows, from both sides of each limit: the node takes them or refuses them one by one, and
// goes on.
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "net/line/scanner.h"
#include "storage/schema/schema.h"
#include "tests/catch.h"
#include "tests/node/sim_node.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_world.h"

namespace sim {
namespace {

constexpr size_t line_size_max = 256 * 1024;

net::NodeOptions make_options() {
  net::NodeOptions options = small_node();
  options.tcp = any_port;
  options.udp = {.address = any_port};
  options.ingest.line_size_max = line_size_max;
  options.owner.wal.segment_size = 4 << 20;
  options.owner.wal.size_max = 64 << 20;
  options.owner.pending_size_max = 64 << 20;
  return options;
}

// A node, and what its senders sent so far.
class Life {
 public:
  explicit Life(SimWorld& world) : world_(world), node_(world, make_options()) {
    REQUIRE(node_.recover().ok());
    REQUIRE(node_.start().ok());
    client_.emplace(world_.net().connect(node_.addresses().tcp->port));
  }

  // How many of the rows were refused.
  uint64_t refused_of(const std::string& lines, uint64_t rows) {
    const uint64_t before = rejected();
    client_->send(lines);
    wait_settled(rows);
    return rejected() - before;
  }

  uint64_t refused_of_datagram(const std::string& lines, uint64_t rows) {
    const uint64_t before = rejected();
    world_.net().send_datagram(engine::SocketAddress::loopback(5), node_.addresses().udp->port, lines);
    wait_settled(rows);
    return rejected() - before;
  }

  void stop() {
    client_->half_close();
    CHECK(node_.stop(engine::seconds(600)).ok());
  }

 private:
  void wait_settled(uint64_t rows) {
    received_ += rows;
    const bool came = node_.run_until([&] { return received() == received_ && pending() == 0; }, engine::seconds(600));
    REQUIRE(node_.fatal().ok());
    CHECK(received() == received_);
    REQUIRE(came);
  }

  uint64_t sum(uint64_t net::LedgerRow::*field) const {
    uint64_t total = 0;
    for (const net::LedgerRow& row : node_.ledger()) total += row.*field;
    return total;
  }
  uint64_t received() const { return sum(&net::LedgerRow::rows_received); }
  uint64_t rejected() const { return sum(&net::LedgerRow::rows_rejected); }
  uint64_t pending() const { return sum(&net::LedgerRow::rows_pending); }

  SimWorld& world_;
  SimNode node_;
  std::optional<SimClient> client_;
  uint64_t received_ = 0;
};

// A row with `count` fields of one value, each another column.
std::string wide_row(std::string_view table, size_t count, std::string_view value, size_t first = 0) {
  std::string line(table);
  for (size_t i = 0; i < count; ++i) {
    line += i == 0 ? ' ' : ',';
    line += "c" + std::to_string(first + i) + "=";
    line += value;
  }
  return line + " 1000\n";
}

TEST_CASE("worst_rows: a table has columns_max columns, and the row that wants one more is refused alone") {
  SimWorld world({.seed = 1});
  Life life(world);
  CHECK(life.refused_of(wide_row("t", storage::columns_max - 1, "1i"), 1) == 0);
  CHECK(life.refused_of(wide_row("t", 1, "1i", storage::columns_max - 1), 1) == 1);
  CHECK(life.refused_of(wide_row("u", storage::columns_max, "1i"), 1) == 1);
  CHECK(life.refused_of(wide_row("v", net::line_values_max, "1i"), 1) == 1);
  CHECK(life.refused_of(wide_row("v", net::line_values_max + 1, "1i"), 1) == 1);
  CHECK(life.refused_of("t c5=2i 2000\n", 1) == 0);
  life.stop();
}

TEST_CASE("worst_rows: lines of the longest size are rows over TCP, a byte more is refused, with texts as with tags") {
  SimWorld world({.seed = 2});
  Life life(world);
  for (const bool is_tag : {false, true}) {
    const std::string front = is_tag ? "t,s=" : "t s=\"";
    const std::string back = is_tag ? " f=1 1" : "\" 1";
    for (const size_t more : {0U, 1U}) {
      const std::string line = front + std::string(line_size_max + more - front.size() - back.size(), 'x') + back;
      REQUIRE(line.size() == line_size_max + more);
      CHECK(life.refused_of((is_tag ? "g" : "") + line.substr(is_tag ? 1 : 0) + "\n", 1) == more);
    }
  }
  CHECK(life.refused_of("t f=1 2\n", 1) == 0);
  life.stop();
}

TEST_CASE("worst_rows: batches of narrow rows and one wide one, of every type, over TCP and UDP") {
  constexpr std::array values = {"1i", "0.5", "t", "0x1i", "1t", "1n", "\"\"", "\"some text\""};
  constexpr size_t columns = 400;
  SimWorld world({.seed = 3});
  Life life(world);
  for (size_t type = 0; type < values.size(); ++type) {
    const std::string table = "t" + std::to_string(type);
    const std::string wide = wide_row(table, columns, values.at(type));
    CHECK(life.refused_of(wide, 1) == 0);
    std::string narrow;
    for (int i = 0; i < 2047; ++i) narrow += table + " a=1i 1000\n";
    CHECK(life.refused_of(narrow + wide, 2048) == 0);
    std::string datagram;
    for (int i = 0; i < 200; ++i) datagram += table + " a=1i 1000\n";
    CHECK(life.refused_of_datagram(datagram, 200) == 0);
  }
  std::string tags = "tags";
  for (size_t i = 0; i < columns; ++i) tags += ",c" + std::to_string(i) + "=v" + std::to_string(i);
  CHECK(life.refused_of(tags + " 1000\n", 1) == 0);
  std::string narrow;
  for (int i = 0; i < 2047; ++i) narrow += "tags a=1i 1000\n";
  CHECK(life.refused_of(narrow + tags + " 1000\n", 2048) == 0);
  life.stop();
}

TEST_CASE("worst_rows: one column after the other, each row another one") {
  SimWorld world({.seed = 4});
  Life life(world);
  std::string lines;
  for (size_t i = 0; i < 300; ++i) lines += wide_row("t", 1, i % 3 == 0 ? "1i" : i % 3 == 1 ? "\"text\"" : "0x1fi", i);
  CHECK(life.refused_of(lines, 300) == 0);
  for (size_t i = 0; i < 100; ++i) lines += "t c" + std::to_string(i) + "= 1000\n";  // nulls only
  CHECK(life.refused_of(lines, 400) == 0);
  life.stop();
}

}  // namespace
}  // namespace sim
