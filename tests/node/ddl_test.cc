// Statements that define tables, as a client sends them to a whole node: what they are answered, what queries and senders see
// then, and what is there after a power failure.
#include "net/ddl/parser.h"

#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/node/ddl_node.h"
#include "tests/sim/sim_net.h"

namespace sim {
namespace {

constexpr std::string_view ok = R"({"ddl":"OK"})";

const std::string create_t = "CREATE TABLE t (s SYMBOL, v LONG, ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY";

std::string error_of(const std::string& content) {
  const size_t at = content.find("\"error\":");
  return at == std::string::npos ? content : content.substr(at);
}

}  // namespace

TEST_CASE("ddl: a table that was created is there for queries and senders, and after a power failure") {
  DdlNode node;
  CHECK(node.exec(create_t + " TTL 2 DAYS WAL DEDUP UPSERT KEYS(ts, s);") == ok);
  CHECK(node.exec("select * from 't'") ==
        R"({"query":"select * from 't'","columns":[{"name":"s","type":"SYMBOL"},{"name":"v","type":"LONG"},)"
        R"({"name":"ts","type":"TIMESTAMP"}],"timestamp":2,"dataset":[],"count":0})");
  node.send("t,s=a v=5i 1000000\n");
  CHECK(node.rows("t") == R"([["a",5,"1970-01-01T00:00:00.001000Z"]])");
  CHECK(node.rows("select table_name, designatedTimestamp, partitionBy, dedup, ttlValue, ttlUnit from tables()") ==
        R"([["t","ts","DAY",true,2,"DAY"]])");
  CHECK(node.rows("select \"column\", type, designated, upsertKey from table_columns('t')") ==
        R"([["s","SYMBOL",false,true],["v","LONG",false,false],["ts","TIMESTAMP",true,true]])");
  node.restart();
  CHECK(node.rows("t") == R"([["a",5,"1970-01-01T00:00:00.001000Z"]])");
  CHECK(node.rows("select dedup, ttlValue, ttlUnit from tables()") == R"([[true,2,"DAY"]])");
  CHECK(node.rows_rejected() == 0);
}

TEST_CASE("ddl: SHOW answers as QuestDB does") {
  DdlNode node;
  CHECK(node.exec(create_t) == ok);
  CHECK(node.exec("SHOW TABLES") == R"({"query":"SHOW TABLES","columns":[{"name":"table_name","type":"STRING"}],)"
                                    R"("timestamp":-1,"dataset":[["t"]],"count":1})");
  const std::string columns = R"("columns":[{"name":"column","type":"STRING"},{"name":"type","type":"STRING"},)"
                              R"({"name":"indexed","type":"BOOLEAN"},{"name":"indexBlockCapacity","type":"INT"},)"
                              R"({"name":"symbolCached","type":"BOOLEAN"},{"name":"symbolCapacity","type":"INT"},)"
                              R"({"name":"symbolTableSize","type":"INT"},{"name":"designated","type":"BOOLEAN"},)"
                              R"({"name":"upsertKey","type":"BOOLEAN"}])";
  CHECK(node.exec("show columns from 't';").find(columns) != std::string::npos);
  CHECK(node.rows("SHOW CREATE TABLE 't';") ==
        R"([["CREATE TABLE 't' ( \n\ts SYMBOL,\n\tv LONG,\n\tts TIMESTAMP\n) timestamp(ts) PARTITION BY DAY;"]])");
  CHECK(node.rows("show partitions from t") == "[]");
  CHECK(error_of(node.exec("show create table 'u'")) == R"("error":"table does not exist [table=u]","position":18})");
}

TEST_CASE("ddl: what is wrong is answered with its position in characters") {
  DdlNode node;
  CHECK(node.exec(create_t) == ok);
  CHECK(node.exec("CREATE TABLE \"t\" (a int)") ==
        R"json({"query":"CREATE TABLE \"t\" (a int)","error":"table already exists","position":13})json");
  CHECK(node.exec(create_t) == "{\"query\":\"" + create_t + R"(","error":"table already exists","position":13})");
  CHECK(node.exec("create table if not exists T (a long)") == ok);
  CHECK(node.exec("create table if not exists t (x timestamp) timestamp(x)") == ok);
  CHECK(node.exec("drop table 'nosuch'") ==
        R"({"query":"drop table 'nosuch'","error":"table does not exist [table=nosuch]","position":11})");
  CHECK(node.exec("drop table if exists nosuch") == ok);
  CHECK(error_of(node.exec("/* \xc3\xa4\xf0\x9f\x98\x80 */ alter table nosuch set ttl 1d")) ==
        R"("error":"table does not exist [table=nosuch]","position":22})");
  CHECK(error_of(node.exec("create table u (a long)")) ==
        R"("error":"every table has a designated timestamp: add TIMESTAMP(column) behind the columns","position":13})");
  CHECK(error_of(node.exec("alter table nosuch resume wal")) ==
        R"("error":"table does not exist [table=nosuch]","position":12})");
  CHECK(node.exec("alter table t resume wal") == ok);
  CHECK(node.exec("begin") == ok);
  CHECK(node.rows("show tables") == R"([["t"]])");
  SimClient client = node.ask("drop table nosuch");
  node.answer(client);
  CHECK(client.received().starts_with("HTTP/1.1 400 "));
  CHECK(client.received().find("\r\nKeep-Alive: timeout=5, max=10000\r\n") != std::string::npos);
}

