// How queries are handed to readers, and what a reader does with several: the threads of a node, stepped by the test.
#include "net/query/query_desk.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/verify.h"
#include "engine/shard/mesh.h"
#include "net/query/query_reader.h"
#include "net/route/messages.h"
#include "tests/catch.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_world.h"

namespace {

constexpr std::string_view long_answer = "SELECT x, 'abcdefghijklmnopqrstuvwxyz' FROM long_sequence(100000000)";
constexpr std::string_view short_answer = "SELECT 1";

// A shard without tables, which holds the desk, and readers behind it.
class Bench final : private engine::MeshReceiver {
 public:
  explicit Bench(uint16_t readers, uint32_t queries_max = 64) : mesh_({.endpoint_count = static_cast<uint16_t>(readers + 1)}) {
    mesh_.attach(engine::ShardId{0}, own_);
    desk = std::make_unique<net::QueryDesk>(mesh_.endpoint(engine::ShardId{0}),
                                            net::ReaderRange{.first = engine::ShardId{1}, .count = readers}, queries_max);
    for (uint16_t i = 0; i < readers; ++i) {
      backends_.push_back(std::make_unique<sim::SimBackend>(world_));
      readers_.push_back(std::make_unique<net::QueryReader>(mesh_, engine::ShardId{static_cast<uint16_t>(i + 1)},
                                                            *backends_.back(), uint16_t{1}, limits_));
    }
  }

  net::Query& ask(std::string_view text) {
    net::Query& query = *queries_.emplace_back(std::make_unique<net::Query>());
    query.reply_to = {.endpoint = engine::ShardId{0}, .id = queries_.size()};
    query.text = text;
    REQUIRE(desk->start(query));
    return query;
  }

  // A few turns of all threads.
  void turn() {
    for (int i = 0; i < 20; ++i) {
      for (const auto& reader : readers_) reader->run_once();
      mesh_.endpoint(engine::ShardId{0}).drain(*this);
    }
  }

  // All the parts of an answer, each of which is taken at once.
  std::string take_all(net::Query& query) {
    std::string body;
    while (!has_part(query)) turn();
    for (;;) {
      body += query.part;
      if (query.is_last) return body;
      take(query);
      while (!has_part(query)) turn();
    }
  }

  bool has_part(const net::Query& query) const { return std::ranges::find(with_part_, &query) != with_part_.end(); }
  void take(net::Query& query) {
    REQUIRE(std::erase(with_part_, &query) == 1);
    desk->take_part(query, false);
  }
  void cancel(net::Query& query) {
    REQUIRE(std::erase(with_part_, &query) == 1);
    desk->take_part(query, true);
  }
  void advance(engine::Duration time) { world_.advance_by(time); }

  // Of the shard, without rows.
  void add_table(const std::string& name) {
    const storage::TableId id{static_cast<uint32_t>(tables_.size() + 1)};
    const storage::TableWish wish{
        .name = name, .designated = {0}, .columns = {{"timestamp", storage::ColumnType::timestamp_us}}};
    tables_.push_back({.schema = std::make_shared<const storage::Schema>(storage::make_schema(id, wish)), .lanes = {}});
  }
  size_t table_asks() const { return table_asks_; }  // for one table

  std::unique_ptr<net::QueryDesk> desk;

 private:
  // Of the shard: it tells its tables, and parts arrive.
  void on_message(engine::ShardId from, const engine::MeshMessage& message) override {
    engine::MeshEndpoint& endpoint = mesh_.endpoint(engine::ShardId{0});
    if (message.kind == static_cast<uint16_t>(storage::MessageKind::snapshot_ask)) {
      auto* ask = message.as<storage::SnapshotAsk*>();
      answer(*ask);
      return endpoint.send_return(from, storage::make_message(storage::MessageKind::snapshot_answer, ask));
    }
    VERIFY_EQ(message.kind, static_cast<uint16_t>(net::MessageKind::query_part));
    auto* query = message.as<net::Query*>();
    desk->on_part(*query);
    with_part_.push_back(query);
  }

