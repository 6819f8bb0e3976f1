#include "net/query/exec_json.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "engine/base/bytes.h"
#include "engine/base/prng.h"
#include "engine/uring/backend.h"
#include "net/query/exp_csv.h"
#include "net/query/query_answer.h"
#include "net/sql/file_table_provider.h"
#include "storage/read/snapshot_files.h"
#include "storage/schema/full_type.h"
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

  Reply answer(const std::string& query, net::RowRange rows = {}, net::AnswerForm form = {}) {
    net::QueryRun run(query, limits);
    run.begin(*source, backend->now() + limits.duration_max);
    net::QueryAnswer answer(run, rows, form);
    Reply reply;
    for (std::string part;; part.clear()) {
      const net::QueryAnswer::Progress progress = answer.fill(part, engine::instant_never);
      if (progress == net::QueryAnswer::Progress::broken) return reply;
      reply.status = static_cast<int>(answer.status());
      reply.body += part;
      reply.part_sizes.push_back(part.size());
      reply.is_whole = progress == net::QueryAnswer::Progress::last;
      if (reply.is_whole) return reply;
    }
  }

  net::QueryLimits limits;
};

constexpr net::AnswerForm csv_form{.kind = net::AnswerForm::Kind::csv};

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

// A table with a row of values, and one of nulls.
TEST_CASE("exec_json: every type is named and shown as QuestDB does") {
  struct Case {
    std::string type;
    tests::Cell cell;
    std::string value, null;  // in JSON
    std::string csv;          // its null is empty, where there is one
  };
  const auto bytes = [](const auto& value) { return std::string(engine::as_text(std::as_bytes(std::span(&value, 1)))); };
  const std::string digits76(76, '9');
  const std::vector<Case> cases{
      {"BOOLEAN", true, "true", "false", "true"},
      {"BYTE", int64_t{-5}, "-5", "0", "-5"},
      {"SHORT", int64_t{-32768}, "-32768", "0", "-32768"},
      {"INT", int64_t{-2147483647}, "-2147483647", "null", "-2147483647"},
      {"LONG", int64_t{5}, "5", "null", "5"},
      {"FLOAT", bytes(0.1F), "0.1", "null", "0.1"},
      {"DOUBLE", 0.1, "0.1", "null", "0.1"},
      {"CHAR", int64_t{0x20ac}, "\"\xE2\x82\xAC\"", "\"\"", "\xE2\x82\xAC"},
      {"SYMBOL", "a\"b", "\"a\\\"b\"", "null", "\"a\"\"b\""},
      {"STRING", "x", "\"x\"", "null", "\"x\""},
      {"VARCHAR", "x", "\"x\"", "null", "\"x\""},
      {"DATE", int64_t{1'638'202'821'123}, "\"2021-11-29T16:20:21.123Z\"", "null", "\"2021-11-29T16:20:21.123Z\""},
      {"TIMESTAMP", int64_t{-1}, "\"1969-12-31T23:59:59.999999Z\"", "null", "\"1969-12-31T23:59:59.999999Z\""},
      {"TIMESTAMP_NS", int64_t{1}, "\"1970-01-01T00:00:00.000000001Z\"", "null", "\"1970-01-01T00:00:00.000000001Z\""},
      {"LONG256", storage::Long256{0x1f, 0, 1, 0}, "\"0x10000000000000000000000000000001f\"", "\"\"",
       "0x010000000000000000000000000000001f"},
      {"UUID", "\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x01", "\"11223344-5566-7788-99aa-bbccddeeff01\"",
       "null", "11223344-5566-7788-99aa-bbccddeeff01"},
      {"IPv4", int64_t{0xc0a80001}, "\"192.168.0.1\"", "null", "192.168.0.1"},
      {"GEOHASH(5c)", int64_t{0b11010'00011'00011'01100'01011}, "\"u33dc\"", "null", "\"u33dc\""},
      {"GEOHASH(4b)", int64_t{0b0100}, "\"0100\"", "null", "\"0100\""},
      {"DECIMAL(18,3)", int64_t{-500}, "\"-0.500\"", "null", "\"-0.500\""},
      {"DECIMAL(38,0)", bytes(std::array<int64_t, 2>{-7, -1}), "\"-7\"", "null", "\"-7\""},
      {"DECIMAL(76,2)", bytes(storage::Long256{12345, 0, 0, 0}), "\"123.45\"", "null", "\"123.45\""},
      {"DOUBLE[]", bytes(uint32_t{2}) + bytes(1.0) + bytes(std::nan("")), "[1.0,null]", "null", "\"[1.0,null]\""},
      {"DOUBLE[][]", bytes(std::array<uint32_t, 2>{2, 1}) + bytes(1.5) + bytes(-0.0), "[[1.5],[-0.0]]", "null",
       "\"[[1.5],[-0.0]]\""},
      {"DOUBLE[]", bytes(uint32_t{0}), "[]", "null", "\"[]\""},
      {"DOUBLE[][]", bytes(std::array<uint32_t, 2>{2, 1}), "[]", "null", "\"[]\""},  // damaged
      {"BINARY", "abc", "[]", "[]", ""},
  };
  Node node;
  std::vector<storage::ColumnWish> columns;
  tests::Row values;
  std::string types, shown, nulls, csv_names, csv_values, csv_nulls;
  for (const Case& c : cases) {
    const storage::FullType type = storage::parse_full_type(c.type).value();
    const std::string name = "c" + std::to_string(columns.size());
    columns.push_back({name, type.type, type.parameters});
    values.push_back(c.cell);
    const size_t dimensions = static_cast<size_t>(std::ranges::count(c.type, '['));
    types += R"({"name":")" + name + R"(","type":")";
    types += dimensions == 0 ? c.type + "\"}," : R"(ARRAY","dim":)" + std::to_string(dimensions) + R"(,"elemType":"DOUBLE"},)";
    shown += c.value + ',';
    nulls += c.null + ',';
    csv_names += '"' + name + "\",";
    csv_values += c.csv + ',';
    csv_nulls += (c.null == "false" || c.null == "0" ? c.null : "") + ',';
  }
  columns.push_back({"timestamp", ColumnType::timestamp_us});
  values.push_back(int64_t{0});
  tests::Row empty(columns.size());
  empty.back() = int64_t{1};
  tests::TableFiles files(node.directory.path(), tests::make_table(1, "t", columns, static_cast<uint32_t>(cases.size())));
  files.add(values);
  files.add(empty);
  files.write();
  node.open();
  CHECK(node.answer("t").body == R"({"query":"t","columns":[)" + types +
                                     R"({"name":"timestamp","type":"TIMESTAMP"}],"timestamp":)" + std::to_string(cases.size()) +
                                     R"(,"dataset":[[)" + shown + R"("1970-01-01T00:00:00.000000Z"],[)" + nulls +
                                     R"("1970-01-01T00:00:00.000001Z"]],"count":2})");
  CHECK(node.answer("t", {}, csv_form).body == csv_names + "\"timestamp\"\r\n" + csv_values +
                                                   "\"1970-01-01T00:00:00.000000Z\"\r\n" + csv_nulls +
                                                   "\"1970-01-01T00:00:00.000001Z\"\r\n");
  const auto count = [&](const std::string& condition) {
    return json::parse(node.answer("select count() from t where " + condition).body).at("dataset").at(0).at(0).get<int>();
  };
  CHECK(count("c1 = -5") == 1);
  CHECK(count("c2 < 0") == 1);
  CHECK(count("c3 is null") == 1);
  CHECK(count("c11 > '2021-11-29T16:20:21Z'") == 1);
  CHECK(count("c15 = '11223344-5566-7788-99aa-bbccddeeff01'") == 1);
  CHECK(count("c19 = '-0.500'") == 1);
  const json shown_columns = json::parse(node.answer("show columns from t").body).at("dataset");
  for (size_t i = 0; i < cases.size(); ++i) CHECK(shown_columns.at(i).at(1) == cases[i].type);
}

