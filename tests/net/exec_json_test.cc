#include "net/query/exec_json.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "engine/base/prng.h"
#include "engine/uring/backend.h"
#include "net/sql/file_table_provider.h"
#include "storage/read/snapshot_files.h"
#include "tests/catch.h"
#include "tests/storage/table_files.h"
#include "tests/temporary_directory.h"

namespace {

using nlohmann::json;
using storage::ColumnType;

struct Reply {
  int status = 0;
  std::string body;
  std::vector<size_t> part_sizes;
  bool is_whole = false;
};

struct Node {
  tests::TemporaryDirectory directory;
  std::unique_ptr<engine::UringBackend> backend;
  std::unique_ptr<net::FileTableProvider> source;

  void open() {
    auto created = engine::UringBackend::create({.data_directory = directory.path().string()});
    REQUIRE(created.ok());
    backend = *std::move(created);
    auto snapshots = storage::read_table_snapshots(*backend);
    REQUIRE(snapshots.ok());
    source = std::make_unique<net::FileTableProvider>(*backend, *std::move(snapshots));
  }

  Reply answer(const std::string& query, net::RowRange rows = {}) {
    net::QueryRun run(query, limits);
    run.begin(*source, backend->now() + limits.duration_max);
    net::ExecAnswer answer(run, rows);
    Reply reply;
    for (std::string part;; part.clear()) {
      const net::ExecAnswer::Progress progress = answer.fill(part, engine::instant_never);
      if (progress == net::ExecAnswer::Progress::broken) return reply;
      reply.status = static_cast<int>(answer.status());
      reply.body += part;
      reply.part_sizes.push_back(part.size());
      reply.is_whole = progress == net::ExecAnswer::Progress::last;
      if (reply.is_whole) return reply;
    }
  }

  net::QueryLimits limits;
};

}  // namespace

TEST_CASE("exec_json: answers and errors have QuestDB's shape, byte by byte") {
  Node node;
  tests::TableFiles files(node.directory.path(),
                          tests::make_table(1, "t", {{"a", ColumnType::symbol}, {"timestamp", ColumnType::timestamp_us}}, 1));
  files.write();
  node.open();
  CHECK(node.answer("select * from long_sequence(1) -- >>> BEGIN: x").body ==
        R"({"query":"select * from long_sequence(1) -- >>> BEGIN: x","columns":[{"name":"x","type":"LONG"}],)"
        R"("timestamp":-1,"dataset":[[1]],"count":1})");
  CHECK(node.answer("select * from 't'").body ==
        R"({"query":"select * from 't'","columns":[{"name":"a","type":"SYMBOL"},{"name":"timestamp","type":"TIMESTAMP"}],)"
        R"("timestamp":1,"dataset":[],"count":0})");
  CHECK(node.answer("select count() from t").body ==
        R"j({"query":"select count() from t","columns":[{"name":"count()","type":"LONG"}],)j"
        R"j("timestamp":-1,"dataset":[[0]],"count":1})j");

  const Reply missing = node.answer("select * from 'nosuch'");
  CHECK(missing.status == 400);
  CHECK(missing.body == R"({"query":"select * from 'nosuch'","error":"table does not exist [table=nosuch]","position":14})");
  CHECK(node.answer("selec").body == R"({"query":"selec","error":"table does not exist [table=selec]","position":0})");
}

