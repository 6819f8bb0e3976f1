#include "net/sql/engine.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "engine/uring/backend.h"
#include "net/sql/file_table_provider.h"
#include "net/sql/text.h"
#include "net/sql/timestamp_text.h"
#include "storage/read/snapshot_files.h"
#include "storage/table/file_names.h"
#include "tests/catch.h"
#include "tests/storage/table_files.h"
#include "tests/temporary_directory.h"

namespace {

using storage::ColumnType;
using tests::Row;

constexpr int64_t day_us = 86'400'000'000;
constexpr int64_t first_day = 18'993;  // 2022-01-01

// Keeps a result as text: "name TYPE" per column, and cells joined by '|', null as "null".
struct TextSink final : net::ResultSink {
  absl::Status begin(std::span<const net::SqlColumn> result_columns, int designated_column) override {
    for (const net::SqlColumn& column : result_columns) columns.push_back(column.name + " " + column.type);
    designated = designated_column;
    return absl::OkStatus();
  }

  absl::Status row(std::span<const net::SqlCell> cells) override {
    std::string text;
    for (const net::SqlCell& cell : cells) {
      if (&cell != cells.data()) text += '|';
      if (cell.kind == net::SqlCell::Kind::null) text += "null";
      net::append_cell(text, cell);
    }
    rows.push_back(std::move(text));
    return rows.size() == rows_max ? engine::unavailable("enough") : absl::OkStatus();
  }

  absl::Status end(uint64_t count) override {
    CHECK(count == rows.size());
    ended = true;
    return absl::OkStatus();
  }

  std::vector<std::string> columns;
  int designated = net::designated_none;
  std::vector<std::string> rows;
  bool ended = false;
  size_t rows_max = SIZE_MAX;
};

using Lines = std::vector<std::string>;

// A data directory with two tables:
//   trades   symbol, side, price, amount, timestamp; 6 rows on two days, one of them late
//   All Types one column of each type, designated TIMESTAMP_NS; a full row and one of nulls
class Database {
 public:
  Database() {
    tests::TableFiles trades(directory_.path(), tests::make_table(1, "trades",
                                                                  {{"symbol", ColumnType::symbol},
                                                                   {"side", ColumnType::symbol},
                                                                   {"price", ColumnType::float64},
                                                                   {"amount", ColumnType::int64},
                                                                   {"timestamp", ColumnType::timestamp_us}},
                                                                  4));
    const int64_t start = first_day * day_us;
    trades.add({"ETH-USD", "sell", 2615.5, int64_t{1}, start});
    trades.add({"BTC-USD", "buy", 39269.0, int64_t{2}, start + 1'000'000});
    trades.add({"BTC-USD", "sell", {}, int64_t{3}, start + 3'000'000});
    trades.add({"ETH-USD", {}, 2616.0, int64_t{4}, start + 2'000'000});
    trades.add({"BTC-USD", "buy", 39270.25, int64_t{5}, start + day_us});
    trades.add({"SOL-USD", "buy", 100.0, int64_t{6}, start + day_us + 1});
    trades.write();

    tests::TableFiles all(directory_.path(), tests::make_table(2, "All Types",
                                                               {{"b", ColumnType::boolean},
                                                                {"l", ColumnType::int64},
                                                                {"d", ColumnType::float64},
                                                                {"t", ColumnType::timestamp_us},
                                                                {"n", ColumnType::timestamp_ns},
                                                                {"s", ColumnType::symbol},
                                                                {"v", ColumnType::varchar},
                                                                {"w", ColumnType::long256},
                                                                {"ts", ColumnType::timestamp_ns}},
                                                               8));
    all.add({true, int64_t{-5}, -0.0, int64_t{1}, int64_t{-1}, "sym", "d\xC3\xA9j\xC3\xA0 \"vu\"",
             storage::Long256{0x1f, 0, 1, 0}, start * 1000 + 123'456'789});
    all.add({{}, {}, {}, {}, {}, {}, {}, {}, start * 1000 + 123'456'790});
    all.write();
    open();
  }

