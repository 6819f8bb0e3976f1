// What a query may take: the work inside of one function call, the texts that it computes, and that it ends when it must.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "engine/uring/backend.h"
#include "net/sql/file_table_provider.h"
#include "net/sql/query_run.h"
#include "net/sql/spill.h"
#include "net/sql/wildcard.h"
#include "storage/read/snapshot_files.h"
#include "tests/catch.h"
#include "tests/storage/table_files.h"
#include "tests/temporary_directory.h"

namespace {

using storage::ColumnType;

// Nobody wants the answer any more after so many looks.
class ImpatientTables final : public net::TableProvider {
 public:
  ImpatientTables(engine::IoBackend& backend, std::vector<storage::TableSnapshot> snapshots)
      : tables_(backend, std::move(snapshots)) {}

  absl::StatusOr<std::vector<storage::TableSnapshot>> list_tables() override { return tables_.list_tables(); }
  absl::StatusOr<storage::TableSnapshot> open_table(std::string_view name) override { return tables_.open_table(name); }
  absl::StatusOr<std::vector<net::ConnectionInfo>> list_connections() override { return tables_.list_connections(); }
  engine::FilePool& files() override { return tables_.files(); }
  bool is_wanted() override { return ++looks <= looks_max; }
  net::SpillFiles* spill() override { return spill_files.get(); }

  std::unique_ptr<net::SpillFiles> spill_files;

  uint64_t looks = 0;
  uint64_t looks_max = UINT64_MAX;

 private:
  net::FileTableProvider tables_;
};

// A table `t` whose text column has a row of `text_size` bytes, and 3 short ones.
class Bench {
 public:
  explicit Bench(size_t text_size = 10) {
    tests::TableFiles files(
        directory_.path(),
        tests::make_table(
            1, "t", {{"id", ColumnType::int64}, {"text", ColumnType::varchar}, {"timestamp", ColumnType::timestamp_us}}, 2));
    files.add({int64_t{1}, "short", int64_t{1}});
    files.add({int64_t{2}, std::string(text_size, 'x'), int64_t{2}});
    files.add({int64_t{3}, "short", int64_t{3}});
    files.add({int64_t{4}, "another", int64_t{4}});
    files.write();
    auto created = engine::UringBackend::create({.data_directory = directory_.path().string()});
    REQUIRE(created.ok());
    backend_ = *std::move(created);
    auto snapshots = storage::read_table_snapshots(*backend_);
    REQUIRE(snapshots.ok());
    tables = std::make_unique<ImpatientTables>(*backend_, *std::move(snapshots));
  }

  // The rows, cells joined by '|', or what went wrong.
  std::string ask(const std::string& query) {
    net::QueryRun run(query, limits);
    run.begin(*tables, backend_->now() + limits.duration_max);
    std::string text;
    for (;;) {
      const absl::StatusOr<bool> has_row = run.next();
      if (!has_row.ok()) return "error: " + std::string(engine::message_of(has_row.status()));
      if (!*has_row) return text;
      if (!text.empty()) text += '\n';
      for (const net::SqlCell& cell : run.row()) {
        if (&cell != run.row().data()) text += '|';
        net::append_cell(text, cell);
      }
    }
  }

  void give_disk(const net::SpillBounds& bounds) {
    tables->spill_files = std::make_unique<net::SpillFiles>(tables->files(), bounds);
  }
  std::filesystem::path spill_path() const { return directory_.path() / net::spill_directory; }
  engine::IoBackend& backend() { return *backend_; }

  net::QueryLimits limits;

 private:
  tests::TemporaryDirectory directory_;
  std::unique_ptr<engine::UringBackend> backend_;

 public:
  std::unique_ptr<ImpatientTables> tables;
};

struct NeverEnds final : net::EndCheck {
  bool must_end() override { return false; }
};

}  // namespace