TEST_CASE("ddl: columns are added, and are there for senders that knew the table before") {
  DdlNode node;
  SimClient& sender = node.open_sender();
  sender.send("t v=1i 1000\n");
  node.settle();
  CHECK(node.exec("ALTER TABLE t ADD COLUMN w DOUBLE, x SYMBOL CAPACITY 16") == ok);
  CHECK(error_of(node.exec("ALTER TABLE t ADD COLUMN y LONG, W DOUBLE")) ==
        R"("error":"column 'W' already exists","position":33})");
  CHECK(node.exec("ALTER TABLE t ADD COLUMN IF NOT EXISTS w DOUBLE") == ok);
  sender.send("t,x=text w=2.5 2000\n");
  node.settle();
  CHECK(node.rows("select v, w, x from t") == R"([[1,null,null],[null,2.5,"text"]])");
  node.restart();
  CHECK(node.rows("select v, w, x from t") == R"([[1,null,null],[null,2.5,"text"]])");
}

TEST_CASE("ddl: TTL and upsert keys of a table are changed") {
  DdlNode node;
  CHECK(node.exec(create_t) == ok);
  CHECK(node.exec("alter table t set ttl 3 weeks") == ok);
  CHECK(node.exec("alter table t dedup enable upsert keys(ts, v)") == ok);
  CHECK(node.rows("select dedup, ttlValue, ttlUnit from tables()") == R"([[true,3,"WEEK"]])");
  CHECK(error_of(node.exec("alter table t dedup enable upsert keys(v)")) ==
        R"("error":"deduplicate key list must include dedicated timestamp column","position":39})");
  node.restart();
  CHECK(node.rows("select dedup, ttlValue, ttlUnit from tables()") == R"([[true,3,"WEEK"]])");
  CHECK(node.exec("alter table t dedup disable") == ok);
  CHECK(node.exec("alter table t set ttl 0h") == ok);
  CHECK(node.rows("select dedup, ttlValue, ttlUnit from tables()") == R"([[false,0,"HOUR"]])");
}

TEST_CASE("ddl: a client that goes away leaves its statement to be carried out") {
  DdlNode node;
  SimClient client = node.ask(create_t);
  node.node().run_until([&] { return client.state() == ClientState::open && client.unsent() == 0; }, engine::seconds(1));
  client.reset();
  node.settle();
  CHECK(node.rows("show tables") == R"([["t"]])");
  node.stop();
}

TEST_CASE("ddl: a dropped table is gone for everybody, and its name is free") {
  DdlNode node;
  SimClient& sender = node.open_sender();
  sender.send("t v=1i 1000\nt v=2i 2000\n");
  node.settle();
  CHECK(node.exec("DROP TABLE 'T'") == ok);
  CHECK(node.rows("show tables") == "[]");
  CHECK(error_of(node.exec("select * from t")) == R"("error":"table does not exist [table=t]","position":14})");
  CHECK(error_of(node.exec("drop table t")) == R"("error":"table does not exist [table=t]","position":11})");
  sender.send("t w=3.5 3000\n");  // another table, which has no v
  node.settle();
  CHECK(node.rows("select w, timestamp from t") == R"([[3.5,"1970-01-01T00:00:00.000003Z"]])");
  CHECK(node.rows("select id from tables()") == "[[2]]");
  CHECK(node.rows_rejected() == 0);
  node.restart();
  CHECK(node.rows("select w from t") == "[[3.5]]");
  CHECK(node.exec("drop table t") == ok);
  node.restart();
  CHECK(node.rows("show tables") == "[]");
  CHECK(node.exec(create_t) == ok);
  CHECK(node.rows("select id from tables()") == "[[3]]");
}