  void open() {
    source_.reset();
    auto backend = engine::UringBackend::create({.data_directory = directory_.path().string()});
    REQUIRE(backend.ok());
    backend_ = *std::move(backend);
    auto snapshots = storage::read_table_snapshots(*backend_);
    INFO(snapshots.status());
    REQUIRE(snapshots.ok());
    source_ = std::make_unique<net::FileTableProvider>(*backend_, *std::move(snapshots));
  }

  net::QueryResult run(std::string_view query, net::ResultSink& sink) { return net::SqlEngine(*source_).run(query, sink); }

  TextSink answer(std::string_view query) {
    TextSink sink;
    const net::QueryResult result = run(query, sink);
    INFO(query << ": " << result.status);
    REQUIRE(result.ok());
    CHECK(sink.ended);
    return sink;
  }

  Lines rows(std::string_view query) { return answer(query).rows; }

  // "code message @position"
  std::string error(std::string_view query) {
    TextSink sink;
    const net::QueryResult result = run(query, sink);
    INFO(query);
    REQUIRE(!result.ok());
    return std::string(engine::message_of(result.status)) + " @" + std::to_string(result.position);
  }

  const std::filesystem::path& directory() const { return directory_.path(); }

 private:
  tests::TemporaryDirectory directory_;
  std::unique_ptr<engine::UringBackend> backend_;
  std::unique_ptr<net::FileTableProvider> source_;
};

}  // namespace

TEST_CASE("sql_engine: SELECT * shows all columns with their types, rows in order of time") {
  Database database;
  const TextSink answer = database.answer("SELECT * FROM trades");
  CHECK(answer.columns == Lines{"symbol SYMBOL", "side SYMBOL", "price DOUBLE", "amount LONG", "timestamp TIMESTAMP"});
  CHECK(answer.designated == 4);
  CHECK(answer.rows ==
        Lines{"ETH-USD|sell|2615.5|1|2022-01-01T00:00:00.000000Z", "BTC-USD|buy|39269.0|2|2022-01-01T00:00:01.000000Z",
              "ETH-USD|null|2616.0|4|2022-01-01T00:00:02.000000Z", "BTC-USD|sell|null|3|2022-01-01T00:00:03.000000Z",
              "BTC-USD|buy|39270.25|5|2022-01-02T00:00:00.000000Z", "SOL-USD|buy|100.0|6|2022-01-02T00:00:00.000001Z"});
}

TEST_CASE("sql_engine: every type has its text, and null is null but for booleans") {
  Database database;
  const TextSink answer = database.answer("SELECT * FROM \"all types\"");
  CHECK(answer.columns == Lines{"b BOOLEAN", "l LONG", "d DOUBLE", "t TIMESTAMP", "n TIMESTAMP_NS", "s SYMBOL", "v VARCHAR",
                                "w LONG256", "ts TIMESTAMP_NS"});
  CHECK(answer.designated == 8);
  CHECK(answer.rows ==
        Lines{"true|-5|-0.0|1970-01-01T00:00:00.000001Z|1969-12-31T23:59:59.999999999Z|sym|d\xC3\xA9j\xC3\xA0 \"vu\"|"
              "0x10000000000000000000000000000001f|2022-01-01T00:00:00.123456789Z",
              "false|null|null|null|null|null|null|null|2022-01-01T00:00:00.123456790Z"});
}

TEST_CASE("sql_engine: table names are found in any case, quoted either way, and a name alone is a query") {
  Database database;
  for (const std::string query : {"trades", "'trades'", "\"TRADES\";", "select amount from 'trades' where 1",
                                  "SELECT * FROM Trades -- all", "/* all */ trades WHERE amount > 0"}) {
    CAPTURE(query);
    CHECK(database.rows(query).size() == 6);
  }
  CHECK(database.rows("SELECT a.amount FROM trades a JOIN 'All Types' b ON b.ts > a.timestamp WHERE a.amount = 1") ==
        Lines{"1", "1"});
}