TEST_CASE("exec_json: an array that is larger than a part goes in several") {
  Node node;
  tests::TableFiles files(
      node.directory.path(),
      tests::make_table(1, "t", {{"a", ColumnType::array, {.size = 1}}, {"timestamp", ColumnType::timestamp_us}}, 1));
  constexpr uint32_t count = 50'000;
  std::string array(reinterpret_cast<const char*>(&count), sizeof(count));
  for (uint32_t i = 0; i < count; ++i) {
    const double value = i + 0.5;
    array.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  files.add({array, int64_t{0}});
  files.write();
  node.open();
  const Reply reply = node.answer("select a from t");
  REQUIRE(reply.part_sizes.size() > 5);
  for (const size_t size : reply.part_sizes) CHECK(size <= net::answer_part_size_max);
  const json shown = json::parse(reply.body).at("dataset").at(0).at(0);
  REQUIRE(shown.size() == count);
  for (uint32_t i = 0; i < count; ++i) REQUIRE(shown.at(i).get<double>() == i + 0.5);
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
  CHECK(std::ranges::max(reply.part_sizes) <= net::answer_part_size_max);
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
  CHECK(reply.part_sizes.size() > 3 * 6 * 1'000'000 / net::answer_part_size_max);
  CHECK(std::ranges::max(reply.part_sizes) <= net::answer_part_size_max);
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
  CHECK(std::ranges::max(reply.part_sizes) <= net::answer_part_size_max);
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

TEST_CASE("exp_csv: names and texts are quoted, and a quote in them is written twice") {
  Node node;
  node.open();
  const auto csv = [&node](const std::string& query, net::AnswerForm form = csv_form) {
    return node.answer(query, {}, form).body;
  };
  CHECK(csv(R"(SELECT 1 AS "a,b", 'x"y' AS "c""d")") == "\"a,b\",\"c\"\"d\"\r\n1,\"x\"\"y\"\r\n");
  CHECK(csv("SELECT 'l1' || char(10) || 'l2' AS t, '' AS e, null AS n") == "\"t\",\"e\",\"n\"\r\n\"l1\nl2\",\"\",\r\n");
  CHECK(csv("SELECT 1 a, 'x' b", {.kind = net::AnswerForm::Kind::csv, .delimiter = ';', .has_names = false}) == "1;\"x\"\r\n");
  CHECK(csv("SELECT 1 a WHERE false") == "\"a\"\r\n");
  const Reply failed = node.answer("SELECT * FROM nosuch", {}, csv_form);
  CHECK(failed.status == 400);
  CHECK(json::parse(failed.body).at("error") == "table does not exist [table=nosuch]");
}

TEST_CASE("exp_csv: reals have the digits and the exponents of Java") {
  const auto text = [](double value) {
    std::string shown;
    net::append_csv_double(shown, value);
    return shown;
  };
  CHECK(text(0.0) == "0.0");
  CHECK(text(-0.0) == "-0.0");
  CHECK(text(1.0) == "1.0");
  CHECK(text(0.1) == "0.1");
  CHECK(text(0.001) == "0.001");
  CHECK(text(0.0009) == "9.0E-4");
  CHECK(text(1e-7) == "1.0E-7");
  CHECK(text(9999999.0) == "9999999.0");
  CHECK(text(1e7) == "1.0E7");
  CHECK(text(-123456789.125) == "-1.23456789125E8");
  CHECK(text(1e20) == "1.0E20");
  CHECK(text(1e300) == "1.0E300");
  CHECK(text(5e-324) == "5.0E-324");
  std::string real32;
  net::append_csv_float(real32, 1.1e10F);
  CHECK(real32 == "1.1E10");
}

TEST_CASE("exp_csv: a long text leaves in parts of bounded size, with every quote twice") {
  Node node;
  node.open();
  const Reply reply = node.answer("SELECT replace(hex(zeroblob(100000)), '0', '\"') t FROM long_sequence(3)", {}, csv_form);
  CHECK(reply.is_whole);
  CHECK(std::ranges::max(reply.part_sizes) <= net::answer_part_size_max);
  CHECK(std::ranges::count(reply.body, '"') == 2 + 3 * (2 + 2 * 200'000));
}

TEST_CASE("exp_csv: rows are counted off from 0") {
  const auto range = [](std::string_view text) {
    const net::RowRange rows = net::parse_exp_row_range(text);
    return std::pair(rows.first, rows.last);
  };
  CHECK(range("3") == std::pair<uint64_t, uint64_t>(1, 3));
  CHECK(range("2,4") == std::pair<uint64_t, uint64_t>(3, 4));
  CHECK(range("2,") == std::pair<uint64_t, uint64_t>(3, UINT64_MAX));
  CHECK(range("5,x") == std::pair<uint64_t, uint64_t>(6, UINT64_MAX));
  CHECK(range("x") == std::pair<uint64_t, uint64_t>(1, UINT64_MAX));
  for (const char* const none : {"0", "-1", "4,4", "4,2", "2,-1"}) CHECK(net::parse_exp_row_range(none).is_empty());
}
