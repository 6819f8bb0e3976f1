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

struct Reply final : net::ExecReply {
  absl::Status begin(net::ExecStatus answer_status) override {
    status = static_cast<int>(answer_status);
    return absl::OkStatus();
  }
  absl::Status write(std::string_view chunk) override {
    CHECK(status != 0);
    CHECK(!chunk.empty());
    chunk_sizes.push_back(chunk.size());
    body += chunk;
    return chunk_sizes.size() == chunks_max ? engine::unavailable("the peer has gone") : absl::OkStatus();
  }
  absl::Status end() override {
    ended = true;
    return absl::OkStatus();
  }

  int status = 0;
  std::string body;
  std::vector<size_t> chunk_sizes;
  bool ended = false;
  size_t chunks_max = SIZE_MAX;
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

  absl::Status ask(std::string_view query, Reply& reply) {
    net::SqlEngine engine(*source);
    return net::answer_exec(engine, query, reply);
  }

  Reply answer(std::string_view query) {
    Reply reply;
    CHECK(ask(query, reply).ok());
    CHECK(reply.ended);
    return reply;
  }
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

TEST_CASE("exec_json: a long answer leaves in chunks of bounded size") {
  Node node;
  node.open();
  const Reply reply = node.answer("SELECT x, 'abcdefghij' AS s FROM long_sequence(20000)");
  CHECK(reply.status == 200);
  CHECK(reply.chunk_sizes.size() > 10);
  CHECK(*std::max_element(reply.chunk_sizes.begin(), reply.chunk_sizes.end()) < 2 * net::exec_chunk_size);
  const json parsed = json::parse(reply.body);
  CHECK(parsed["count"] == 20'000);
  CHECK(parsed["dataset"].size() == 20'000);
  CHECK(parsed["dataset"][19'999] == json::array({20'000, "abcdefghij"}));
}

TEST_CASE("exec_json: an error before the first chunk is an error, after it the answer breaks off") {
  Node node;
  node.open();
  const std::string late_error =
      "SELECT CASE WHEN x < 50 THEN x ELSE abs(-9223372036854775807 - 1) END FROM long_sequence(100)";
  const Reply reply = node.answer(late_error);
  CHECK(reply.status == 400);
  CHECK(json::parse(reply.body)["error"] == "integer overflow");

  Reply broken;
  CHECK(!node.ask("SELECT CASE WHEN x < 50000 THEN x ELSE abs(-9223372036854775807 - 1) END FROM long_sequence(100000)", broken)
             .ok());
  CHECK(broken.status == 200);
  CHECK(!broken.ended);
}

TEST_CASE("exec_json: a reply that fails ends the query") {
  Node node;
  node.open();
  Reply reply;
  reply.chunks_max = 2;
  CHECK(absl::IsUnavailable(node.ask("SELECT x FROM long_sequence(100000000)", reply)));
  CHECK(reply.chunk_sizes.size() == 2);
  CHECK(!reply.ended);
}
