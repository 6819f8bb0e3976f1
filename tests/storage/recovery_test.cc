// What a start makes of a log, frame by frame: the log is written as owners write it.
#include "storage/recovery/recovery.h"

#include <memory>
#include <string>
#include <vector>

#include "engine/base/crc32c.h"
#include "engine/io/blocking.h"
#include "engine/reactor/reactor.h"
#include "storage/apply/row_block.h"
#include "storage/batch/column_batch.h"
#include "storage/batch/symbol_section.h"
#include "storage/read/snapshot_files.h"
#include "storage/table/file_names.h"
#include "storage/table/manifest_format.h"
#include "storage/wal/writer.h"
#include "tests/catch.h"
#include "tests/sim/sim_machine.h"

namespace storage {
namespace {

constexpr TableId rows_table{1};
constexpr TableId other_table{2};
constexpr LaneId rows_lane{.table = rows_table, .lane = lane_first};

SchemaRef make_first(TableId table) {
  TableWish wish{.name = "t" + std::to_string(table.value),
                 .partition_unit = PartitionUnit::day,
                 .designated = {0},
                 .columns = {{"timestamp", ColumnType::timestamp_us}, {"value", ColumnType::int64}}};
  return std::make_shared<const Schema>(make_schema(table, wish));
}

SchemaRef with_column(const SchemaRef& schema, const std::string& name) {
  const std::vector<ColumnWish> wishes{{name, ColumnType::int64}};
  return std::make_shared<const Schema>(with_columns(*schema, wishes).value());
}

// A machine, its starts, and the frames of the start at hand. Each frame is durable when its function returns.
class Log {
 public:
  Log() { machine_.world.set_auto_advance(true); }

  absl::StatusOr<Recovery> start(const RecoveryOptions& options = {}) {
    absl::StatusOr<Recovery> recovery = recover(machine_.backend(), options);
    if (!recovery.ok()) return recovery;
    CHECK(machine_.backend().files_reserved() == 0);
    reactor_ = std::make_unique<engine::Reactor>(machine_.backend());
    wal_ = WalWriter::open(*reactor_, {.segment_size = 1 << 20, .size_max = 4 << 20, .group_size_max = 64 << 10},
                           recovery->database, engine::ShardId{0})
               .value();
    return recovery;
  }

  void crash() {
    wal_.reset();
    reactor_.reset();
    machine_.power_cycle();
  }

  void append_schema(FrameType type, LaneId lane, uint64_t txn, const Schema& schema) {
    append({.type = type, .lane = lane, .txn = Txn{txn}, .lsn = {}, .head = encode_schema(schema), .body = {}});
  }

  void append_rows(LaneId lane, uint64_t txn, const SchemaRef& schema, const std::vector<int64_t>& timestamps) {
    OpenBatch batch;
    batch.open(schema);
    for (const int64_t timestamp : timestamps) {
      batch.begin_row();
      batch.set_word({0}, static_cast<uint64_t>(timestamp));
      batch.set_word({1}, txn);
    }
    std::vector<std::byte> body;
    std::vector<BatchSymbols> symbols;
    batch.seal(body, symbols);
    std::vector<std::byte> head;
    encode_symbol_section({}, {}, head);
    append({.type = FrameType::data,
            .lane = lane,
            .txn = Txn{txn},
            .lsn = {},
            .head = head,
            .body = body,
            .body_crc = engine::crc32c(body)});
  }

  void replace(const std::string& path, const std::vector<std::byte>& bytes) {
    engine::BlockingFile file = engine::BlockingFile::open(machine_.backend(), path, engine::OpenMode::read_write).value();
    REQUIRE(file.write(0, bytes).ok());
    REQUIRE(file.sync_data().ok());
  }

  void flip_bit(const std::string& path, uint64_t offset) { REQUIRE(machine_.disk().flip_bit(path, offset, 0)); }
  bool exists(const std::string& path) { return machine_.disk().read_current(path).has_value(); }
  sim::SimMachine& machine() { return machine_; }

  std::vector<TableSnapshot> tables() { return read_table_snapshots(machine_.backend()).value(); }

 private:
  void append(const WalFrame& frame) {
    while (!wal_->has_room(frame.stored_size())) turn();
    wal_->append(frame);
    while (!wal_->idle()) turn();
  }

  void turn() {
    wal_->flush();
    reactor_->turn(machine_.world.now() + engine::milliseconds(1));
  }

