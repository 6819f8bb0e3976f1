#include "storage/read/table_scan.h"

#include <array>
#include <bit>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "engine/base/prng.h"
#include "engine/uring/backend.h"
#include "storage/read/snapshot_files.h"
#include "storage/table/file_names.h"
#include "tests/catch.h"
#include "tests/storage/table_files.h"
#include "tests/temporary_directory.h"

namespace {

using storage::ColumnType;
using tests::Cell;
using tests::Row;

constexpr int64_t day_us = 86'400'000'000;

const std::vector<storage::ColumnWish> all_types{{"tag", ColumnType::symbol},        {"flag", ColumnType::boolean},
                                                 {"count", ColumnType::int64},       {"price", ColumnType::float64},
                                                 {"note", ColumnType::varchar},      {"wide", ColumnType::long256},
                                                 {"seen", ColumnType::timestamp_ns}, {"timestamp", ColumnType::timestamp_us}};
constexpr uint32_t designated = 7;

// A data directory with tables, and a backend that reads it.
struct Data {
  tests::TemporaryDirectory directory;
  std::unique_ptr<engine::UringBackend> backend;
  std::optional<engine::FilePool> files;

  Data() {
    auto created = engine::UringBackend::create({.data_directory = directory.path().string()});
    REQUIRE(created.ok());
    backend = *std::move(created);
    files.emplace(*backend, 3);  // many more are needed
  }

  std::vector<storage::TableSnapshot> snapshots() {
    auto read = storage::read_table_snapshots(*backend);
    INFO(read.status());
    REQUIRE(read.ok());
    return *std::move(read);
  }
};

Cell cell_at(const storage::TableScan& scan, const storage::ColumnVector& column, size_t index, size_t row) {
  if (column.present[row] == 0) return {};
  switch (column.type) {
    case ColumnType::boolean:
      return column.words[row] != 0;
    case ColumnType::float64:
      return std::bit_cast<double>(column.words[row]);
    case ColumnType::symbol:
      return std::string(scan.symbol_text(index, storage::SymbolId{static_cast<uint32_t>(column.words[row])}));
    case ColumnType::varchar:
      return std::string(column.text(row));
    case ColumnType::long256:
      return engine::load<storage::Long256>(column.wide(row).data());
    default:
      return static_cast<int64_t>(column.words[row]);
  }
}

absl::StatusOr<std::unique_ptr<storage::TableScan>> open_scan(Data& data, const storage::TableSnapshot& snapshot,
                                                              const storage::ScanOptions& options) {
  return storage::TableScan::open(*data.files, snapshot, options);
}

absl::StatusOr<std::vector<Row>> scan_rows(Data& data, const storage::TableSnapshot& snapshot,
                                           const storage::ScanOptions& options) {
  ASSIGN_OR_RETURN(const auto scan, open_scan(data, snapshot, options));
  std::vector<Row> rows;
  while (true) {
    ASSIGN_OR_RETURN(const storage::ScanChunk* chunk, scan->next());
    if (chunk->rows == 0) return rows;
    REQUIRE(chunk->rows <= storage::scan_chunk_rows_max);
    for (size_t row = 0; row < chunk->rows; ++row) {
      Row& cells = rows.emplace_back();
      for (size_t i = 0; i < chunk->columns.size(); ++i) cells.push_back(cell_at(*scan, chunk->columns[i], i, row));
    }
  }
}

std::vector<Row> must_scan(Data& data, const storage::TableSnapshot& snapshot, const storage::ScanOptions& options) {
  auto rows = scan_rows(data, snapshot, options);
  INFO(rows.status());
  REQUIRE(rows.ok());
  return *std::move(rows);
}

// What a scan must give, from all rows in order.
std::vector<Row> wanted_rows(const tests::TableFiles& files, const storage::ScanOptions& options) {
  std::vector<Row> wanted;
  for (const Row& row : files.sorted_rows()) {
    const auto timestamp = std::get<int64_t>(row[files.schema().designated.value]);
    if (timestamp < options.timestamp_min || timestamp > options.timestamp_max) continue;
    Row& cells = wanted.emplace_back();
    for (const storage::ColumnIndex index : options.columns) {
      const Cell& cell = row[index.value];
      const bool is_missing_flag = files.schema().column(index).type == ColumnType::boolean && cell.index() == 0;
      cells.push_back(is_missing_flag ? Cell(false) : cell);
    }
  }
  return wanted;
}

// Random rows: three days; one in `late_every` is late, up to a day; columns get their first value at some row; texts of up to
// several windows of the reader.
tests::TableFiles random_table(Data& data, engine::Prng& prng, size_t row_count, uint64_t late_every,
                               tests::LastBlocks last_blocks = tests::LastBlocks::spoilt) {
  tests::TableFiles files(data.directory.path(), tests::make_table(1, "random", all_types, designated));
  std::array<size_t, designated> first_row{};
  for (size_t& first : first_row) first = prng.next() % 2 == 0 ? 0 : prng.next() % row_count;
  for (size_t i = 0; i < row_count; ++i) {
    const auto in_order = static_cast<int64_t>(i * 3 / row_count) * day_us + static_cast<int64_t>(i) * 1000;
    const bool is_late = late_every != 0 && prng.next() % late_every == 0;
    const int64_t timestamp = is_late ? in_order - static_cast<int64_t>(prng.next() % day_us) : in_order - in_order % 3000;
    const auto text_size = prng.next() % 1000 == 0 ? prng.next() % 200'000 : prng.next() % 20;
    Row row{"tag" + std::to_string(prng.next() % 50),
            prng.next() % 2 == 0,
            static_cast<int64_t>(i),
            static_cast<double>(prng.next() % 1000) / 8,
            std::string(text_size, static_cast<char>('a' + i % 26)),
            storage::Long256{prng.next(), i, 0, prng.next() % 2},
            static_cast<int64_t>(prng.next() % day_us),
            timestamp};
    for (size_t column = 0; column < designated; ++column) {
      if (i < first_row[column] || prng.next() % 5 == 0) row[column] = {};
    }
    files.add(std::move(row));
  }
  files.write(last_blocks);
  return files;
}

storage::ScanOptions all_columns() { return {.columns = {{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}}}; }

}  // namespace

