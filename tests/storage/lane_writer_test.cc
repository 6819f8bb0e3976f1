#include "storage/apply/lane_writer.h"

#include <bit>
#include <cerrno>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "engine/uring/backend.h"
#include "storage/table/file_names.h"
#include "storage/table/manifest_format.h"
#include "tests/catch.h"
#include "tests/storage/golden/column_files.h"
#include "tests/storage/hex.h"
#include "tests/storage/lane_owner.h"
#include "tests/temporary_directory.h"

namespace storage {
namespace {

using tests::Cells;
using tests::LaneOwner;
using tests::SimLaneOwner;
using tests::Workload;

TEST_CASE("table_writer: rows in order make one run per partition") {
  sim::SimWorld world({.seed = 1});
  Workload workload(1, {});
  SimLaneOwner owner(world, workload.schema());
  for (int i = 0; i < 30; ++i) REQUIRE(owner->apply_next(workload, 3));
  CHECK(owner.holds(workload));
  const LaneSnapshotRef snapshot = owner.writer().snapshot();
  CHECK(snapshot->partitions.size() > 10);
  for (const ManifestRef& partition : snapshot->partitions) CHECK(partition->runs.size() == 1);
  CHECK(snapshot->applied == workload.last_txn());
  CHECK(owner->io().files().open_count() <= tests::small_rounds.files_max);
}

TEST_CASE("table_writer: any order, nulls and new columns read back cell by cell") {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    sim::SimWorld world({.seed = seed});
    const PartitionUnit units[] = {PartitionUnit::none, PartitionUnit::hour, PartitionUnit::day};
    Workload workload(seed, {.partition_unit = units[seed % 3],
                             .rows_max = seed % 2 == 0 ? 30U : 400U,
                             .disorder_us = seed % 4 == 0 ? 0 : 1'800'000'000,
                             .step_us = 10'000'000,
                             .null_rate = seed % 5 == 0 ? 0U : 300'000U,
                             .block_texts = seed % 3 == 1});
    SimLaneOwner owner(world, workload.schema());
    for (int i = 0; i < 15; ++i) {
      if (i == 4 || i == 9) {
        workload.add_columns();
        owner.writer().set_schema(workload.schema());
      }
      REQUIRE(owner->apply_next(workload, 2));
      if (i % 4 == 3) REQUIRE(owner->checkpoint());
    }
    CHECK(owner.holds(workload));
  }
}

RowBlock block_of(const SchemaRef& schema, const std::function<void(OpenBatch&)>& fill,
                  const std::vector<ResolvedSymbols>& resolved = {}, Txn txn = Txn{1}) {
  OpenBatch batch;
  batch.open(schema);
  fill(batch);
  std::vector<std::byte> body;
  std::vector<BatchSymbols> symbols;
  batch.seal(body, symbols);
  RowBlock block;
  block.append(txn, BatchView::parse(body).value(), resolved);
  return block;
}

// Bytes that the column files and dictionaries of a lane take on disk.
size_t reserved_size(sim::SimWorld& world, std::string_view directory) {
  std::vector<engine::DirectoryEntry> entries;
  REQUIRE(world.disk().list(directory, entries) == 0);
  size_t sum = 0;
  for (const engine::DirectoryEntry& entry : entries) {
    const std::string path = std::string(directory) + '/' + entry.name;
    sum += entry.is_directory ? reserved_size(world, path) : world.disk().read_current(path)->size();
  }
  return sum;
}

TEST_CASE("table_writer: a file takes a block until it needs a second one, however many columns and partitions there are") {
  constexpr size_t columns = 300;
  constexpr size_t days = 20;
  TableWish wish{.name = "wide", .columns = {{"timestamp", ColumnType::timestamp_us}}};
  for (size_t i = 1; i < columns; ++i) {
    wish.columns.push_back({"c" + std::to_string(i), i % 2 == 0 ? ColumnType::symbol : ColumnType::float64});
  }
  const auto schema = std::make_shared<const Schema>(make_schema(TableId{7}, wish));
  sim::SimWorld world({.seed = 4});
  world.set_auto_advance(true);
  sim::SimBackend backend(world);
  LaneOwner owner(backend, schema, RoundOptions{});
  size_t received = 0;
  for (size_t day = 0; day < days; ++day) {
    std::vector<ResolvedSymbols> symbols;
    RowBlock block = block_of(
        schema,
        [&](OpenBatch& batch) {
          batch.begin_row();
          batch.set_word({0}, (20'000 + day) * 86'400'000'000);
          for (uint32_t i = 1; i < columns; ++i) {
            if (i % 2 != 0) {
              batch.set_word({i}, day);
            } else {
              const SymbolId id = owner.writer().dictionary(schema->columns[i].id).resolve("a");
              batch.set_symbol({i}, batch.add_symbol({i}, id));
              symbols.push_back({schema->columns[i].id, {id}});
            }
          }
        },
        symbols, Txn{day + 1});
    received += columns * sizeof(uint64_t);
    REQUIRE(owner.apply(std::move(block)));
  }
  // One block of a column, a partition and a row, and two of each dictionary: offsets and texts.
  CHECK(reserved_size(world, "tables/7") == engine::block_size * (days * columns + 2 * (columns / 2 - 1)));
  CHECK(reserved_size(world, "tables/7") / received < 600);
}

TEST_CASE("table_writer: a file that grows reserves as much again as it has, up to a bound") {
  const auto schema = std::make_shared<const Schema>(
      make_schema(TableId{7}, {.name = "narrow", .columns = {{"timestamp", ColumnType::timestamp_us}}}));
  sim::SimWorld world({.seed = 4});
  world.set_auto_advance(true);
  sim::SimBackend backend(world);
  LaneOwner owner(backend, schema, {.extent_size_max = 16 * engine::block_size});
  std::vector<size_t> blocks;
  for (uint64_t txn = 1; txn <= 40; ++txn) {
    REQUIRE(owner.apply(block_of(
        schema,
        [txn](OpenBatch& batch) {
          for (uint64_t row = 0; row < 512; ++row) {
            batch.begin_row();
            batch.set_word({0}, txn * 1000 + row);
          }
        },
        {}, Txn{txn})));
    const size_t size = reserved_size(world, "tables/7") / engine::block_size;
    if (blocks.empty() || blocks.back() != size) blocks.push_back(size);
  }
  CHECK(blocks == std::vector<size_t>{1, 2, 4, 8, 16, 32, 48});
}

TEST_CASE("table_writer: a text that is larger than a round") {
  sim::SimWorld world({.seed = 3});
  Workload workload(3, {});
  workload.add_columns();
  SimLaneOwner owner(world, workload.schema());
  constexpr uint32_t note = 4;
  const std::string text(3 * tests::small_rounds.round_size_max + 17, 'z');
  REQUIRE(owner->apply(block_of(workload.schema(), [&text](OpenBatch& batch) {
    for (uint64_t row = 0; row < 3; ++row) {
      batch.begin_row();
      batch.set_word({1}, row);
      if (row == 1) batch.set_text({note}, text);
    }
  })));
  std::vector<std::string> errors;
  const std::vector<Cells> rows = owner->read(owner.reader(), errors);
  CHECK(errors == std::vector<std::string>{});
  REQUIRE(rows.size() == 3);
  CHECK(rows[1].at(note) == "v" + text);
  CHECK(rows[0].size() == 1);
}

// The server died of it, and of each replay.
TEST_CASE("table_writer: a symbol that is larger than a round") {
  sim::SimWorld world({.seed = 3});
  Workload workload(3, {});
  const std::string large(3 * tests::small_rounds.round_size_max, 'x');
  {
    SimLaneOwner owner(world, workload.schema());
    REQUIRE(owner->apply_next(workload, 2));
    for (const std::string& text : {std::string("before"), large, std::string("between"), large + 'y', std::string("last")}) {
      owner.writer().dictionary(ColumnId{0}).resolve(text);
    }
    REQUIRE(owner->apply({}));
    REQUIRE(owner->checkpoint());
    world.power_off();
  }
  world.restart();
  SimLaneOwner owner(world, workload.schema());
  REQUIRE(owner.writer().load() == absl::OkStatus());
  const SymbolDictionary& symbols = owner.writer().dictionary(ColumnId{0});
  CHECK(symbols.contains(large));
  CHECK(symbols.contains(large + 'y'));
  CHECK(symbols.text(SymbolId{symbols.size() - 1}) == "last");
}

TEST_CASE("table_writer: an append of no bytes to a text file that ends with a block") {
  sim::SimWorld world({.seed = 3});
  Workload workload(3, {});
  workload.add_columns();
  SimLaneOwner owner(world, workload.schema());
  constexpr uint32_t note = 4;
  Txn txn{1};
  const std::string block(engine::block_size, 'b');
  for (const std::string& text : {block, std::string(), block, block, std::string(), std::string("end")}) {
    REQUIRE(owner->apply(block_of(
        workload.schema(),
        [&](OpenBatch& batch) {
          batch.begin_row();
          batch.set_word({1}, txn.value);
          batch.set_text({note}, text);
        },
        {}, txn)));
    ++txn.value;
    REQUIRE(owner->checkpoint());
  }
  std::vector<std::string> errors;
  const std::vector<Cells> rows = owner->read(owner.reader(), errors);
  CHECK(errors == std::vector<std::string>{});
  REQUIRE(rows.size() == 6);
  CHECK(rows[0].at(note) == "v" + block);
  CHECK(rows[1].at(note) == "v");
  CHECK(rows[3].at(note) == "v" + block);
  CHECK(rows[4].at(note) == "v");
  CHECK(rows[5].at(note) == "vend");
}

// Of ten rows of the commit, from `first` on; each slice reaches back into the time of the one before.
RowBlock slice_of(const SchemaRef& schema, Txn txn, uint64_t first) {
  const auto fill = [first](OpenBatch& batch) {
    for (uint64_t row = first; row < first + 10; ++row) {
      batch.begin_row();
      batch.set_word({1}, 1'700'000'000'000'000 + row % 7 * 50'000'000'000 + row);
    }
  };
  return block_of(schema, fill, {}, txn);
}

TEST_CASE("table_writer: a commit of several blocks is published as one, whatever is checkpointed meanwhile") {
  sim::SimWorld world({.seed = 5});
  Workload workload(5, {});
  const auto rows_of = [](SimLaneOwner& owner) {
    std::vector<std::string> errors;
    const size_t rows = owner->read(owner.reader(), errors).size();
    CHECK(errors == std::vector<std::string>{});
    return rows;
  };
  {
    SimLaneOwner owner(world, workload.schema());
    REQUIRE(owner->apply(slice_of(workload.schema(), Txn{1}, 0)));
    REQUIRE(owner->apply(slice_of(workload.schema(), Txn{2}, 10), BlockEnd::goes_on));
    CHECK(owner.writer().applied() == Txn{1});
    CHECK(rows_of(owner) == 10);
    REQUIRE(owner->checkpoint());
    CHECK(owner.writer().checkpointed() == Txn{1});
    REQUIRE(owner->apply(slice_of(workload.schema(), Txn{2}, 20), BlockEnd::goes_on));
    CHECK(rows_of(owner) == 10);
    world.power_off();
  }
  world.restart();
  {
    SimLaneOwner owner(world, workload.schema());
    REQUIRE(owner.writer().load() == absl::OkStatus());
    CHECK(rows_of(owner) == 10);
    REQUIRE(owner->apply(slice_of(workload.schema(), Txn{2}, 10), BlockEnd::goes_on));
    REQUIRE(owner->apply(slice_of(workload.schema(), Txn{2}, 20), BlockEnd::goes_on));
    REQUIRE(owner->checkpoint());
    REQUIRE(owner->apply(slice_of(workload.schema(), Txn{2}, 30)));
    CHECK(owner.writer().applied() == Txn{2});
    CHECK(rows_of(owner) == 40);
    REQUIRE(owner->checkpoint());
    world.power_off();
  }
  world.restart();
  SimLaneOwner owner(world, workload.schema());
  REQUIRE(owner.writer().load() == absl::OkStatus());
  CHECK(owner.writer().checkpointed() == Txn{2});
  CHECK(rows_of(owner) == 40);
  REQUIRE(owner->apply(slice_of(workload.schema(), Txn{2}, 10), BlockEnd::goes_on));  // replayed: it has them
  REQUIRE(owner->apply(slice_of(workload.schema(), Txn{2}, 20)));
  CHECK(rows_of(owner) == 40);
}

TEST_CASE("table_writer: the bytes of column files are those of docs/tables.md") {
  sim::SimWorld world({.seed = 3});
  const SchemaRef schema =
      std::make_shared<const Schema>(make_schema(tests::test_lane.table, {.name = "all",
                                                                          .partition_unit = PartitionUnit::none,
                                                                          .designated = {0},
                                                                          .columns = {{"t", ColumnType::timestamp_us},
                                                                                      {"b", ColumnType::boolean},
                                                                                      {"l", ColumnType::int64},
                                                                                      {"d", ColumnType::float64},
                                                                                      {"s", ColumnType::symbol},
                                                                                      {"v", ColumnType::varchar},
                                                                                      {"w", ColumnType::long256}}}));
  SimLaneOwner owner(world, schema);
  SymbolDictionary& symbols = owner.writer().dictionary(ColumnId{4});
  const std::vector<ResolvedSymbols> resolved{{ColumnId{4}, {symbols.resolve("one"), symbols.resolve("two")}}};
  REQUIRE(owner->apply(block_of(
      schema,
      [](OpenBatch& batch) {
        batch.add_symbol({4}, SymbolId{0});
        batch.add_symbol({4}, SymbolId{1});
        for (uint64_t row = 0; row < 3; ++row) {
          constexpr Long256 wide{1, 2, 3, 4};
          batch.begin_row();
          batch.set_word({0}, 1000 + row);
          if (row == 1) batch.set_word({1}, 1);
          if (row != 1) batch.set_word({2}, 7 + row);                       // a null between values
          if (row == 2) batch.set_word({3}, std::bit_cast<uint64_t>(1.5));  // begins late
          batch.set_symbol({4}, row == 0 ? 1 : 0);
          if (row != 1) batch.set_text({5}, row == 0 ? "ab" : "cde");
          if (row == 0) batch.set_wide({6}, std::as_bytes(std::span(wide)));  // ends early
        }
      },
      resolved)));
  const PartitionManifest& partition = *owner.writer().snapshot()->partitions.at(0);
  std::string found;
  const auto add = [&](const std::string& path, const CommittedFile& file) {
    const auto bytes = world.disk().read_current(path);
    found += path + " " + tests::hex_text(std::span(*bytes).first(file.size)) + "\n";
  };
  for (const RunColumn& column : partition.runs.at(0).columns) {
    found += std::to_string(column.column.value) + ": rows " + std::to_string(column.row_start) + " + " +
             std::to_string(column.row_count) + ", nulls " + std::to_string(column.nulls) + "\n";
    for (const CommittedFile& file : column.files) add(column_path("tables/7/0/all/0", column.column, file.kind), file);
  }
  const DictionaryExtent& dictionary = owner.writer().snapshot()->dictionaries.at(0);
  add("tables/7/0/symbols/4.offsets", dictionary.offsets);
  add("tables/7/0/symbols/4.texts", dictionary.texts);
  CHECK(found == golden::column_files);
}

TEST_CASE("table_writer: a load shows what was checkpointed, and only that") {
  sim::SimWorld world({.seed = 4});
  Workload workload(4, {.disorder_us = 100'000'000});
  {
    SimLaneOwner owner(world, workload.schema());
    REQUIRE(owner->apply_next(workload, 5));
    REQUIRE(owner->checkpoint());
    CHECK_FALSE(owner.writer().dirty());
    CHECK(owner.writer().checkpointed() == Txn{5});
    REQUIRE(owner->apply_next(workload, 5));
    CHECK(owner.writer().dirty());
    world.power_off();
  }
  world.restart();
  SimLaneOwner owner(world, workload.schema());
  REQUIRE(owner.writer().load() == absl::OkStatus());
  CHECK(owner.writer().checkpointed() == Txn{5});
  CHECK(owner.writer().applied() == Txn{5});
  CHECK(owner.holds(workload));
}

TEST_CASE("table_writer: a new schema alone is checkpointed too") {
  sim::SimWorld world({.seed = 5});
  Workload workload(5, {});
  SimLaneOwner owner(world, workload.schema());
  CHECK(owner.writer().dirty());
  REQUIRE(owner->checkpoint());
  CHECK_FALSE(owner.writer().dirty());
  workload.add_columns();
  owner.writer().set_schema(workload.schema());
  CHECK(owner.writer().dirty());
  REQUIRE(owner->checkpoint());
  const std::string path = schema_path(tests::test_lane.table);
  CHECK(decode_schema_file(*world.disk().read_durable(path), path).value() == *workload.schema());
}

TEST_CASE("table_writer: a checkpoint of nothing new touches no file") {
  sim::SimWorld world({.seed = 5});
  Workload workload(5, {});
  SimLaneOwner owner(world, workload.schema());
  REQUIRE(owner->apply_next(workload, 5));
  REQUIRE(owner->checkpoint());
  const uint64_t effects = world.disk().effect_count();
  REQUIRE(owner->checkpoint());
  CHECK(world.disk().effect_count() == effects);
}

TEST_CASE("table_writer: replaying what is applied changes nothing") {
  sim::SimWorld world({.seed = 6});
  Workload workload(6, {.disorder_us = 4'000'000'000});
  SimLaneOwner owner(world, workload.schema());
  REQUIRE(owner->apply_next(workload, 8));
  const uint64_t effects = world.disk().effect_count();
  REQUIRE(owner->apply(workload.replay(owner.writer(), Txn{0})));
  REQUIRE(owner->apply(workload.replay(owner.writer(), Txn{5})));
  CHECK(world.disk().effect_count() == effects);
  CHECK(owner.holds(workload));
}

TEST_CASE("table_writer: a full disk ends the writer and names the file") {
  sim::SimWorld world({.seed = 7, .disk_capacity = 200'000});
  Workload workload(7, {});
  SimLaneOwner owner(world, workload.schema());
  bool ok = true;
  for (int i = 0; i < 100 && ok; ++i) ok = owner->apply_next(workload, 5);
  CHECK_FALSE(ok);
  CHECK(owner->status().code() == absl::StatusCode::kResourceExhausted);
  CHECK(std::string(engine::message_of(owner->status())).find("tables/7/0/") != std::string::npos);
  CHECK_FALSE(owner.writer().idle());
}

TEST_CASE("table_writer: a file system that cannot reserve space holds the same rows") {
  sim::SimWorld world({.seed = 6});
  world.disk().fail({.op = engine::IoOp::allocate, .error = EOPNOTSUPP, .sticky = true});
  Workload workload(6, {.rows_max = 200, .block_texts = true});
  {
    SimLaneOwner owner(world, workload.schema());
    for (int i = 0; i < 10; ++i) REQUIRE(owner->apply_next(workload, 2));
    REQUIRE(owner->checkpoint());
    CHECK(owner.holds(workload));
    world.power_off();
  }
  world.restart();
  SimLaneOwner owner(world, workload.schema());
  REQUIRE(owner.writer().load() == absl::OkStatus());
  CHECK(owner.holds(workload));
}

TEST_CASE("table_writer: damaged manifests and dictionaries are refused by name") {
  for (const char* path :
       {"tables/7/0/lane", "tables/7/0/symbols/0.offsets", "tables/7/0/symbols/0.texts", "tables/7/schema"}) {
    INFO(path);
    sim::SimWorld world({.seed = 8});
    Workload workload(8, {});
    {
      SimLaneOwner owner(world, workload.schema());
      REQUIRE(owner->apply_next(workload, 4));
      // More than a block of them: the bytes of the last block would come from the manifest.
      for (int i = 0; i < 1000; ++i) owner.writer().dictionary(ColumnId{0}).resolve("symbol " + std::to_string(i));
      REQUIRE(owner->apply({}));
      REQUIRE(owner->checkpoint());
      world.power_off();
    }
    world.restart();
    REQUIRE(world.disk().flip_bit(path, 50, 3));
    SimLaneOwner owner(world, workload.schema());
    const absl::Status status = owner.writer().load();
    CHECK(status.code() == absl::StatusCode::kDataLoss);
    CHECK(std::string(engine::message_of(status)).starts_with(path));
  }
}

TEST_CASE("table_writer: on a real disk") {
  const tests::TemporaryDirectory directory;
  const auto read = [&directory](std::string_view path) -> std::optional<std::vector<std::byte>> {
    std::ifstream file(directory.path() / path, std::ios::binary);
    if (!file) return std::nullopt;
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::span<const std::byte> bytes = engine::as_bytes(text);
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  Workload workload(9, {.partition_unit = PartitionUnit::day, .rows_max = 500, .disorder_us = 600'000'000});
  for (int life = 0; life < 3; ++life) {
    auto backend = engine::UringBackend::create({.data_directory = directory.path()});
    REQUIRE(backend.status() == absl::OkStatus());
    LaneOwner owner(**backend, workload.schema());
    REQUIRE(owner.writer().load() == absl::OkStatus());
    REQUIRE(owner.apply(workload.replay(owner.writer(), owner.writer().checkpointed())));
    REQUIRE(owner.apply_next(workload, 10));
    REQUIRE(owner.checkpoint());
    REQUIRE(owner.apply_next(workload, 10));
    std::vector<std::string> errors;
    CHECK(owner.read(read, errors) == tests::sorted_cells(workload.rows(), workload.last_txn()));
    CHECK(errors == std::vector<std::string>{});
  }
}

}  // namespace
}  // namespace storage