TEST_CASE("sql_engine: comparisons with the designated timestamp take every spelling of a time") {
  Database database;
  const auto amounts = [&](const std::string& condition) {
    CAPTURE(condition);
    std::string joined;
    for (const std::string& row : database.rows("SELECT amount FROM trades WHERE " + condition)) joined += row;
    return joined;
  };
  CHECK(amounts("timestamp >= '2022-01-02'") == "56");
  CHECK(amounts("timestamp > '2022-01-02'") == "6");
  CHECK(amounts("timestamp < '2022-01-02'") == "1243");
  CHECK(amounts("timestamp <= '2022-01-02'") == "12435");
  CHECK(amounts("timestamp = '2022-01-02'") == "5");
  CHECK(amounts("timestamp = '2022-01-02T00:00:00.000000Z'") == "5");
  CHECK(amounts("timestamp = '2022-01-02 00:00:00.000001'") == "6");
  CHECK(amounts("timestamp = '2022-01-02T00:00:00.0000015Z'").empty());
  CHECK(amounts("timestamp > '2022-01-02T00:00:00.0000005Z'") == "6");
  CHECK(amounts("timestamp = '2022-01-02T01:00:00+01:00'") == "5");
  CHECK(amounts("timestamp = 1641081600000000") == "5");
  CHECK(amounts("timestamp BETWEEN '2022-01-01T00:00:01' AND '2022-01-01T00:00:02'") == "24");
  CHECK(amounts("timestamp IN ('2022-01-02', '2022-01-01')") == "15");
  CHECK(amounts("timestamp >= '2022'") == "124356");
  CHECK(amounts("timestamp < '2022'").empty());
  CHECK(amounts("'2022-01-02' < timestamp") == "6");
  CHECK(amounts("timestamp > NULL").empty());
  CHECK(amounts("timestamp > '2022-01-01T00:00:03' AND timestamp < '2022-01-01'").empty());
  // Not pushed down: the collation must agree.
  CHECK(amounts("timestamp = '2022-01-02' OR amount = 1") == "15");
  CHECK(amounts("NOT timestamp <= '2022-01-02'") == "6");
  CHECK(amounts("+timestamp <= '2022-01-02'") == "12435");
  CHECK(amounts("timestamp <> '2022-01-02' AND amount > 4") == "6");
  CHECK(database.error("SELECT * FROM trades WHERE timestamp > 'soon'") == "not a timestamp [value=soon] @0");
}

TEST_CASE("sql_engine: other timestamp columns, and those of the other unit, compare as times too") {
  Database database;
  CHECK(database.rows("SELECT l FROM 'All Types' WHERE t < '1970-01-02'") == Lines{"-5"});
  CHECK(database.rows("SELECT l FROM 'All Types' WHERE n = '1969-12-31T23:59:59.999999999Z'") == Lines{"-5"});
  CHECK(database.rows("SELECT l FROM 'All Types' WHERE ts > '2022-01-01T00:00:00.123456789Z'") == Lines{"null"});
  CHECK(database.rows("SELECT count() FROM trades, 'All Types' WHERE n < timestamp") == Lines{"6"});
  CHECK(database.rows("SELECT max(timestamp), min(timestamp) FROM trades") ==
        Lines{"2022-01-02T00:00:00.000001Z|2022-01-01T00:00:00.000000Z"});
}

TEST_CASE("sql_engine: a time range and the order of time are left to the scan") {
  Database database;
  const auto plan = [&](const std::string& query) { return database.answer("EXPLAIN QUERY PLAN " + query).rows.back(); };
  CHECK(plan("SELECT amount FROM trades WHERE timestamp > '2022' AND timestamp < '2023'").find(":><") != std::string::npos);
  CHECK(plan("SELECT amount FROM trades ORDER BY timestamp").find("SCAN trades") != std::string::npos);
  CHECK(plan("SELECT amount FROM trades ORDER BY timestamp DESC").find("TEMP B-TREE") != std::string::npos);
  CHECK(database.rows("SELECT amount FROM trades ORDER BY timestamp LIMIT 2") == Lines{"1", "2"});
  CHECK(database.rows("SELECT amount FROM trades ORDER BY timestamp DESC LIMIT 2") == Lines{"6", "5"});
}