TEST_CASE("table_reader: rows in order come back as they were") {
  Data data;
  engine::Prng prng(1);
  const tests::TableFiles files = random_table(data, prng, 10'000, 0);
  const auto tables = data.snapshots();
  REQUIRE(tables.size() == 1);
  CHECK(*tables[0].schema == files.schema());
  CHECK(tables[0].rows() == 10'000);
  CHECK(files.run_count() == 3);
  CHECK(must_scan(data, tables[0], all_columns()) == wanted_rows(files, all_columns()));
}

TEST_CASE(
    "table_reader: late rows, added columns, nulls and long texts are merged in order of time, ties in order of arrival") {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    Data data;
    engine::Prng prng(seed);
    const tests::TableFiles files = random_table(data, prng, 200 + prng.next() % 9000, 1 + prng.next() % 20);
    CHECK(files.run_count() > 3);
    CHECK(must_scan(data, data.snapshots().at(0), all_columns()) == wanted_rows(files, all_columns()));
  }
}

TEST_CASE("table_reader: a time range gives the rows inside, both ends included, whichever columns are wanted") {
  Data data;
  engine::Prng prng(5);
  const tests::TableFiles files = random_table(data, prng, 5000, 10);
  const auto tables = data.snapshots();
  const std::vector<Row> sorted = files.sorted_rows();
  for (int i = 0; i < 60; ++i) {
    const auto bound = [&] {
      return std::get<int64_t>(sorted[prng.next() % sorted.size()][designated]) + static_cast<int64_t>(prng.next() % 3) - 1;
    };
    storage::ScanOptions options{.timestamp_min = bound(), .timestamp_max = bound()};
    for (uint32_t column = 0; column <= designated; ++column) {
      if (prng.next() % 3 == 0) options.columns.push_back({column});
    }
    CAPTURE(i, options.timestamp_min, options.timestamp_max, options.columns.size());
    CHECK(must_scan(data, tables.at(0), options) == wanted_rows(files, options));
  }
}

TEST_CASE("table_reader: without columns rows are counted, and column files are not needed") {
  Data data;
  engine::Prng prng(6);
  const tests::TableFiles files = random_table(data, prng, 5000, 10);
  const auto tables = data.snapshots();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data.directory.path())) {
    if (entry.path().extension() == ".values") std::filesystem::remove(entry.path());
  }
  CHECK(must_scan(data, tables.at(0), {}).size() == 5000);
}