TEST_CASE("sql_bounds: functions on texts mean what they mean in SQLite") {
  struct Case {
    std::string expression;
    std::string value;
  };
  const std::vector<Case> cases{
      {"instr('h\xC3\xA9llo', 'l')", "3"},
      {"instr('abc', '')", "1"},
      {"instr('abc', 'x')", "0"},
      {"instr(x'0102ff', x'ff')", "3"},
      {"instr(12345, 34)", "3"},
      {"instr(NULL, 'a') IS NULL AND instr('a', NULL) IS NULL", "1"},
      {"replace('banana', 'an', '<>')", "b<><>a"},
      {"replace('aaa', 'aa', 'b')", "ba"},
      {"replace('abc', '', 'x')", "abc"},
      {"typeof(replace(12, '', 'x')), replace(121, 1, 3)", "integer|323"},
      {"replace('a', 'a', NULL) IS NULL", "1"},
      {"trim('  x  ') || '|' || ltrim('  x ') || '|' || rtrim(' x ')", "x|x | x"},
      {"trim('xyaxy', 'yx'), ltrim('xya', 'xy'), rtrim('axy', 'xy')", "a|a|a"},
      {"trim('\xC3\xA9"
       "a\xC3\xA9', '\xC3\xA9'), trim('a', ''), trim('aaa', 'a')",
       "a|a|"},
      {"trim(NULL) IS NULL AND trim('a', NULL) IS NULL", "1"},
      {"'ABC' LIKE 'a_c', 'abc' LIKE 'a%', 'abc' LIKE '%c', 'abc' LIKE '%b%', 'abc' LIKE 'b%'", "1|1|1|1|0"},
      {"'' LIKE '', '' LIKE '%', 'a' LIKE '', 'aXbXc' LIKE '%x%x%', 'aab' LIKE '%ab'", "1|1|0|1|1"},
      {"'\xC3\xA9' LIKE '_', '\xC3\xA9' LIKE '\xC3\x89', 'a\xC3\xA9' LIKE '%\xC3\xA9'", "1|0|1"},
      {"'a%b' LIKE 'a\\%b' ESCAPE '\\', 'axb' LIKE 'a\\%b' ESCAPE '\\', 'abc' LIKE 'a%' ESCAPE '%'", "1|0|0"},
      {"NULL LIKE 'a' IS NULL", "1"},
      {"'abc' GLOB 'a*', 'Abc' GLOB 'a*', 'b' GLOB '[a-c]', 'b' GLOB '[^a-c]', ']' GLOB '[]a]'", "1|0|1|0|1"},
      {"'-' GLOB '[a-]', 'a' GLOB '[a', 'abc' GLOB '?b?', 'x[' GLOB 'x[[]', 'abc' GLOB '*[b-d]'", "1|0|1|1|1"},
      {"CAST('a' AS BLOB) LIKE 'a'", "0"},
  };
  Bench bench;
  for (const Case& c : cases) {
    INFO(c.expression);
    CHECK(bench.ask("SELECT " + c.expression) == c.value);
  }
  CHECK(bench.ask("SELECT 'a' LIKE 'a' ESCAPE 'ab'") == "error: ESCAPE expression must be a single character");
}

// Each of these took minutes and more inside one step of SQLite's machine; the last two ended the process.
TEST_CASE("sql_bounds: no function makes work that nothing ends") {
  const std::string half = "hex(zeroblob(250000))";  // 500,000 bytes
  const std::string object =
      "(WITH RECURSIVE g(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM g WHERE v < 60000) "
      "SELECT '{' || group_concat('\"' || v || '\":1') || '}' FROM g)";
  const std::string path = "('$' || replace(hex(zeroblob(400000)), '00', '.a'))";
  Bench bench;
  CHECK(bench.ask("SELECT instr(zeroblob(1000000), zeroblob(500000) || x'01')") == "0");
  CHECK(bench.ask("SELECT length(replace(" + half + " || " + half + ", " + half + " || '1', 'x'))") == "1000000");
  CHECK(bench.ask("SELECT length(trim(" + half + ", hex(randomblob(200000)) || '0'))") == "0");
  CHECK(bench.ask("SELECT length(trim(replace(" + half + ", '0', '\xC3\xA9'), " + half + " || '\xC3\xA9'))") == "0");
  const std::string refused = "() is not served: nothing bounds the work of a call";
  CHECK(bench.ask("SELECT length(json_patch(" + object + ", " + object + "))") == "error: json_patch" + refused);
  CHECK(bench.ask("SELECT length(json_set('{}', " + path + ", 1))") == "error: json_set" + refused);
  CHECK(bench.ask("SELECT length(json_insert('{}', " + path + ", 1))") == "error: json_insert" + refused);
}

