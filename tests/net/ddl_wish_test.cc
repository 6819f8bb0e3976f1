#include "net/ddl/wish.h"

#include <string>
#include <variant>

#include "net/ddl/parser.h"
#include "tests/catch.h"

namespace {

using namespace net;

DdlResult<storage::TableWish> wished(const std::string& text) {
  const ParsedDdl parsed = parse_ddl(text);
  CAPTURE(text);
  REQUIRE(std::holds_alternative<DdlStatement>(parsed));
  return make_table_wish(std::get<CreateTable>(std::get<DdlStatement>(parsed)));
}

// "message @position"
std::string error(const std::string& text) {
  const DdlResult<storage::TableWish> result = wished(text);
  const auto* found = std::get_if<DdlError>(&result);
  return found == nullptr ? "ok" : found->message + " @" + std::to_string(found->position);
}

}  // namespace

TEST_CASE("ddl_wish: a table has the columns that were named, and is partitioned by day unless something else was said") {
  const auto wish = std::get<storage::TableWish>(wished(
      "create table Trades (Sym symbol, price double, ts timestamp_ns) timestamp(TS) ttl 2d dedup upsert keys(ts, SYM, sym)"));
  CHECK(wish.name == "Trades");
  REQUIRE(wish.columns.size() == 3);
  CHECK(wish.columns[0].name == "Sym");
  CHECK(wish.columns[0].type == storage::ColumnType::symbol);
  CHECK(wish.columns[2].type == storage::ColumnType::timestamp_ns);
  CHECK(wish.designated == storage::ColumnIndex{2});
  CHECK(wish.partition_unit == storage::PartitionUnit::day);
  CHECK(wish.ttl == storage::Ttl{.unit = storage::TtlUnit::hour, .count = 48});
  CHECK(wish.upsert_keys == std::vector{storage::ColumnIndex{2}, storage::ColumnIndex{0}});
  const auto yearly =
      std::get<storage::TableWish>(wished("create table t (ts timestamp) timestamp(ts) partition by year ttl 3y"));
  CHECK(yearly.partition_unit == storage::PartitionUnit::year);
}

TEST_CASE("ddl_wish: columns can have every type that there is") {
  const auto wish = std::get<storage::TableWish>(
      wished("create table t (a decimal(20,4), b decimal, c geohash(5c), d geohash(7b), e double[][], f uuid, g text, h ipv4, "
             "i date, j byte, k real, l char, m binary, ts timestamp) timestamp(ts)"));
  std::string types;
  for (const storage::ColumnWish& column : wish.columns) types += storage::full_type_name(column.type, column.parameters) + " ";
  CHECK(
      types ==
      "DECIMAL(20,4) DECIMAL(18,3) GEOHASH(5c) GEOHASH(7b) DOUBLE[][] UUID STRING IPv4 DATE BYTE FLOAT CHAR BINARY TIMESTAMP ");
}

TEST_CASE("ddl_wish: what no table can be is refused with its position") {
  const std::pair<std::string, std::string> examples[] = {
      {"create table 'a/b' (ts timestamp) timestamp(ts)", "invalid table name [name=a/b] @13"},
      {"create table '\xff' (ts timestamp) timestamp(ts)", "invalid table name [name=\xff] @13"},
      {"create table t ('a.b' long, ts timestamp) timestamp(ts)", "invalid column name [name=a.b] @16"},
      {"create table t (a long, \"A\" long, ts timestamp) timestamp(ts)", "Duplicate column [name=A] @24"},
      {"create table t (a long) timestamp(ts)", "invalid designated timestamp column [name=ts] @34"},
      {"create table t (ts long) timestamp(ts)", "TIMESTAMP column expected [actual=LONG, columnName=ts] @35"},
      {"create table t (ts timestamp) timestamp(ts) ttl 12h", "TTL value must be an integer multiple of partition size @48"},
      {"create table t (ts timestamp) timestamp(ts) partition by none ttl 12h",
       "cannot set TTL on a non-partitioned table @66"},
      {"create table t (ts timestamp) timestamp(ts) partition by year ttl 5 months",
       "TTL value must be an integer multiple of partition size @66"},
      {"create table t (ts timestamp) timestamp(ts) dedup upsert keys(ts, x)",
       "deduplicate key column not found [column=x] @66"},
      {"create table t (a long, ts timestamp) timestamp(ts) dedup upsert keys(a)",
       "deduplicate key list must include dedicated timestamp column @70"},
  };
  for (const auto& [text, expected] : examples) {
    CAPTURE(text);
    CHECK(error(text) == expected);
  }
}