TEST_CASE("exec_json: any text comes back through a JSON parser, and bytes that are not UTF-8 are replaced") {
  struct Case {
    std::string text;
    std::string wanted;
  };
  const std::string whole = "\"\\/\b\f\n\r\t\x01\x7f \xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80 plain";
  const std::vector<Case> cases{{whole, whole},
                                {std::string("a\0b", 3), std::string("a\0b", 3)},
                                {"\xFF", "\xEF\xBF\xBD"},
                                {"a\xC3", "a\xEF\xBF\xBD"},
                                {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
                                {"\xED\xA0\x80z", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz"},
                                {"", ""}};
  for (const Case& c : cases) {
    std::string text;
    net::append_json_text(text, c.text);
    CHECK(json::parse(text).get<std::string>() == c.wanted);
  }
}

TEST_CASE("exec_json: doubles read back as the same bits") {
  engine::Prng prng(3);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(prng.next());
    if (!std::isfinite(value)) continue;
    std::string text;
    net::append_double(text, value);
    double back = 0;
    std::from_chars(text.data(), text.data() + text.size(), back);
    REQUIRE(std::bit_cast<uint64_t>(back) == std::bit_cast<uint64_t>(value));
  }
  const auto text_of = [](double value) {
    std::string text;
    net::append_double(text, value);
    return text;
  };
  CHECK(text_of(1) == "1.0");
  CHECK(text_of(-0.0) == "-0.0");
  CHECK(text_of(100'000) == "100000.0");
  CHECK(text_of(0.1) == "0.1");
  CHECK(text_of(1e22) == "1e+22");
  CHECK(text_of(5e-324) == "5e-324");
  CHECK(text_of(1.7976931348623157e308) == "1.7976931348623157e+308");
}

TEST_CASE("exec_json: a long answer leaves in parts of bounded size") {
  Node node;
  node.open();
  const Reply reply = node.answer("SELECT x, 'abcdefghij' AS s FROM long_sequence(20000)");
  CHECK(reply.status == 200);
  CHECK(reply.part_sizes.size() > 10);
  CHECK(std::ranges::max(reply.part_sizes) <= net::exec_part_size_max);
  const json parsed = json::parse(reply.body);
  CHECK(parsed["count"] == 20'000);
  CHECK(parsed["dataset"].size() == 20'000);
  CHECK(parsed["dataset"][19'999] == json::array({20'000, "abcdefghij"}));
}

TEST_CASE("exec_json: an error before the first part is an error, after it the answer breaks off") {
  Node node;
  node.open();
  const std::string late_error =
      "SELECT CASE WHEN x < 50 THEN x ELSE abs(-9223372036854775807 - 1) END FROM long_sequence(100)";
  const Reply reply = node.answer(late_error);
  CHECK(reply.status == 400);
  CHECK(json::parse(reply.body)["error"] == "integer overflow");

  const Reply broken =
      node.answer("SELECT CASE WHEN x < 50000 THEN x ELSE abs(-9223372036854775807 - 1) END FROM long_sequence(100000)");
  CHECK(broken.status == 200);
  CHECK(!broken.is_whole);
}

TEST_CASE("exec_json: a row leaves in parts too, whatever its cells hold") {
  Node node;
  node.open();
  const Reply reply = node.answer("SELECT zeroblob(1000000), zeroblob(1000000), zeroblob(1000000), 'end'");
  REQUIRE(reply.is_whole);
  CHECK(reply.part_sizes.size() > 3 * 6 * 1'000'000 / net::exec_part_size_max);
  CHECK(std::ranges::max(reply.part_sizes) <= net::exec_part_size_max);
  const json row = json::parse(reply.body)["dataset"][0];
  CHECK(row[2].get<std::string>() == std::string(1'000'000, '\0'));
  CHECK(row[3] == "end");
}

TEST_CASE("exec_json: the head leaves in parts, with as many columns as there may be") {
  Node node;
  node.open();
  std::string query = "SELECT 1 AS \"" + std::string(20, '\x01') + "0\"";
  for (int i = 1; i < 1500; ++i) query += ",1 AS \"" + std::string(20, '\x01') + std::to_string(i) + '"';
  const Reply reply = node.answer(query);
  REQUIRE(reply.is_whole);
  CHECK(std::ranges::max(reply.part_sizes) <= net::exec_part_size_max);
  const json parsed = json::parse(reply.body);
  CHECK(parsed["query"] == query);
  CHECK(parsed["columns"].size() == 1500);
  CHECK(parsed["dataset"][0].size() == 1500);
}

TEST_CASE("exec_json: a row that is too large for any answer is an error that says so") {
  Node node;
  node.open();
  std::string query = "SELECT zeroblob(1000000)";
  for (int i = 1; i < 70; ++i) query += ", zeroblob(1000000)";
  const Reply reply = node.answer(query);
  CHECK(reply.status == 500);
  CHECK(json::parse(reply.body)["error"] ==
        "a row of an answer has at most 67108864 bytes, row 1 has 70000000: ask for less of it");
}

TEST_CASE("exec_json: of a result the rows that are asked for are shown, and counted up to the last one") {
  struct Case {
    std::string limit;
    json rows;
    int count;
  };
  const std::vector<Case> cases{{"3", {1, 2, 3}, 3},
                                {"2,4", {2, 3, 4}, 4},
                                {"0,2", {1, 2}, 2},
                                {"1,2", {1, 2}, 2},
                                {"4,", {4, 5}, 5},
                                {"9", {1, 2, 3, 4, 5}, 5},
                                {"5,9", {5}, 5},
                                {"6,9", json::array(), 0},
                                {"0", json::array(), 0},
                                {"-3", json::array(), 0},
                                {"-3,-1", json::array(), 0},
                                {"4,2", json::array(), 0},
                                {"99999999999999999999", {1, 2, 3, 4, 5}, 5}};
  Node node;
  node.open();
  for (const Case& c : cases) {
    INFO(c.limit);
    const auto range = net::parse_row_range(c.limit);
    REQUIRE(range);
    const json parsed = json::parse(node.answer("SELECT x FROM long_sequence(5)", *range).body);
    json rows = json::array();
    for (const json& row : parsed["dataset"]) rows.push_back(row[0]);
    CHECK(rows == c.rows);
    CHECK(parsed["count"] == c.count);
  }
  for (const char* text : {"", ",", "x", "1x", " 1", "1,2,3", "-", ",3", "1.5", "+1", "--1"}) {
    INFO(text);
    CHECK_FALSE(net::parse_row_range(text));
  }
}

TEST_CASE("exec_json: rows behind those that are asked for are not computed") {
  Node node;
  node.open();
  const Reply reply =
      node.answer("SELECT CASE WHEN x < 3 THEN x ELSE abs(-9223372036854775807 - 1) END FROM long_sequence(100000000)",
                  {.first = 1, .last = 2});
  CHECK(reply.status == 200);
  CHECK(json::parse(reply.body)["count"] == 2);
}