TEST_CASE("table_reader: a row has an id of its own, the same in every scan of a snapshot") {
  Data data;
  const storage::Schema schema =
      tests::make_table(5, "ids", {{"number", ColumnType::int64}, {"timestamp", ColumnType::timestamp_us}}, 1);
  tests::TableFiles first(data.directory.path(), schema);
  tests::TableFiles second(data.directory.path(), schema, storage::LaneNumber{1});
  constexpr int64_t row_count = 9000;
  for (int64_t i = 0; i < row_count; ++i) {  // three days, one row in four is late
    (i % 3 == 0 ? first : second).add({i, i * (3 * day_us / row_count) - (i % 4 == 0 ? day_us / 10 : 0)});
  }
  first.write();
  second.write();
  REQUIRE(first.run_count() > 3);
  const auto tables = data.snapshots();

  const auto scan_ids = [&](const storage::ScanOptions& options) {
    std::map<int64_t, uint64_t> ids;  // by number
    auto scan = open_scan(data, tables.at(0), options);
    REQUIRE(scan.ok());
    for (;;) {
      const auto chunk = (*scan)->next();
      REQUIRE(chunk.ok());
      if ((*chunk)->rows == 0) return ids;
      for (size_t row = 0; row < (*chunk)->rows; ++row) {
        ids[static_cast<int64_t>((*chunk)->columns[0].words[row])] = (*scan)->row_id(row);
      }
    }
  };
  const std::map<int64_t, uint64_t> all = scan_ids({.columns = {{0}}});
  CHECK(all.size() == size_t{row_count});
  std::set<uint64_t> different;
  for (const auto& [number, id] : all) different.insert(id);
  CHECK(different.size() == size_t{row_count});
  for (const int64_t start : {int64_t{0}, day_us / 2, day_us, 2 * day_us + 1}) {
    CAPTURE(start);
    const auto some = scan_ids({.columns = {{0}, {1}}, .timestamp_min = start, .timestamp_max = start + day_us / 3});
    CHECK(some.size() > 500);
    for (const auto& [number, id] : some) REQUIRE(all.at(number) == id);
  }
}

TEST_CASE("table_reader: a table without rows has none, and one without a lane too") {
  Data data;
  tests::TableFiles files(data.directory.path(), tests::make_table(3, "empty", all_types, designated));
  files.write();
  auto tables = data.snapshots();
  REQUIRE(tables.size() == 1);
  CHECK(must_scan(data, tables[0], all_columns()).empty());

  std::filesystem::remove_all(data.directory.path() / "tables/3/0");
  tables = data.snapshots();
  REQUIRE(tables.size() == 1);
  CHECK(must_scan(data, tables[0], all_columns()).empty());
}

TEST_CASE("table_reader: a data directory without tables is read as such") {
  Data data;
  CHECK(data.snapshots().empty());
}

TEST_CASE("table_reader: a missing or short column file is an error that names the file") {
  Data data;
  engine::Prng prng(7);
  random_table(data, prng, 3000, 0);
  const auto tables = data.snapshots();
  const std::filesystem::path file = data.directory.path() / "tables/1/0/1970-01-01/0/7.values";
  REQUIRE(std::filesystem::exists(file));
  SECTION("short") { std::filesystem::resize_file(file, 100); }
  SECTION("missing") { std::filesystem::remove(file); }
  const auto rows = scan_rows(data, tables.at(0), all_columns());
  REQUIRE(!rows.ok());
  CHECK(engine::message_of(rows.status()).find("tables/1/0/1970-01-01/0/7.values") != std::string_view::npos);
}

TEST_CASE("table_reader: a damaged manifest is refused") {
  Data data;
  engine::Prng prng(8);
  random_table(data, prng, 100, 0);
  const std::filesystem::path file = data.directory.path() / "tables/1/0/1970-01-01/manifest";
  REQUIRE(std::filesystem::exists(file));
  std::filesystem::resize_file(file, 50);
  const auto tables = storage::read_table_snapshots(*data.backend);
  REQUIRE(!tables.ok());
  CHECK(engine::message_of(tables.status()).find("tables/1/0/1970-01-01/manifest") != std::string_view::npos);
}

TEST_CASE("table_reader: what a checkpoint that was cut short left behind is read, its new symbols too") {
  Data data;
  engine::Prng prng(9);
  const tests::TableFiles files = random_table(data, prng, 3000, 0, tests::LastBlocks::whole);

  // The lane manifest is written last: it knows nothing yet.
  const storage::LaneId lane{files.schema().table, storage::LaneNumber{0}};
  std::filesystem::remove(data.directory.path() / storage::lane_manifest_path(lane));
  const auto tables = data.snapshots();
  CHECK(tables.at(0).lanes.at(0)->dictionaries.empty());
  CHECK(must_scan(data, tables.at(0), all_columns()) == wanted_rows(files, all_columns()));
}