TEST_CASE("ddl: files of dropped tables are removed by the next start, and their ids stay taken") {
  DdlNode node;
  node.send("a v=1i 1000\n");
  node.send("b v=1i 1000\n");
  node.send("c v=1i 1000\n");
  node.run_for(engine::seconds(5));  // all of them have files
  CHECK(node.exec("drop table a") == ok);
  CHECK(node.exec("drop table c") == ok);
  node.run_for(engine::seconds(5));
  node.stop();
  for (int i = 0; i < 2; ++i) {
    node.restart();
    CHECK(node.files("tables") == std::vector<std::string>{"2", "3"});
    CHECK(node.files("tables/3") == std::vector<std::string>{});
    CHECK(node.files("tables/2") == std::vector<std::string>{"0", "schema"});
    CHECK(node.rows("select v from b") == "[[1]]");
  }
  node.send("d v=1i 1000\n");
  CHECK(node.rows("select id, table_name from tables()") == R"([[2,"b"],[4,"d"]])");
  node.run_for(engine::seconds(5));
  node.restart();
  CHECK(node.files("tables") == std::vector<std::string>{"2", "4"});
}

TEST_CASE("ddl: a truncated table keeps its columns and loses its rows") {
  DdlNode node;
  SimClient& sender = node.open_sender();
  CHECK(node.exec(create_t + " TTL 1 WEEK DEDUP UPSERT KEYS(ts)") == ok);
  CHECK(node.exec(std::string("CREATE TABLE u (ts TIMESTAMP) TIMESTAMP(ts)")) == ok);
  sender.send("t,s=a v=1i 1000\n");
  node.settle();
  CHECK(node.exec("TRUNCATE TABLE t, u;") == ok);
  CHECK(node.rows("t") == "[]");
  sender.send("t,s=b v=2i 1000\n");
  node.settle();
  CHECK(node.rows("select s, v from t") == R"([["b",2]])");
  CHECK(node.rows("select table_name, dedup, ttlValue, ttlUnit from tables() where table_name = 't'") ==
        R"([["t",true,1,"WEEK"]])");
  node.restart();
  CHECK(node.rows("select s, v from t") == R"([["b",2]])");
  CHECK(error_of(node.exec("truncate table t, x")) == R"("error":"table does not exist [table=x]","position":18})");
  CHECK(node.exec("truncate table if exists x, t") == ok);
  CHECK(node.rows("t") == "[]");
  CHECK(node.rows_rejected() == 0);
}

TEST_CASE("ddl: a renamed table is found by its new name, and the next line makes one of the old name") {
  DdlNode node;
  SimClient& sender = node.open_sender();
  sender.send("t v=1i 1000\n");
  node.settle();
  CHECK(node.exec("RENAME TABLE t TO 'u'") == ok);
  CHECK(node.rows("select v from u") == "[[1]]");
  sender.send("t v=2i 1000\nu v=3i 2000\n");
  node.settle();
  CHECK(node.rows("select v from t") == "[[2]]");
  CHECK(node.rows("select v from u") == "[[1],[3]]");
  CHECK(error_of(node.exec("rename table t to U")) == R"("error":"table already exists","position":18})");
  CHECK(error_of(node.exec("rename table t to 'a/b'")) == R"("error":"invalid table name [name=a/b]","position":18})");
  CHECK(node.exec("rename table t to T") == ok);
  CHECK(node.rows("show tables") == R"([["u"],["T"]])");
  node.restart();
  CHECK(node.rows("select v from T") == "[[2]]");
  CHECK(node.rows("select v from u") == "[[1],[3]]");
  CHECK(node.rows_rejected() == 0);
}

TEST_CASE("ddl: columns are dropped and renamed while rows come") {
  DdlNode node;
  SimClient& sender = node.open_sender();
  sender.send("t,s=a v=1i,w=1.5 1000\n");
  node.settle();
  CHECK(node.exec("ALTER TABLE t RENAME COLUMN v TO x") == ok);
  CHECK(node.exec("ALTER TABLE t DROP COLUMN s, w") == ok);
  CHECK(node.rows("t") == R"([[1,"1970-01-01T00:00:00.000001Z"]])");
  sender.send("t,s=b x=2i,w=7i 2000\n");  // new columns of old names, one of another type
  node.settle();
  CHECK(node.rows("select x, s, w from t") == R"([[1,null,null],[2,"b",7]])");
  for (int i = 0; i < 2; ++i) {
    node.restart();
    CHECK(node.rows("select x, s, w from t") == R"([[1,null,null],[2,"b",7]])");
  }
  CHECK(error_of(node.exec("alter table t drop column x, y")) == R"("error":"column 'y' does not exist","position":29})");
  CHECK(error_of(node.exec("alter table t drop column timestamp")) ==
        R"("error":"column 'timestamp' is the designated timestamp","position":26})");
  CHECK(error_of(node.exec("alter table t rename column x to S")) == R"("error":"column 'S' already exists","position":33})");
  CHECK(error_of(node.exec("alter table t alter column x type symbol")) ==
        R"("error":"the type of a column cannot be changed yet: add a column of that type","position":34})");
  CHECK(node.rows_rejected() == 0);
}