TEST_CASE("sql_engine: time ranges joined by OR give each of their rows once, across partitions and late runs") {
  constexpr int64_t minute_us = 60'000'000;
  Database database;
  tests::TableFiles files(database.directory(),
                          tests::make_table(22, "ranges", {{"id", ColumnType::int64}, {"ts", ColumnType::timestamp_us}}, 1));
  for (int64_t i = 0; i < 4000; ++i) {  // minutes of three days; some rows come an hour or two late
    const int64_t late = i % 5 == 0 ? 60 : (i % 7 == 0 ? 120 : 0);
    files.add({i, std::max<int64_t>(i - late, 0) * minute_us});
  }
  files.write();
  REQUIRE(files.run_count() > 6);
  database.open();

  const std::string early = "ts < '1970-01-01T10:00:00'";
  const std::string until_late = "ts <= '1970-01-03T06:00:00'";
  const std::string from_early = "ts >= '1970-01-01T10:00:00'";
  const std::string late = "ts > '1970-01-03T06:00:00'";
  const std::string middle = "ts BETWEEN '1970-01-01T23:30:00' AND '1970-01-02T00:30:00'";
  for (const std::string& condition :
       {early + " OR " + late, late + " OR " + early, until_late + " OR " + from_early, early + " OR " + middle + " OR " + late,
        "(" + until_late + " AND " + from_early + ") OR " + middle}) {
    CAPTURE(condition);
    std::string plan;
    for (const std::string& row : database.rows("EXPLAIN QUERY PLAN SELECT id FROM ranges WHERE " + condition)) plan += row;
    CHECK(plan.find("MULTI-INDEX OR") != std::string::npos);
    // As an expression the time is no condition that a scan takes over: one scan of all rows.
    std::string plain = condition;
    for (size_t at = 0; (at = plain.find("ts ", at)) != std::string::npos; at += 4) plain.insert(at, 1, '+');
    Lines wanted = database.rows("SELECT id FROM ranges WHERE " + plain);
    Lines found = database.rows("SELECT id FROM ranges WHERE " + condition);
    std::ranges::sort(wanted);
    std::ranges::sort(found);
    CHECK(wanted.size() > 100);
    CHECK(found == wanted);
  }
}

TEST_CASE("sql_engine: only the wanted columns are read") {
  Database database;
  for (const char* unread : {"1.values", "0.values", "2.values"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(database.directory() / "tables/1")) {
      if (entry.path().filename() == unread) std::filesystem::remove(entry.path());
    }
  }
  CHECK(database.rows("SELECT sum(amount) FROM trades WHERE timestamp >= '2022-01-02'") == Lines{"11"});
  CHECK(database.rows("SELECT count() FROM trades") == Lines{"6"});
}

TEST_CASE("sql_engine: SQL is SQLite's: expressions, groups, joins, common tables") {
  Database database;
  const TextSink answer =
      database.answer("SELECT count(), sum(price), symbol, 'x', NULL FROM trades GROUP BY symbol ORDER BY 1 DESC, 3");
  CHECK(answer.columns == Lines{"count() LONG", "sum(price) DOUBLE", "symbol SYMBOL", "'x' VARCHAR", "NULL VARCHAR"});
  CHECK(answer.rows == Lines{"3|78539.25|BTC-USD|x|null", "2|5231.5|ETH-USD|x|null", "1|100.0|SOL-USD|x|null"});
  CHECK(database.rows("WITH big AS (SELECT * FROM trades WHERE price > 3000) SELECT amount FROM big") == Lines{"2", "5"});
  CHECK(database.rows("SELECT b = true, b FROM 'All Types'") == Lines{"1|true", "0|false"});
  CHECK(database.rows("SELECT 1e999, 1.0/3, -0.0, 5") == Lines{"null|0.3333333333333333|-0.0|5"});
  CHECK(database.rows("VALUES (1), (2)") == Lines{"1", "2"});
}