TEST_CASE("table_reader: lanes are merged, each with its own symbols") {
  Data data;
  const storage::Schema schema =
      tests::make_table(4, "lanes", {{"tag", ColumnType::symbol}, {"timestamp", ColumnType::timestamp_us}}, 1);
  tests::TableFiles first(data.directory.path(), schema);
  tests::TableFiles second(data.directory.path(), schema, storage::LaneNumber{1});
  std::vector<Row> wanted;
  for (int64_t i = 0; i < 1000; ++i) {
    const Row row{std::string(i % 2 == 0 ? "first" : "second") + std::to_string(i % 7), i / 2};
    (i % 2 == 0 ? first : second).add(row);
    wanted.push_back(row);
  }
  first.write();
  second.write();
  CHECK(must_scan(data, data.snapshots().at(0), {.columns = {{0}, {1}}}) == wanted);
}

namespace {

// Bytes of texts and of all else that a chunk holds.
size_t held_size(const storage::ScanChunk& chunk) {
  size_t size = 0;
  for (const storage::ColumnVector& column : chunk.columns) size += column.size();
  return size;
}

size_t held_capacity(const storage::ScanChunk& chunk) {
  size_t size = 0;
  for (const storage::ColumnVector& column : chunk.columns) size += column.capacity();
  return size;
}

}  // namespace

TEST_CASE("table_reader: a chunk ends when it has texts enough, and one text that is larger is a chunk by itself") {
  constexpr size_t large = 300'000;
  constexpr size_t largest = storage::scan_chunk_size_max + 5'000'000;
  constexpr size_t row_count = 90;
  for (const int64_t late : {0, 1}) {  // late rows: several runs, that are merged
    CAPTURE(late);
    Data data;
    tests::TableFiles files(
        data.directory.path(),
        tests::make_table(
            1, "texts", {{"a", ColumnType::varchar}, {"b", ColumnType::varchar}, {"timestamp", ColumnType::timestamp_us}}, 2));
    for (size_t i = 0; i < row_count; ++i) {
      const auto number = static_cast<int64_t>(i);
      Row row{std::string(i == row_count / 2 ? largest : large + i, static_cast<char>('a' + i % 26)), Cell(),
              late != 0 ? number % 5 * 100 + number / 5 : number};
      if (i % 3 == 0) row[1] = std::string(i % 2 == 0 ? large : 3, 'b');
      files.add(std::move(row));
    }
    files.write();
    const auto tables = data.snapshots();
    CHECK(files.run_count() == (late != 0 ? 5 : 1));
    CHECK(must_scan(data, tables.at(0), {.columns = {{0}, {1}, {2}}}) == wanted_rows(files, {.columns = {{0}, {1}, {2}}}));

    auto scan = open_scan(data, tables.at(0), {.columns = {{0}, {1}, {2}}});
    REQUIRE(scan.ok());
    size_t rows = 0;
    size_t chunks = 0;
    for (bool at_end = false; !at_end; ++chunks) {
      const auto chunk = (*scan)->next();
      REQUIRE(chunk.ok());
      at_end = (*chunk)->rows == 0;
      rows += (*chunk)->rows;
      if ((*chunk)->rows > 1) CHECK(held_size(**chunk) <= storage::scan_chunk_size_max + 100 * (*chunk)->rows);
      CHECK(held_capacity(**chunk) <= 2 * (storage::scan_chunk_size_max + largest));
      if (at_end) CHECK(held_capacity(**chunk) <= 3 * storage::scan_chunk_size_max);
    }
    CHECK(rows == row_count);
    CHECK(chunks > row_count * large / storage::scan_chunk_size_max);
  }
}

TEST_CASE("table_reader: a chunk of many columns has few rows") {
  constexpr size_t column_count = 400;
  std::vector<storage::ColumnWish> columns;
  std::vector<storage::ColumnIndex> wanted;
  for (uint32_t i = 0; i < column_count; ++i) {
    columns.push_back({"c" + std::to_string(i), ColumnType::long256});
    wanted.push_back({i});
  }
  columns.push_back({"timestamp", ColumnType::timestamp_us});
  Data data;
  tests::TableFiles files(data.directory.path(), tests::make_table(1, "wide", columns, column_count));
  for (int64_t i = 0; i < 1000; ++i) {
    Row row(column_count, Cell(storage::Long256{static_cast<uint64_t>(i), 1, 2, 3}));
    row.emplace_back(i);
    files.add(std::move(row));
  }
  files.write();
  auto scan = open_scan(data, data.snapshots().at(0), {.columns = wanted});
  REQUIRE(scan.ok());
  size_t rows = 0;
  for (bool at_end = false; !at_end;) {
    const auto chunk = (*scan)->next();
    REQUIRE(chunk.ok());
    CHECK(held_size(**chunk) <= storage::scan_chunk_size_max);
    at_end = (*chunk)->rows == 0;
    rows += (*chunk)->rows;
  }
  CHECK(rows == 1000);
}