TEST_CASE("sql_bounds: LIKE and GLOB end in the middle of a text when the query must end") {
  const std::string text = "replace(hex(zeroblob(240000)), '00', 'ab')";
  const std::string pattern = "replace(hex(zeroblob(20000)), '00', 'ab')";
  Bench bench;
  bench.tables->looks_max = 50;
  CHECK(bench.ask("SELECT " + text + " LIKE '%' || " + pattern + " || 'c'") == "error: nobody waits for the answer");
  CHECK(bench.tables->looks < 60);
  bench.tables->looks = 0;
  CHECK(bench.ask("SELECT " + text + " GLOB '*' || " + pattern + " || 'c'") == "error: nobody waits for the answer");
  CHECK(bench.tables->looks < 60);
}

TEST_CASE("sql_bounds: many parts that stand for any text make no more work than one") {
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "%a";
  NeverEnds end;
  CHECK(net::WildcardMatcher(net::WildcardKind::like, pattern + "b", {}).matches(std::string(100'000, 'a'), end) == false);
}

TEST_CASE("sql_bounds: a query that explodes while it is prepared ends at the limit of memory") {
  std::string query = "WITH a0 AS (SELECT 1 AS x)";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "a" + std::to_string(i - 1);
    query += ", a" + std::to_string(i) + " AS (SELECT p.x FROM " + before + " p, " + before + " q)";
  }
  Bench bench;
  bench.limits.memory_max = 32 * 1024 * 1024;
  CHECK(bench.ask(query + " SELECT count(*) FROM a39") ==
        "error: the query needs more memory than the 32 MiB that all queries share");
}

TEST_CASE("sql_bounds: a query looks often enough whether it must end") {
  Bench bench;
  bench.tables->looks_max = 50;
  // Each row makes a text of half a MiB: 256 steps of the machine are some tens of them.
  CHECK(bench.ask("WITH RECURSIVE g(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM g) "
                  "SELECT max(length(hex(zeroblob(250000 + v % 10)))) FROM g") == "error: nobody waits for the answer");
}

TEST_CASE("sql_bounds: a query whose time is over says how long that is") {
  Bench bench;
  const std::string endless = "WITH RECURSIVE g(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM g) SELECT max(v) FROM g";
  bench.limits.duration_max = engine::milliseconds(20);
  CHECK(bench.ask(endless) == "error: the query took longer than 20 ms (query.timeout)");
}

TEST_CASE("sql_bounds: what a query computes is a MiB at most, and an error says so") {
  Bench bench;
  CHECK(bench.ask("SELECT length(zeroblob(1000000))") == "1000000");
  const std::string refused =
      "error: a text that a query computes has at most 1048576 bytes beside those of the stored texts that it reads";
  CHECK(bench.ask("SELECT length(zeroblob(1100000))") == refused);
  CHECK(bench.ask("SELECT length(hex(zeroblob(600000)))") == refused);
  CHECK(bench.ask("SELECT length(replace(hex(zeroblob(500000)), '0', 'xx'))") == refused);
  CHECK(bench.ask("SELECT length(group_concat(hex(zeroblob(300000 + x)))) FROM long_sequence(2)") == refused);
}

TEST_CASE("sql_bounds: texts that are stored are read, sorted and searched, however long they are") {
  constexpr size_t size = 5'000'000;
  Bench bench(size);
  CHECK(bench.ask("SELECT id, length(text) FROM t ORDER BY text DESC LIMIT 1") == "2|5000000");
  CHECK(bench.ask("SELECT text FROM t WHERE id = 2").size() == size);
  CHECK(bench.ask("SELECT length(text), text LIKE '%xx', instr(text, 'xxy'), length(upper(text)) FROM t WHERE id = 2") ==
        "5000000|1|0|5000000");
  CHECK(bench.ask("SELECT length(a.text || b.text) FROM t a, t b WHERE a.id = 2 AND b.id = 2") == "10000000");
  CHECK(bench.ask("SELECT count(*) FROM (SELECT a.text, b.text FROM t a, t b ORDER BY 1, 2)") == "16");
  CHECK(bench.ask("SELECT count(DISTINCT text), max(length(text)) FROM t") == "3|5000000");
}

TEST_CASE("sql_bounds: what needs more memory than there is goes through files, which end with the query") {
  struct Case {
    std::string query;
    std::string answer;
  };
  const std::string rows = "long_sequence(300000)";
  const std::vector<Case> cases{
      {"SELECT max(n) FROM (SELECT printf('%032d', x * 7919 % 300007), count(*) AS n FROM " + rows + " GROUP BY 1)", "1"},
      {"SELECT x FROM (SELECT x, printf('%064d', x * 7919 % 300007) AS s FROM " + rows + ") ORDER BY s LIMIT 1 OFFSET 1",
       "172791"},
      {"SELECT count(*) FROM (SELECT DISTINCT printf('%064d', x) FROM " + rows + ")", "300000"},
      {"SELECT sum(n) FROM (SELECT count(*) OVER (PARTITION BY x % 2) AS n FROM " + rows + ")", "45000000000"},
      {"WITH m AS MATERIALIZED (SELECT printf('%064d', x) AS s FROM " + rows +
           ") SELECT count(*) FROM m a, m b "
           "WHERE a.s < '0' AND b.s < '0'",
       "0"},
  };
  Bench bench;
  bench.limits.memory_max = 24 * 1024 * 1024;
  for (const Case& c : cases) {
    INFO(c.query);
    bench.tables->spill_files.reset();
    const bool fits = bench.ask(c.query) == c.answer;
    bench.give_disk({.size_max = 256 * 1024 * 1024, .files_max = 8});
    CHECK(bench.ask(c.query) == c.answer);
    CHECK((fits || bench.tables->spill_files->size_seen() > 1024 * 1024));
    CHECK(bench.tables->spill_files->size() == 0);
    CHECK(std::filesystem::is_empty(bench.spill_path()));
  }
}

TEST_CASE("sql_bounds: a query that needs many files at once to keep rows in is told so, and others go on") {
  Bench bench;
  bench.limits.memory_max = 24 * 1024 * 1024;
  const std::string kept = " AS MATERIALIZED (SELECT printf('%064d', x) AS s FROM long_sequence(200000))";
  const std::string query = "WITH a" + kept + ", b" + kept +
                            " SELECT (SELECT count(*) FROM a WHERE s < '0') + (SELECT count(*) FROM b WHERE s < '0') + "
                            "(SELECT count(*) FROM a WHERE s < '1')";
  bench.give_disk({.size_max = 256 * 1024 * 1024, .files_max = 1});
  CHECK(bench.ask(query) ==
        "error: the query needs more files than the 1 that queries of one reader may have to sort and keep rows in: ask for "
        "less at a time");
  CHECK(std::filesystem::is_empty(bench.spill_path()));
  CHECK(bench.ask("SELECT count(*) FROM t") == "4");
  bench.give_disk({.size_max = 256 * 1024 * 1024, .files_max = 2});
  CHECK(bench.ask(query) == "200000");
}

TEST_CASE("sql_bounds: a query over many wide tables keeps to its number of open files") {
  constexpr size_t table_count = 12;
  constexpr uint32_t column_count = 40;
  tests::TemporaryDirectory directory;
  for (uint32_t table = 0; table < table_count; ++table) {
    std::vector<storage::ColumnWish> columns;
    for (uint32_t i = 0; i < column_count; ++i) {
      columns.push_back({"c" + std::to_string(i), i % 2 == 0 ? ColumnType::symbol : ColumnType::varchar});
    }
    columns.push_back({"timestamp", ColumnType::timestamp_us});
    tests::TableFiles files(directory.path(), tests::make_table(table + 1, "w" + std::to_string(table), columns, column_count));
    for (int64_t row = 0; row < 3; ++row) {
      std::vector<tests::Cell> cells(column_count, tests::Cell("x" + std::to_string(row)));
      cells.emplace_back(row);
      files.add(std::move(cells));
    }
    files.write();
  }
  auto created = engine::UringBackend::create({.data_directory = directory.path().string()});
  REQUIRE(created.ok());
  auto snapshots = storage::read_table_snapshots(**created);
  REQUIRE(snapshots.ok());
  net::FileTableProvider tables(**created, *std::move(snapshots));

  std::string columns;
  std::string names;
  std::string on;
  for (size_t table = 0; table < table_count; ++table) {
    const std::string name = "w" + std::to_string(table);
    for (uint32_t i = 0; i < column_count; ++i) columns += (columns.empty() ? "" : ", ") + name + ".c" + std::to_string(i);
    names += (table == 0 ? "" : ", ") + name;
    if (table != 0) on += (table == 1 ? "w0.timestamp = " : " AND w0.timestamp = ") + name + ".timestamp";
  }
  const auto open_files = [] {
    const std::filesystem::directory_iterator files("/proc/self/fd");
    return static_cast<size_t>(std::distance(begin(files), end(files)));
  };
  const net::QueryLimits limits;
  net::QueryRun run("SELECT " + columns + " FROM " + names + " WHERE " + on, limits);
  const size_t before = open_files();
  run.begin(tables, (*created)->now() + limits.duration_max);
  for (int64_t row = 0; row < 3; ++row) {
    const absl::StatusOr<bool> has_row = run.next();
    INFO(has_row.status());
    REQUIRE(has_row.ok());
    REQUIRE(*has_row);
    for (const net::SqlCell& cell : run.row()) REQUIRE(cell.text == "x" + std::to_string(row));
    CHECK(open_files() <= before + net::FileTableProvider::files_max);
  }
  CHECK_FALSE(*run.next());
}

TEST_CASE("sql_bounds: a file of a query that is cut short is an error of the disk, and no mistake of who asks") {
  Bench bench;
  bench.limits.memory_max = 24 * 1024 * 1024;
  bench.give_disk({.size_max = 256 * 1024 * 1024, .files_max = 8});
  net::QueryRun run("SELECT s FROM (SELECT printf('%064d', x * 7919 % 300007) AS s FROM long_sequence(300000)) ORDER BY s",
                    bench.limits);
  run.begin(*bench.tables, bench.backend().now() + bench.limits.duration_max);
  absl::StatusOr<bool> has_row = run.next();
  REQUIRE(has_row.ok());
  REQUIRE(bench.tables->spill_files->size() > 1024 * 1024);
  for (const auto& entry : std::filesystem::directory_iterator(bench.spill_path())) {
    std::filesystem::resize_file(entry.path(), 0);
  }
  while (has_row.ok() && *has_row) has_row = run.next();
  CHECK(absl::IsDataLoss(has_row.status()));
  CHECK(engine::message_of(has_row.status()).starts_with(std::string(net::spill_directory) + "/"));
  CHECK(engine::message_of(has_row.status()).ends_with("bytes were written there, found 0"));
}

TEST_CASE("sql_bounds: what went wrong with the files of one query is told to no other") {
  Bench bench;
  bench.limits.memory_max = 24 * 1024 * 1024;
  bench.give_disk({.size_max = 8 * 1024 * 1024, .files_max = 8});
  net::QueryRun other("SELECT abs(-9223372036854775807 - (x - 1)) FROM long_sequence(2)", bench.limits);
  other.begin(*bench.tables, bench.backend().now() + bench.limits.duration_max);
  REQUIRE(other.next().ok());
  CHECK(bench.ask("SELECT count(*) FROM (SELECT printf('%064d', x) AS s, count(*) FROM long_sequence(300000) GROUP BY s)")
            .starts_with("error: the query needs more disk"));
  const absl::StatusOr<bool> has_row = other.next();
  CHECK(absl::IsInvalidArgument(has_row.status()));
  CHECK(engine::message_of(has_row.status()) == "integer overflow");
}

TEST_CASE("sql_bounds: files of a query have a bound, an error says what to do, and what a crash left is removed") {
  Bench bench;
  bench.limits.memory_max = 24 * 1024 * 1024;
  bench.give_disk({.size_max = 8 * 1024 * 1024, .files_max = 8});
  const std::string query =
      "SELECT count(*) FROM (SELECT printf('%064d', x) AS s, count(*) FROM long_sequence(300000) GROUP BY s)";
  CHECK(bench.ask(query) ==
        "error: the query needs more disk than the 8 MiB that queries of one reader may take to sort and keep rows: ask for "
        "fewer rows or columns, or for a shorter time");
  CHECK(bench.tables->spill_files->size() == 0);
  CHECK(bench.ask("SELECT count(*) FROM t") == "4");

  std::ofstream(bench.spill_path() / "left") << "by a crash";
  REQUIRE(net::SpillFiles::remove_left(bench.backend()).ok());
  CHECK(std::filesystem::is_empty(bench.spill_path()));
}