  sim::SimMachine machine_{1};
  std::unique_ptr<engine::Reactor> reactor_;
  std::unique_ptr<WalWriter> wal_;
};

// Rows that go back in time, and a new column of another table between each two.
void append_alternations(Log& log, size_t count) {
  const SchemaRef rows = make_first(rows_table);
  SchemaRef other = make_first(other_table);
  const LaneId other_lane{.table = other_table, .lane = lane_first};
  log.append_schema(FrameType::create, rows_lane, 1, *rows);
  log.append_schema(FrameType::create, other_lane, 1, *other);
  for (size_t i = 0; i < count; ++i) {
    log.append_rows(rows_lane, 2 + i, rows, {1'000'000 - static_cast<int64_t>(i)});
    other = with_column(other, "c" + std::to_string(i));
    log.append_schema(FrameType::schema, other_lane, 2 + i, *other);
  }
}

TEST_CASE("recovery: new columns of one table do not cut the rows of another into runs") {
  Log log;
  REQUIRE(log.start().ok());
  append_alternations(log, 300);
  log.crash();
  const absl::StatusOr<Recovery> recovery = log.start();
  REQUIRE(recovery.status() == absl::OkStatus());
  CHECK(recovery->report.rows_replayed == 300);
  CHECK(recovery->tables.at(1)->columns.size() == 302);
  const std::vector<TableSnapshot> tables = log.tables();
  REQUIRE(tables.size() == 2);
  REQUIRE(tables.at(0).lanes.at(0)->partitions.size() == 1);
  CHECK(tables.at(0).lanes.at(0)->partitions.at(0)->runs.size() == 1);
  CHECK(tables.at(0).lanes.at(0)->partitions.at(0)->rows() == 300);
}

TEST_CASE("recovery: rows are applied in blocks of the size that they have in life") {
  Log log;
  REQUIRE(log.start().ok());
  append_alternations(log, 64);
  log.crash();
  // A row of two columns takes 16 bytes of a block.
  constexpr size_t size_of_16_rows = 16 * 16 + 2 * (sizeof(BlockColumn) + sizeof(BlockColumn::Piece));
  REQUIRE(log.start({.rounds = {}, .segment_size = 0, .pending_size_max = 1 << 20, .apply_size_min = size_of_16_rows}).ok());
  CHECK(log.tables().at(0).lanes.at(0)->partitions.at(0)->runs.size() == 4);
  Log full;
  REQUIRE(full.start().ok());
  append_alternations(full, 64);
  full.crash();
  REQUIRE(full.start({.rounds = {}, .segment_size = 0, .pending_size_max = size_of_16_rows, .apply_size_min = 1 << 20}).ok());
  CHECK(full.tables().at(0).lanes.at(0)->partitions.at(0)->runs.size() == 4);
}

TEST_CASE("recovery: what was acked is applied, also to a partition that has as many runs as any row is taken for") {
  Log log;
  REQUIRE(log.start().ok());
  const SchemaRef schema = make_first(rows_table);
  log.append_schema(FrameType::create, rows_lane, 1, *schema);
  log.append_rows(rows_lane, 2, schema, {1'000'000});
  log.crash();
  REQUIRE(log.start().ok());
  PartitionManifest manifest = *log.tables().at(0).lanes.at(0)->partitions.at(0);
  while (manifest.runs.size() < runs_max) {
    const Run& last = manifest.runs.back();
    manifest.runs.push_back(
        {.id = RunId{last.id.value + 1}, .timestamp_min = last.timestamp_max - 1, .timestamp_max = last.timestamp_max - 1});
  }
  log.replace(partition_manifest_path(partition_directory(*schema, lane_first, manifest.key)),
              encode_partition_manifest(manifest));
  log.append_rows(rows_lane, 3, schema, {1});
  for (int start = 0; start < 2; ++start) {
    log.crash();
    REQUIRE(log.start().status() == absl::OkStatus());
    const ManifestRef found = log.tables().at(0).lanes.at(0)->partitions.at(0);
    CHECK(found->runs.size() == runs_max + 1);
    CHECK(found->rows() == 2);
  }
}

TEST_CASE("recovery: frames of further lanes go to their own lanes") {
  const LaneId second{.table = rows_table, .lane = LaneNumber{1}};
  Log log;
  REQUIRE(log.start().ok());
  const SchemaRef schema = make_first(rows_table);
  log.append_schema(FrameType::create, rows_lane, 1, *schema);
  log.append_rows(rows_lane, 2, schema, {10, 20});
  log.append_rows(second, 1, schema, {5});
  log.append_rows(second, 2, schema, {15, 25, 35});
  log.append_rows(rows_lane, 3, schema, {30});
  const SchemaRef wider = with_column(schema, "more");
  log.append_schema(FrameType::schema, rows_lane, 4, *wider);
  log.append_rows(second, 3, wider, {45});
  for (int start = 0; start < 2; ++start) {
    log.crash();
    const absl::StatusOr<Recovery> recovery = log.start();
    REQUIRE(recovery.status() == absl::OkStatus());
    CHECK(recovery->report.frames_replayed == (start == 0 ? 7U : 0U));
    CHECK(recovery->tables.at(0)->version == wider->version);
    const std::vector<TableSnapshot> tables = log.tables();
    REQUIRE(tables.at(0).lanes.size() == 2);
    CHECK(tables.at(0).lanes.at(0)->partitions.at(0)->rows() == 3);
    CHECK(tables.at(0).lanes.at(0)->applied == Txn{4});
    CHECK(tables.at(0).lanes.at(1)->lane == second);
    CHECK(tables.at(0).lanes.at(1)->partitions.at(0)->rows() == 5);
    CHECK(tables.at(0).lanes.at(1)->applied == Txn{3});
  }
}

TEST_CASE("recovery: a gap in the commits of a lane is damage") {
  Log log;
  REQUIRE(log.start().ok());
  const SchemaRef schema = make_first(rows_table);
  log.append_schema(FrameType::create, rows_lane, 1, *schema);
  log.append_rows(rows_lane, 2, schema, {10});
  log.append_rows(rows_lane, 4, schema, {20});
  log.crash();
  const absl::Status status = log.start().status();
  CHECK(status.code() == absl::StatusCode::kDataLoss);
  CHECK(std::string(engine::message_of(status)).find("txn of table 1, lane 0: expected 3, found 4") != std::string::npos);
}

// A table and eighteen rows, frame by frame, each in a group of one block. Not enough for a second segment.
void write_rows_and_crash(Log& log) {
  REQUIRE(log.start().ok());
  const SchemaRef schema = make_first(rows_table);
  log.append_schema(FrameType::create, rows_lane, 1, *schema);
  for (uint64_t txn = 2; txn < 20; ++txn) log.append_rows(rows_lane, txn, schema, {static_cast<int64_t>(txn)});
  log.crash();
}

constexpr const char* values_path = "tables/1/0/1970-01-01/0/1.values";  // of those rows
constexpr RecoveryOptions applies_each_row{.rounds = {}, .segment_size = 0, .pending_size_max = 1, .apply_size_min = 1};

TEST_CASE("recovery: a damaged log leaves everything as it is, also what was read before the damage") {
  Log log;
  write_rows_and_crash(log);
  log.flip_bit("wal/1-0/1", 18 * engine::block_size + sizeof(WalFrameHeader));
  REQUIRE(log.exists("wal/1-0/2"));
  const absl::Status status = log.start(applies_each_row).status();
  CHECK(absl::IsDataLoss(status));
  CHECK(log.exists("wal/1-0/2"));
  CHECK_FALSE(log.exists(values_path));
}

TEST_CASE("recovery: segments that were never begun make room for the rows that are applied") {
  Log log;
  write_rows_and_crash(log);
  log.machine().world.options().disk_capacity = log.machine().disk().used_size();
  CHECK(recover(log.machine().backend(), applies_each_row).status() == absl::OkStatus());
  CHECK(log.exists(values_path));
}

TEST_CASE("recovery: rows that do not fit their table end the start with what is wrong, whatever their checksums say") {
  const SchemaRef schema = make_first(rows_table);
  Schema foreign = *schema;
  const auto refusal = [&] {
    Log log;
    REQUIRE(log.start().ok());
    log.append_schema(FrameType::create, rows_lane, 1, *schema);
    log.append_rows(rows_lane, 2, std::make_shared<const Schema>(foreign), {10});
    log.crash();
    const absl::Status status = log.start().status();
    CHECK(absl::IsDataLoss(status));
    return std::string(engine::message_of(status));
  };
  foreign.columns[1].id = ColumnId{7};
  CHECK(refusal() == "wal stream 1-0, frame 2: column 7 is not in the schema");
  foreign.columns[1].id = ColumnId{0};
  CHECK(refusal() == "wal stream 1-0, frame 2: column 0 is of another type in the schema");
  foreign = *schema;
  foreign.columns[1].type = ColumnType::float64;
  CHECK(refusal() == "wal stream 1-0, frame 2: column 1 is of another type in the schema");
  foreign.columns[1] = {.id = ColumnId{0}, .type = ColumnType::timestamp_us, .name = "value"};
  CHECK(refusal() == "wal stream 1-0, frame 2: column 0 comes twice");
}

TEST_CASE("recovery: a schema of another table is damage") {
  Log log;
  REQUIRE(log.start().ok());
  log.append_schema(FrameType::create, rows_lane, 1, *make_first(other_table));
  log.crash();
  const absl::Status status = log.start().status();
  CHECK(absl::IsDataLoss(status));
  CHECK(engine::message_of(status) == "wal stream 1-0, frame 1: a schema of table 2, expected table 1");
}

TEST_CASE("recovery: rows of a table that nothing created are damage") {
  Log log;
  REQUIRE(log.start().ok());
  log.append_rows(rows_lane, 1, make_first(rows_table), {10});
  log.crash();
  CHECK(log.start().status().code() == absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace storage
