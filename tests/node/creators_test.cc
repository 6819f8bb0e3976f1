// Senders of different shards that create the same table and the same column at once, with different types: one type is the
// column's, every line becomes a value of it or is refused by the cast matrix, and what its sender is told is what is stored.
#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "net/judge/casts.h"
#include "tests/catch.h"
#include "tests/node/ddl_node.h"
#include "tests/node/http_writer.h"
#include "tests/quick.h"

namespace sim {
namespace {

constexpr uint16_t shards = 8;
constexpr size_t tables_each = 50;  // of a node
// A thousand tables are for an optimized build.
#ifdef MILLRACE_OPTIMIZED
constexpr uint64_t nodes = 20;
#else
constexpr uint64_t nodes = 3;
#endif
constexpr std::string_view ok = R"({"ddl":"OK"})";

// Ways to say seven, and the type of a column that such a line makes.
struct Spelling {
  std::string_view text;
  net::ValueKind kind;
  storage::ColumnType type;
};

constexpr std::array spellings{
    Spelling{"7i", net::ValueKind::integer, storage::ColumnType::int64},
    Spelling{"7.5", net::ValueKind::real, storage::ColumnType::float64},
    Spelling{"\"7\"", net::ValueKind::string, storage::ColumnType::varchar},
    Spelling{"t", net::ValueKind::boolean, storage::ColumnType::boolean},
    Spelling{"7t", net::ValueKind::timestamp, storage::ColumnType::timestamp_us},
    Spelling{"7", net::ValueKind::symbol, storage::ColumnType::symbol},
};

std::string make_line(const std::string& table, const Spelling& spelling, uint64_t id) {
  const std::string cell = "v=" + std::string(spelling.text);
  const std::string id_cell = "id=" + std::to_string(id) + "i";
  if (spelling.kind == net::ValueKind::symbol) return table + "," + cell + " " + id_cell + "\n";
  return table + " " + (id % 2 == 0 ? cell + "," + id_cell : id_cell + "," + cell) + "\n";
}

class Creators {
 public:
  explicit Creators(uint64_t seed) : node_(ddl_options(shards), seed) {
    for (uint16_t i = 0; i < shards; ++i) {
      senders_.push_back(&node_.open_sender());
      writers_.emplace_back(node_.world().net(), node_.node().addresses().http->port);
    }
    node_.settle();
  }

  DdlNode& node() { return node_; }

  // Several clients at once, each with a line of its own for the same new column, mostly of a new table; until all are settled.
  void create(const std::string& table) {
    engine::Prng& prng = node_.world().prng();
    if (prng.chance(1, 3)) make_without_column(table);
    const uint64_t clients = prng.between(2, 8);
    for (uint64_t i = 0; i < clients; ++i) {
      const Spelling& spelling = spellings[prng.below(spellings.size())];
      const uint64_t id = next_id_++;
      const std::string line = make_line(table, spelling, id);
      lines_[table].emplace(id, &spelling);
      const auto writer = std::ranges::find_if(writers_, [](const HttpWriter& each) { return !each.is_waiting(); });
      if (prng.chance(1, 2) && writer != writers_.end()) {
        writer->send({.ids = {id}, .body = line}, 0);
      } else {
        senders_[prng.below(senders_.size())]->send(line);
        ++rows_by_tcp_;
      }
      if (prng.chance(1, 2)) node_.run_for(engine::microseconds(static_cast<int64_t>(prng.below(60))));
    }
    REQUIRE(node_.node().run_until([&] { return is_settled(); }, engine::seconds(30)));
  }

  // Of all tables: what is stored is what was told, and what the matrix says.
  void check() {
    uint64_t stored_by_tcp = 0;
    for (const auto& [table, lines] : lines_) {
      INFO(table);
      const storage::ColumnType type = type_of(table);
      std::string expected;
      for (const auto& [id, spelling] : lines) {
        const bool fits = net::cast_of(spelling->kind, type) != net::Cast::none;
        const auto answer = answers_.find(id);
        if (answer != answers_.end()) CHECK(answer->second == (fits ? 204 : 400));
        if (!fits) continue;
        expected += (expected.empty() ? "[" : ",[") + std::to_string(id) + "]";
        stored_by_tcp += answer == answers_.end() ? 1 : 0;
      }
      CHECK(node_.rows("select id from " + table + " where id > 0 and v is not null order by id") == "[" + expected + "]");
      CHECK(node_.rows("select count() from " + table + " where id > 0 and v is null") == "[[0]]");
      stored_by_tcp += rows_without_[table];
      types_.insert_or_assign(type, true);
    }
    if (rows_by_tcp_ == 0) return;  // another life: who sent is gone
    CHECK(durable_by_tcp() == stored_by_tcp);
  }