TEST_CASE("sql_engine: count_distinct is QuestDB's, and moves nothing else in the text") {
  Database database;
  const TextSink answer = database.answer("SELECT count_distinct(symbol), count(), count_distinct(price) + 1 FROM trades");
  CHECK(answer.columns == Lines{"count_distinct(symbol) LONG", "count() LONG", "count_distinct(price) + 1 LONG"});
  CHECK(answer.rows == Lines{"3|6|6"});
  CHECK(database.answer("SELECT count(DISTINCT symbol) FROM trades").columns == Lines{"count(DISTINCT symbol) LONG"});
  CHECK(database.rows("SELECT Count_Distinct  ( price + 0 ), 'count_distinct(x)' FROM trades WHERE symbol = 'SOL-USD'") ==
        Lines{"1|count_distinct(x)"});
  CHECK(database.error("SELECT count_distinct(symbol), nosuch FROM trades") == "Invalid column: nosuch @31");
}

TEST_CASE("sql_engine: mistakes are told in QuestDB's words, with their place") {
  Database database;
  CHECK(database.error("select * from 'nosuch'") == "table does not exist [table=nosuch] @14");
  CHECK(database.error("select nosuch from  nosuch") == "table does not exist [table=nosuch] @20");
  CHECK(database.error("selec") == "table does not exist [table=selec] @0");
  CHECK(database.error("SHOW COLUMNS FROM nosuch") == "table does not exist [table=nosuch] @18");
  CHECK(database.error("SELECT nosuch FROM trades") == "Invalid column: nosuch @7");
  CHECK(database.error("trades WHERE nosuch = 1") == "Invalid column: nosuch @13");
  CHECK(database.error("SELECT \"nosuch\" FROM trades") == "Invalid column: nosuch @7");
  CHECK(database.error("SELECT * FROM trades WHERE WHERE") == "near \"WHERE\": syntax error @27");
  CHECK(database.error("") == "empty query @0");
  CHECK(database.error(" ; -- nothing") == "empty query @0");
  CHECK(database.error("SELECT 1; SELECT 2") == "one query at a time: nothing may follow the semicolon @10");
  CHECK(database.error("SELECT * FROM long_sequence()") == "long_sequence() takes one argument @0");
}

TEST_CASE("sql_engine: nothing but queries is answered") {
  Database database;
  for (const std::string statement :
       {"INSERT INTO trades VALUES (1)", "CREATE TABLE t (a INT)", "drop table trades", "ATTACH DATABASE 'x' AS y",
        "PRAGMA table_info(t)", "UPDATE trades SET price = 1", "DELETE FROM trades", "VACUUM INTO 'copy'", "BEGIN TRANSACTION",
        "alter table trades add column x int"}) {
    CHECK(database.error(statement).starts_with("only queries are answered here"));
  }
  CHECK(database.error("EXPLAIN DELETE FROM trades").starts_with("table trades may not be modified"));
  CHECK(
      database.error("WITH a AS (SELECT 1) DELETE FROM sqlite_master").starts_with("table sqlite_master may not be modified"));
  CHECK(database.error("SELECT * FROM pragma_database_list") == "only queries are answered here @0");
  CHECK(database.error("SELECT load_extension('x')") == "not authorized to use function: load_extension @7");
}

TEST_CASE("sql_engine: a query has bounds in size, memory and depth, and a sink may end it") {
  Database database;
  CHECK(database.error("SELECT '" + std::string(net::query_size_max, 'x') + "'").starts_with("a query is at most"));
  CHECK(database.error("SELECT count() FROM (SELECT DISTINCT x || hex(zeroblob(500)) FROM long_sequence(1000000))")
            .starts_with("the query needs more memory"));
  CHECK(database.rows("SELECT count() FROM long_sequence(10)") == Lines{"10"});

  TextSink sink;
  sink.rows_max = 3;
  const net::QueryResult result = database.run("SELECT x FROM long_sequence(1000000000)", sink);
  CHECK(absl::IsUnavailable(result.status));
  CHECK(sink.rows == Lines{"1", "2", "3"});
}

