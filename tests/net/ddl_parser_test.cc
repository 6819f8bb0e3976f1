#include "net/ddl/parser.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/prng.h"
#include "tests/catch.h"

namespace {

using namespace net;

// A statement as text again, in one spelling.
struct Spell {
  static std::string list(const std::vector<DdlName>& names) {
    std::string text;
    for (const DdlName& name : names) text += (text.empty() ? "" : ",") + name.text;
    return text;
  }

  static std::string type(const DdlType& type) { return storage::full_type_name(type.full.type, type.full.parameters); }

  static std::string columns(const std::vector<DdlColumn>& columns) {
    std::string text;
    for (const DdlColumn& column : columns) text += (text.empty() ? "" : ", ") + column.name.text + " " + type(column.type);
    return "(" + text + ")";
  }

  static std::string ttl(storage::Ttl ttl) {
    return std::to_string(storage::describe(ttl).value) + " " + std::string(storage::describe(ttl).unit);
  }

  std::string operator()(const CreateTable& create) const {
    std::string text = "create " + create.name.text + " " + columns(create.columns);
    if (create.if_not_exists) text += " if not exists";
    if (create.designated) text += " timestamp " + create.designated->text;
    if (create.partition_unit) text += " by " + std::string(storage::partition_unit_name(*create.partition_unit));
    if (create.ttl != storage::Ttl{}) text += " ttl " + ttl(create.ttl);
    if (create.bypasses_wal) text += " bypass wal";
    if (!create.upsert_keys.empty()) text += " keys " + list(create.upsert_keys);
    return text;
  }
  std::string operator()(const DropTable& drop) const {
    return "drop " + drop.name.text + (drop.if_exists ? " if exists" : "");
  }
  std::string operator()(const TruncateTable& truncate) const {
    return "truncate " + list(truncate.names) + (truncate.if_exists ? " if exists" : "");
  }
  std::string operator()(const RenameTable& rename) const {
    return "rename " + rename.name.text + " to " + rename.new_name.text;
  }
  std::string operator()(const AlterTable& alter) const {
    return "alter " + alter.name.text + ": " + std::visit(*this, alter.change);
  }
  std::string operator()(const SessionStatement&) const { return "session"; }