  void restart() {
    node_.restart();
    rows_by_tcp_ = 0;
  }

  size_t types_seen() const { return types_.size(); }

 private:
  void make_without_column(const std::string& table) {
    for (SimClient* sender : senders_) sender->send(table + " id=0i\n");
    rows_by_tcp_ += shards;
    rows_without_[table] = shards;
    REQUIRE(node_.node().run_until([&] { return is_settled(); }, engine::seconds(30)));
  }

  bool is_settled() {
    for (HttpWriter& writer : writers_) {
      if (!writer.is_waiting()) continue;
      const auto answer = writer.take_answer();
      if (!answer) return false;
      answers_[answer->first.ids.front()] = answer->second.value_or(0);
    }
    uint64_t received = 0;
    for (const net::LedgerRow& row : node_.node().ledger()) {
      if (row.rows_pending != 0) return false;
      if (row.transport == net::Transport::tcp) received += row.rows_received;
    }
    return received == rows_by_tcp_;
  }

  uint64_t durable_by_tcp() {
    uint64_t durable = 0;
    for (const net::LedgerRow& row : node_.node().ledger())
      durable += row.transport == net::Transport::tcp ? row.rows_durable : 0;
    return durable;
  }

  storage::ColumnType type_of(const std::string& table) {
    const std::string types = node_.rows("select type from table_columns('" + table + "') where \"column\" = 'v'");
    const auto found = std::ranges::find_if(
        spellings, [&](const Spelling& each) { return types == "[[\"" + std::string(type_name(each.type)) + "\"]]"; });
    INFO(types);
    REQUIRE(found != spellings.end());
    return found->type;
  }

  DdlNode node_;
  std::vector<SimClient*> senders_;
  std::deque<HttpWriter> writers_;
  std::map<std::string, std::map<uint64_t, const Spelling*>> lines_;  // by table, by id
  std::map<std::string, uint64_t> rows_without_;                      // by table: made before it had the column
  std::map<uint64_t, int> answers_;                                   // by id, of those sent over HTTP
  std::map<storage::ColumnType, bool> types_;
  uint64_t rows_by_tcp_ = 0;
  uint64_t next_id_ = 1;
};

TEST_CASE("creators: tables are created by several senders at once, and each has one type for all", "[sim]") {
  for (uint64_t seed = 1; seed <= tests::stories(nodes, 1); ++seed) {
    INFO("seed " << seed);
    Creators creators(seed);
    for (size_t i = 0; i < tables_each; ++i) creators.create("t" + std::to_string(i));
    creators.check();
    CHECK(creators.types_seen() > 2);
    creators.restart();
    creators.check();
  }
}

// A shard that has heard of the table before the column came.
TEST_CASE("creators: nulls and decimals fit into a column that another shard has just added") {
  DdlNode node;
  std::vector<SimClient*> senders;
  for (int i = 0; i < 6; ++i) senders.push_back(&node.open_sender());
  for (SimClient* sender : senders) sender->send("t id=0i\n");
  node.settle();
  REQUIRE(node.exec("ALTER TABLE t ADD COLUMN d DECIMAL(10,2)") == ok);
  senders[0]->send("t id=1i,v=7i\n");
  node.settle();
  REQUIRE(node.rows_rejected() == 0);
  for (SimClient* sender : senders) sender->send("t id=2i,d=1.5d\nt id=3i,v=\n");
  node.settle();
  CHECK(node.rows_rejected() == 0);
  CHECK(node.rows("select count() from t where d is not null") == "[[6]]");
  CHECK(node.rows("select count() from t where id = 3") == "[[6]]");
  senders[0]->send("t id=4i,w=\nt id=4i,x=1d\nt id=4i,w=1i\n");  // still no columns
  node.settle();
  CHECK(node.rows_rejected() == 2);
  CHECK(node.rows("select count() from t where id = 4") == "[[1]]");
}

}  // namespace
}  // namespace sim
