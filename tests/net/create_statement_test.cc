#include "net/sql/create_statement.h"

#include <string>
#include <variant>

#include "net/ddl/parser.h"
#include "net/ddl/wish.h"
#include "tests/catch.h"

namespace {

using namespace net;

storage::Schema created(const std::string& text) {
  const ParsedDdl parsed = parse_ddl(text);
  INFO(text);
  REQUIRE(std::holds_alternative<DdlStatement>(parsed));
  const auto wish = make_table_wish(std::get<CreateTable>(std::get<DdlStatement>(parsed)));
  REQUIRE(std::holds_alternative<storage::TableWish>(wish));
  return storage::make_schema(storage::TableId{1}, std::get<storage::TableWish>(wish));
}

}  // namespace

TEST_CASE("create_statement: a table is told as QuestDB tells it") {
  const storage::Schema schema = created(
      "create table t (s symbol, \"a b\" long, ts timestamp_ns) timestamp(ts) partition by hour ttl 2 days dedup upsert "
      "keys(ts, s)");
  CHECK(create_statement(schema) ==
        "CREATE TABLE 't' ( \n\ts SYMBOL,\n\t\"a b\" LONG,\n\tts TIMESTAMP_NS\n) timestamp(ts) PARTITION BY HOUR TTL 2 DAYS\n"
        "DEDUP UPSERT KEYS(s,ts);");
}

TEST_CASE("create_statement: the statement makes the same table again") {
  for (const std::string text : {
           "create table \"a b\" (timestamp timestamp) timestamp(timestamp)",
           "create table t (\"1\" double, ts timestamp, \"table\" boolean, \"\xc3\xa4\" varchar) timestamp(ts) partition by "
           "none",
           "create table t (ts timestamp, w long256) timestamp(ts) partition by year ttl 1y dedup upsert keys(ts)",
           "create table t (ts timestamp) timestamp(ts) partition by month ttl 5 months",
       }) {
    const storage::Schema schema = created(text);
    CHECK(created(create_statement(schema)) == schema);
  }
}