// Whatever has become of the table between two lines, each line is judged by what is there then.
TEST_CASE("ddl: tables are dropped and made again under senders of every shard, and no row is rejected or comes twice") {
  DdlNode node;
  std::vector<SimClient*> senders;
  for (int i = 0; i < 6; ++i) senders.push_back(&node.open_sender());
  int value = 0;
  int last_kept = 0;
  const std::string statements[] = {"drop table if exists t", "alter table t rename column v to w",
                                    "truncate table t",       "alter table t drop column v",
                                    "rename table t to u",    "drop table if exists u"};
  for (int round = 0; round < 60; ++round) {
    std::optional<SimClient> client;
    for (int step = 0; step < 4; ++step) {
      for (SimClient* sender : senders)
        sender->send("t,s=k" + std::to_string(value % 7) + " v=" + std::to_string(value) + "i\n"), ++value;
      if (step == 1) client = node.ask(statements[static_cast<size_t>(round) % std::size(statements)]);
      node.run_for(engine::microseconds(100));
    }
    node.answer(*client);
    if (round == 58) last_kept = value;
  }
  node.settle();
  CHECK(node.rows_rejected() == 0);
  CHECK(node.rows("select count() from t where v >= " + std::to_string(last_kept)) ==
        node.rows("select count(distinct v) from t where v >= " + std::to_string(last_kept)));
  const std::string before = node.rows("select count(), sum(v) from t");
  node.restart();
  CHECK(node.rows("select count(), sum(v) from t") == before);
}

// "5\r\nhello\r\n"
std::string chunk(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string size;
  for (size_t rest = text.size(); rest != 0; rest /= 16) size.insert(size.begin(), digits[rest % 16]);
  return size + "\r\n" + std::string(text) + "\r\n";
}

TEST_CASE("ddl: a request that is open across a change of its table is refused, and nothing of it is stored") {
  for (const std::string statement : {"drop table t", "truncate table t", "alter table t rename column v to w"}) {
    CAPTURE(statement);
    DdlNode node;
    node.send("t,s=a v=1i 1000\nother v=1i 1000\n");
    SimClient writer = node.connect_http();
    writer.send("POST /write HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("t,s=b v=2i 2000\nother v=2i 2000\n"));
    node.run_for(engine::milliseconds(100));
    CHECK(node.exec(statement) == ok);
    writer.send(chunk("t,s=c v=3i 3000\n") + "0\r\n\r\n");
    CHECK(node.answer(writer).find("was changed while the request was open") != std::string::npos);
    CHECK(writer.received().starts_with("HTTP/1.1 5"));
    CHECK(node.rows("select v from other") == "[[1]]");
    const std::string left = node.exec("select * from t");
    CHECK(left.find("\"b\"") == std::string::npos);
    CHECK(left.find("\"c\"") == std::string::npos);
    for (int i = 0; i < 2; ++i) {
      node.restart();
      CHECK(node.rows("select v from other") == "[[1]]");
      CHECK(node.exec("select * from t") == left);
    }
  }
}

TEST_CASE("ddl: requests that are finished commit in front of a change, or are refused as a whole") {
  DdlNode node;
  int stored = 0;
  for (int round = 0; round < 40; ++round) {
    const std::string table = "t" + std::to_string(round);
    node.send(table + " v=0i 1000\nother" + std::to_string(round % 5) + " r=-1i 1000\n");
    SimClient writer = node.connect_http();
    std::string lines;
    for (int i = 1; i <= 30; ++i)
      lines += table + " v=" + std::to_string(i) + "i 2000\nother" + std::to_string(round % 5) + " r=" + std::to_string(round) +
               "i 2000\n";
    writer.send("POST /write HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(lines));
    node.run_for(engine::microseconds(round * 20));
    SimClient changer = node.ask("rename table " + table + " to 'u" + std::to_string(round) + "'");
    writer.send("0\r\n\r\n");
    CHECK(node.answer(changer) == ok);
    const bool is_stored =
        node.node().run_until([&] { return writer.received().starts_with("HTTP/1.1 204"); }, engine::seconds(2));
    stored += is_stored ? 1 : 0;
    const std::string others =
        node.rows("select count() from other" + std::to_string(round % 5) + " where r = " + std::to_string(round));
    CHECK(others == (is_stored ? "[[30]]" : "[[0]]"));
  }
  CHECK(stored > 0);
  node.stop();
}

}  // namespace sim