TEST_CASE("sql_engine: table functions carry QuestDB's columns") {
  Database database;
  CHECK(database.rows(
            "SELECT id, table_name, designatedTimestamp, partitionBy, walEnabled, dedup, table_row_count, table_min_timestamp, "
            "table_max_timestamp, wal_pending_row_count, wal_txn FROM tables()") ==
        Lines{"1|trades|timestamp|DAY|true|false|6|2022-01-01T00:00:00.000000Z|2022-01-02T00:00:00.000001Z|0|1",
              "2|All Types|ts|DAY|true|false|2|2022-01-01T00:00:00.123456789Z|2022-01-01T00:00:00.123456790Z|0|1"});
  const TextSink wal = database.answer("SELECT * FROM wal_tables()");
  CHECK(wal.columns == Lines{"name STRING", "suspended BOOLEAN", "writerTxn LONG", "bufferedTxnSize LONG", "sequencerTxn LONG",
                             "errorTag STRING", "errorMessage STRING", "memoryPressure INT"});
  CHECK(wal.rows == Lines{"trades|false|1|0|1|null|null|0", "All Types|false|1|0|1|null|null|0"});

  const TextSink tables = database.answer("SHOW TABLES;");
  CHECK(tables.columns == Lines{"table_name STRING"});
  CHECK(tables.rows == Lines{"trades", "All Types"});
  const TextSink columns = database.answer("show columns from 'TRADES'");
  CHECK(columns.columns == Lines{"column STRING", "type STRING", "indexed BOOLEAN", "indexBlockCapacity INT",
                                 "symbolCached BOOLEAN", "symbolCapacity INT", "symbolTableSize INT", "designated BOOLEAN",
                                 "upsertKey BOOLEAN"});
  CHECK(columns.rows.front() == "symbol|SYMBOL|false|0|true|0|3|false|false");
  CHECK(columns.rows.back() == "timestamp|TIMESTAMP|false|0|false|0|0|true|false");
  CHECK(database.rows("SELECT \"index\", name, numRows, runs FROM table_partitions('trades')") ==
        Lines{"0|2022-01-01|4|2", "1|2022-01-02|2|1"});

  const TextSink sequence = database.answer("select * from long_sequence(1) -- >>>>>>>>> BEGIN PYTHON UNIT TEST: name");
  CHECK(sequence.columns == Lines{"x LONG"});
  CHECK(sequence.rows == Lines{"1"});
  CHECK(database.answer("select build").columns == Lines{"build STRING"});
  CHECK(database.answer("SELECT * FROM connections()").columns ==
        Lines{"id LONG", "transport STRING", "peer STRING", "state STRING", "opened TIMESTAMP", "rows_received LONG",
              "rows_durable LONG", "rows_rejected LONG", "rows_repeated LONG", "rows_pending LONG", "requests_repeated LONG",
              "bytes_received LONG"});
}

TEST_CASE("sql_engine: a user's table may be called like a function, a keyword or a part of SQLite") {
  Database database;
  uint32_t id = 10;
  for (const std::string name : {"tables", "select", "sqlite_stat9", "a b]c", "count", "pragma_x", "\xC3\x84pfel"}) {
    tests::TableFiles files(database.directory(),
                            tests::make_table(id++, name, {{"order", ColumnType::int64}, {"ts", ColumnType::timestamp_us}}, 1));
    files.add({int64_t{7}, int64_t{0}});
    files.write();
    database.open();
    CHECK(database.rows("SELECT \"order\" FROM \"" + name + "\"") == Lines{"7"});
    CHECK(database.rows("SELECT count() FROM tables()").size() == 1);
  }
  CHECK(database.rows("SELECT \"order\" FROM \xC3\xA4PFEL") == Lines{"7"});
}

TEST_CASE("sql_engine: a table with the most columns is read whole") {
  Database database;
  std::vector<storage::ColumnWish> columns{{"ts", ColumnType::timestamp_us}};
  Row row{int64_t{0}};
  for (int64_t i = 1; i < static_cast<int64_t>(storage::columns_max); ++i) {
    columns.push_back({"c" + std::to_string(i), ColumnType::int64});
    row.push_back(i);
  }
  tests::TableFiles files(database.directory(), tests::make_table(20, "broad", columns, 0));
  files.add(row);
  files.write();
  database.open();
  CHECK(database.rows("SELECT c1, c62, c63, c64, c1999 FROM broad") == Lines{"1|62|63|64|1999"});
  CHECK(database.answer("broad").columns.size() == storage::columns_max);
}