  std::string operator()(const AddColumns& add) const {
    return "add " + columns(add.columns) + (add.if_not_exists ? " if not exists" : "");
  }
  std::string operator()(const DropColumns& drop) const { return "drop " + list(drop.names); }
  std::string operator()(const RenameColumn& rename) const {
    return "rename " + rename.name.text + " to " + rename.new_name.text;
  }
  std::string operator()(const ChangeType& change) const { return change.name.text + " type " + type(change.type); }
  std::string operator()(const SetTtl& set) const { return "ttl " + ttl(set.ttl); }
  std::string operator()(const SetUpsertKeys& set) const { return "keys " + list(set.keys); }
  std::string operator()(const NoChange&) const { return "nothing"; }
};

// The statement, "message @position", or "no ddl".
std::string parsed(std::string_view text) {
  const ParsedDdl result = parse_ddl(text);
  if (const auto* error = std::get_if<DdlError>(&result)) return error->message + " @" + std::to_string(error->position);
  if (const auto* statement = std::get_if<DdlStatement>(&result)) return std::visit(Spell{}, *statement);
  return "no ddl";
}

struct Example {
  std::string text;
  std::string expected;
};

const std::vector<Example>& good_statements() {
  static const std::vector<Example> examples = {
      // As the official suites and tools send them.
      {"CREATE TABLE \"T\" (dec DECIMAL(18,3), timestamp TIMESTAMP) TIMESTAMP(timestamp) PARTITION BY DAY;",
       "create T (dec DECIMAL(18,3), timestamp TIMESTAMP) timestamp timestamp by DAY"},
      {"CREATE TABLE \"T\" (price DECIMAL(18,3), timestamp TIMESTAMP_NS) TIMESTAMP(timestamp) PARTITION BY DAY;",
       "create T (price DECIMAL(18,3), timestamp TIMESTAMP_NS) timestamp timestamp by DAY"},
      {"CREATE TABLE \"t\" (id LONG, val DOUBLE, ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY WAL DEDUP UPSERT KEYS(ts, id)",
       "create t (id LONG, val DOUBLE, ts TIMESTAMP) timestamp ts by DAY keys ts,id"},
      {"CREATE TABLE IF NOT EXISTS t (ts TIMESTAMP, worker_id INT) TIMESTAMP(ts) PARTITION BY HOUR TTL 2 DAYS WAL\n"
       "WITH maxUncommittedRows=500000, o3MaxLag=600000000us DEDUP UPSERT KEYS(ts, worker_id);",
       "create t (ts TIMESTAMP, worker_id INT) if not exists timestamp ts by HOUR ttl 2 DAY keys ts,worker_id"},
      {"CREATE TABLE \"wf2\" (a int)", "create wf2 (a INT)"},
      {"drop table 'T'", "drop T"},
      {"DROP TABLE IF EXISTS 't'", "drop t if exists"},
      {"ALTER TABLE \"t\" ALTER COLUMN \"c\" TYPE VARCHAR", "alter t: c type VARCHAR"},
      {"ALTER TABLE 't' RESUME WAL", "alter t: nothing"},

      {"create table t (s symbol capacity 256 nocache index capacity 128, d double[][], g geohash(8c), h geohash(3b), ts "
       "timestamp), index(s capacity 12) timestamp(ts) bypass wal",
       "create t (s SYMBOL, d DOUBLE[][], g GEOHASH(8c), h GEOHASH(3b), ts TIMESTAMP) timestamp ts bypass wal"},
      {"create table t (a decimal, b decimal(7), c integer, d bigint, e text, f ipv4, u uuid)",
       "create t (a DECIMAL(18,3), b DECIMAL(7,0), c INT, d LONG, e STRING, f IPv4, u UUID)"},
      {"create table t (timestamp timestamp, table long, \"a b\" byte) timestamp(timestamp) partition by none owned by 'me'",
       "create t (timestamp TIMESTAMP, table LONG, a b BYTE) timestamp timestamp by NONE"},
      {"-- a comment: > <\ncreate /* table */ table t(a long) -- ;", "create t (a LONG)"},
      {"create table t (ts timestamp) timestamp(ts) partition by day ttl 12h",
       "create t (ts TIMESTAMP) timestamp ts by DAY ttl 12 HOUR"},
      {"create table t (ts timestamp) timestamp(ts) partition by month ttl 24M",
       "create t (ts TIMESTAMP) timestamp ts by MONTH ttl 2 YEAR"},

      {"TRUNCATE TABLE a, 'b';", "truncate a,b"},
      {"truncate table if exists t keep symbol maps", "truncate t if exists"},
      {"RENAME TABLE 'a' TO \"b\"", "rename a to b"},

      {"ALTER TABLE t ADD COLUMN x INT", "alter t: add (x INT)"},
      {"alter table t add x int, y symbol nocache", "alter t: add (x INT, y SYMBOL)"},
      {"ALTER TABLE t ADD COLUMN IF NOT EXISTS x INT", "alter t: add (x INT) if not exists"},
      {"ALTER TABLE t DROP COLUMN a, b", "alter t: drop a,b"},
      {"ALTER TABLE t RENAME COLUMN a TO b", "alter t: rename a to b"},
      {"ALTER TABLE t ALTER COLUMN a TYPE SYMBOL CAPACITY 1000 CACHE", "alter t: a type SYMBOL"},
      {"ALTER TABLE t ALTER COLUMN a ADD INDEX CAPACITY 4", "alter t: nothing"},
      {"ALTER TABLE t ALTER COLUMN a DROP INDEX", "alter t: nothing"},
      {"ALTER TABLE t ALTER COLUMN a SYMBOL CAPACITY 8", "alter t: nothing"},
      {"ALTER TABLE t SET TTL 1 WEEK", "alter t: ttl 1 WEEK"},
      {"ALTER TABLE t SET TTL 0h", "alter t: ttl 0 HOUR"},
      {"ALTER TABLE t SET PARAM maxUncommittedRows = 10000", "alter t: nothing"},
      {"ALTER TABLE t SET TYPE BYPASS WAL", "alter t: nothing"},
      {"ALTER TABLE t DEDUP ENABLE UPSERT KEYS(ts, a)", "alter t: keys ts,a"},
      {"ALTER TABLE t DEDUP DISABLE", "alter t: keys "},
      {"ALTER TABLE t RESUME WAL FROM TXN 5", "alter t: nothing"},

      {"SET TIME ZONE 'UTC'", "session"},
      {"BEGIN", "session"},
      {"commit;", "session"},
      {"rollback;;", "session"},
  };
  return examples;
}

}  // namespace

TEST_CASE("ddl_parser: statements are understood") {
  for (const Example& example : good_statements()) {
    CAPTURE(example.text);
    CHECK(parsed(example.text) == example.expected);
  }
}

TEST_CASE("ddl_parser: queries are none of its business, nor is a table that is called like a statement") {
  for (const std::string_view text : {"", ";", "select 1", "SHOW TABLES", "create", "drop;", "'alter'", "alter_t", "tables()",
                                      "-- create table t (a int)", "insert into t values (1)", "begins", "\"create\" table"}) {
    CAPTURE(text);
    CHECK(parsed(text) == "no ddl");
  }
}