  void answer(storage::SnapshotAsk& ask) {
    if (ask.table) ++table_asks_;
    ask.tables.clear();
    for (const storage::TableSnapshot& table : tables_) {
      if (!ask.table || *ask.table == table.schema->table) ask.tables.push_back(table);
    }
  }

  sim::SimWorld world_{{.seed = 1}};
  sim::SimBackend own_{world_};
  engine::ShardMesh mesh_;
  net::QueryLimits limits_;
  std::vector<std::unique_ptr<sim::SimBackend>> backends_;
  std::vector<std::unique_ptr<net::QueryReader>> readers_;
  std::vector<std::unique_ptr<net::Query>> queries_;
  std::vector<net::Query*> with_part_;  // that was not taken
  std::vector<storage::TableSnapshot> tables_;
  size_t table_asks_ = 0;
};

}  // namespace

TEST_CASE("query_desk: clients that do not take their answers delay no other query, even with a single reader") {
  Bench bench(1);
  std::vector<net::Query*> stuck;
  for (int i = 0; i < 4; ++i) {
    stuck.push_back(&bench.ask(long_answer));
    bench.turn();
  }
  for (const net::Query* query : stuck) CHECK(bench.has_part(*query));
  CHECK(bench.take_all(bench.ask(short_answer)).ends_with("\"dataset\":[[1]],\"count\":1}"));
  for (net::Query* query : stuck) bench.cancel(*query);
  bench.turn();
  for (const net::Query* query : stuck) CHECK((query->is_last && query->is_broken));
  CHECK(bench.desk->open_count() == 0);
}

TEST_CASE("query_desk: answers that are taken are whole, whoever else asks") {
  Bench bench(2);
  std::vector<net::Query*> queries;
  for (int i = 1; i <= 5; ++i) {
    queries.push_back(&bench.ask("SELECT x FROM long_sequence(" + std::to_string(i * 20'000) + ")"));
  }
  for (int i = 1; i <= 5; ++i) {
    const std::string body = bench.take_all(*queries[static_cast<size_t>(i - 1)]);
    CHECK(body.ends_with("],\"count\":" + std::to_string(i * 20'000) + "}"));
  }
  CHECK(bench.desk->open_count() == 0);
}

TEST_CASE("query_desk: a table is asked for once, in however many spellings a query names it") {
  Bench bench(1);
  bench.add_table("other");
  bench.add_table("Trades");
  CHECK(bench.take_all(bench.ask("SELECT count(*) + (SELECT count(*) FROM TRADES) + (SELECT count(*) FROM tRaDeS) FROM trades"))
            .ends_with("\"dataset\":[[0]],\"count\":1}"));
  CHECK(bench.table_asks() == 1);
}

TEST_CASE("query_desk: a new query goes to a reader that computes nothing, and waits while all compute") {
  Bench bench(2, 3);
  const net::Query& first = bench.ask(short_answer);
  const net::Query& second = bench.ask(short_answer);
  CHECK(first.reader != second.reader);
  net::Query& third = bench.ask(short_answer);
  net::Query beyond;
  CHECK_FALSE(bench.desk->start(beyond));
  CHECK(bench.desk->cancel(third));  // it had not begun
  net::Query& fourth = bench.ask(short_answer);
  bench.turn();
  CHECK(bench.has_part(first));
  CHECK(bench.has_part(second));
  CHECK(bench.has_part(fourth));
  CHECK(bench.desk->open_count() == 0);
}

TEST_CASE("query_desk: the time of a query ends it while its part is out, and a row in sips too") {
  for (const std::string_view text : {long_answer, std::string_view("SELECT zeroblob(1000000), zeroblob(1000000)")}) {
    Bench bench(1);
    net::Query& query = bench.ask(text);
    bench.turn();
    bench.take(query);
    bench.turn();
    REQUIRE(bench.has_part(query));
    CHECK_FALSE(query.is_last);
    bench.advance(net::QueryLimits{}.duration_max);
    bench.turn();
    bench.take(query);
    bench.turn();
    CHECK(bench.has_part(query));
    CHECK(query.is_last);
    CHECK(query.is_broken);
  }
}