TEST_CASE("sql_engine: tables with names of the engine's own do not get in its way") {
  Database database;
  uint32_t id = 30;
  for (const char* name : {"tables", "sqlite_master"}) {
    tests::TableFiles files(database.directory(), tests::make_table(id++, name, {{"ts", ColumnType::timestamp_us}}, 0));
    files.add({int64_t{0}});
    files.write();
  }
  database.open();
  CHECK(database.rows("SHOW TABLES") == Lines{"trades", "All Types", "tables", "sqlite_master"});
  CHECK(database.rows("SELECT count(*) FROM tables") == Lines{"1"});
  CHECK(database.error("SELECT * FROM sqlite_master") ==
        "a table that has the name of SQLite's catalogue cannot be queried: sqlite_master @14");
}

TEST_CASE("sql_engine: a damaged file is an error of the queries that read it, and of no others") {
  Database database;
  tests::TableFiles files(database.directory(),
                          tests::make_table(21, "long", {{"a", ColumnType::int64}, {"ts", ColumnType::timestamp_us}}, 1));
  for (int64_t i = 0; i < 2000; ++i) files.add({i, i});
  files.write();
  std::filesystem::remove(database.directory() / "tables/21/0/1970-01-01/0/0.values");
  database.open();
  CHECK(database.error("SELECT a FROM long").find("tables/21/0/1970-01-01/0/0.values") != std::string::npos);
  CHECK(database.rows("SELECT count(ts) FROM long") == Lines{"2000"});
}

TEST_CASE("timestamp_text: timestamps of all times are written and read back") {
  struct Case {
    int64_t timestamp;
    engine::TimeUnit unit;
    std::string text;
  };
  const std::vector<Case> cases{
      {0, engine::TimeUnit::us, "1970-01-01T00:00:00.000000Z"},
      {-1, engine::TimeUnit::ns, "1969-12-31T23:59:59.999999999Z"},
      {951'782'400'000'000, engine::TimeUnit::us, "2000-02-29T00:00:00.000000Z"},
      {253'402'300'799'999'999, engine::TimeUnit::us, "9999-12-31T23:59:59.999999Z"},
      {INT64_MAX, engine::TimeUnit::ns, "2262-04-11T23:47:16.854775807Z"},
      {INT64_MIN, engine::TimeUnit::ns, "1677-09-21T00:12:43.145224192Z"},
      {INT64_MAX, engine::TimeUnit::us, "294247-01-10T04:00:54.775807Z"},
      {INT64_MIN, engine::TimeUnit::us, "-290308-12-21T19:59:05.224192Z"},
      {-62'167'219'200'000'001, engine::TimeUnit::us, "-0001-12-31T23:59:59.999999Z"},
  };
  for (const Case& c : cases) {
    std::array<char, net::timestamp_text_size_max> buffer{};
    CHECK(std::string(net::format_timestamp(c.timestamp, c.unit, buffer)) == c.text);
    const auto point = net::parse_time_point(c.text, c.unit);
    REQUIRE(point.has_value());
    CHECK(net::floor_timestamp(*point, c.unit) == c.timestamp);
    CHECK(net::ceil_timestamp(*point, c.unit) == c.timestamp);
  }
}

TEST_CASE("timestamp_text: what is no timestamp is refused") {
  for (const std::string text :
       {"", "soon", "2022-13", "2022-02-30", "2022-1-1", "2022-01-01T", "2022-01-01T24:00", "2022-01-01T10:30:15.",
        "2022-01-01T10:30:15.1234567890Z", "2022-01-01Zz", "99999999999999999999", "2022-01-01T10:00+", "+5"}) {
    CAPTURE(text);
    CHECK(!net::parse_time_point(text, engine::TimeUnit::us).has_value());
  }
}