TEST_CASE("ddl_parser: what is wrong is said with its position") {
  const std::vector<Example> examples = {
      {"create view v as (select 1)", "'table' expected: only tables can be created here @7"},
      {"create table", "table name expected @12"},
      {"create table 'a", "a quote that is not closed @13"},
      {"create table 'a''", "a quote that is not closed @13"},
      {"create table [a] (b int)", "table name expected @13"},
      {"create table t", "'(' expected @14"},
      {"create table t ()", "column name expected @16"},
      {"create table t (a)", "column type expected @17"},
      {"create table t (a int,)", "column name expected @22"},
      {"create table t (a number)", "unsupported column type: NUMBER @18"},
      {"create table t (a int not null)", "')' expected @22"},
      {"create table t (a int[])", "arrays are of DOUBLE, as DOUBLE[] @18"},
      {"create table t (a decimal(77,3))", "DECIMAL(precision, scale): precision is 1 to 76, scale at most that @26"},
      {"create table t (a decimal(3,4))", "DECIMAL(precision, scale): precision is 1 to 76, scale at most that @26"},
      {"create table t (a geohash)", "'(' expected @25"},
      {"create table t (a geohash(13c))", "GEOHASH has 1c to 12c characters, or 1b to 60b bits @26"},
      {"create table t (a geohash(5))", "GEOHASH has 1c to 12c characters, or 1b to 60b bits @26"},
      {"create table t (a timestamp) timestamp(a) partition by decade",
       "'NONE', 'HOUR', 'DAY', 'WEEK', 'MONTH' or 'YEAR' expected @55"},
      {"create table t (a timestamp) timestamp(a) ttl 1m", "unit of TTL: HOURS, DAYS, WEEKS, MONTHS or YEARS expected @46"},
      {"create table t (a timestamp) timestamp(a) ttl 5 eons", "unit of TTL: HOURS, DAYS, WEEKS, MONTHS or YEARS expected @48"},
      {"create table t (a timestamp) timestamp(a) ttl days", "TTL expected @46"},
      {"create table t (a timestamp) timestamp(a) ttl 2000000d", "TTL is too long @46"},
      {"create table t (a timestamp) timestamp(a) timestamp(a)", "unexpected token [timestamp] @42"},
      {"create table t (a timestamp) in volume v", "IN VOLUME is not supported: a table lies in the data directory @29"},
      {"create table t as (select 1)", "CREATE TABLE AS SELECT is not supported: name the columns @15"},
      {"create table t (like u)", "LIKE is not supported: name the columns @16"},
      {"create table t (a int); drop table t", "unexpected token [drop] @24"},
      {"drop view v", "'table' expected: only tables can be dropped here @5"},
      {"drop table if exists", "table name expected @20"},
      {"drop table a b", "unexpected token [b] @13"},
      {"rename table a b", "'to' expected @15"},
      {"truncate t", "'table' expected @9"},
      {"alter table t", "'add', 'drop column', 'rename column', 'alter column', 'set', 'dedup' or 'resume wal' expected @13"},
      {"alter table t drop partition list '2020'",
       "'add', 'drop column', 'rename column', 'alter column', 'set', 'dedup' or 'resume wal' expected @14"},
      {"alter table t alter column a", "'type', 'add', 'drop', 'symbol', 'cache' or 'nocache' expected @28"},
      {"alter table t dedup enable", "'upsert' expected @26"},
      {"alter table t dedup upsert keys", "'(' expected @31"},
      {"alter table t set", "'ttl', 'param' or 'type' expected @17"},
  };
  for (const Example& example : examples) {
    CAPTURE(example.text);
    CHECK(parsed(example.text) == example.expected);
  }
}

TEST_CASE("ddl_parser: a statement that is cut anywhere is refused within its text, or is a shorter statement") {
  for (const Example& example : good_statements()) {
    for (size_t size = 0; size < example.text.size(); ++size) {
      const std::string_view cut = std::string_view(example.text).substr(0, size);
      const ParsedDdl result = parse_ddl(cut);
      const auto* error = std::get_if<DdlError>(&result);
      if (error == nullptr) continue;
      CAPTURE(cut);
      CHECK(!error->message.empty());
      CHECK(error->position <= cut.size());
    }
  }
}

TEST_CASE("ddl_parser: mutated statements are refused within their text, or understood") {
  constexpr std::string_view pieces[] = {"'",     "\"",       "(",     ")",    ",",      ";",        "[]",          "[",
                                         "--",    "/*",       "\n",    "\xff", "\xc3",   "0",        "99999999999", " if ",
                                         " not ", " exists ", " ttl ", " 1m",  " keys ", " symbol ", " by "};
  engine::Prng prng(7);
  size_t statements = 0;
  size_t errors = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = good_statements()[prng.below(good_statements().size())].text;
    for (uint64_t edits = 1 + prng.below(3); edits > 0; --edits) {
      const size_t at = prng.below(text.size() + 1);
      switch (prng.below(3)) {
        case 0:
          text.insert(at, pieces[prng.below(std::size(pieces))]);
          break;
        case 1:
          text.erase(at, 1 + prng.below(8));
          break;
        default:
          if (at < text.size()) text[at] = static_cast<char>(prng.below(256));
      }
    }
    const ParsedDdl result = parse_ddl(text);
    if (std::holds_alternative<DdlStatement>(result)) ++statements;
    if (const auto* error = std::get_if<DdlError>(&result)) {
      ++errors;
      if (error->position > text.size() || error->message.empty()) FAIL(text);
    }
  }
  CHECK(statements > 1000);
  CHECK(errors > 1000);
}
