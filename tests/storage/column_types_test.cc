// Every column type on its whole way: batch, log, a start that recovers it, column files, scan.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/base/prng.h"
#include "engine/io/file_pool.h"
#include "engine/reactor/reactor.h"
#include "storage/batch/column_batch.h"
#include "storage/batch/symbol_section.h"
#include "storage/read/snapshot_files.h"
#include "storage/read/table_scan.h"
#include "storage/recovery/recovery.h"
#include "storage/schema/full_type.h"
#include "storage/wal/writer.h"
#include "tests/catch.h"
#include "tests/sim/sim_machine.h"

namespace storage {
namespace {

constexpr LaneId lane{.table = TableId{1}, .lane = lane_first};

// Column 0 orders the rows, then comes one of each type but symbols, whose texts take another way.
Schema make_every_type() {
  TableWish wish{.name = "t", .designated = {0}, .columns = {{"timestamp", ColumnType::timestamp_us}}};
  for (const ColumnTypeRow& row : column_types) {
    if (row.is_symbol) continue;
    wish.columns.push_back({"c" + std::to_string(static_cast<int>(row.type)), row.type, {.size = row.size_max}});
  }
  return make_schema(lane.table, wish);
}

// The bytes of a value, as the column's files hold them; nothing where there is none.
using Value = std::optional<std::string>;

Value random_value(engine::Prng& prng, ColumnType type) {
  const Kind kind = kind_of(type);
  if (prng.chance(1, 3)) return std::nullopt;
  if (kind == Kind::bits) return std::string(1, static_cast<char>(prng.below(2)));
  std::string bytes(kind == Kind::texts ? prng.below(40) : width_of(kind), '\0');
  const bool is_small = prng.chance(1, 2);
  for (char& byte : bytes) byte = static_cast<char>(is_small && &byte != bytes.data() ? 0 : prng.below(256));
  return bytes;
}

// As a cast makes it: numbers with a sign fill the word.
uint64_t word_of(const std::string& bytes, ColumnType type) {
  uint64_t word = 0;
  std::memcpy(&word, bytes.data(), bytes.size());
  const size_t unused_bits = 64 - 8 * bytes.size();
  if (row_of(type).order != WordOrder::signed_number) return word;
  return static_cast<uint64_t>(static_cast<int64_t>(word << unused_bits) >> unused_bits);
}

struct Rows {
  SchemaRef schema = std::make_shared<const Schema>(make_every_type());
  std::vector<std::vector<Value>> rows;  // but for the timestamp, which is the row's number

  // A sealed batch of `count` more.
  std::vector<std::byte> add(engine::Prng& prng, size_t count) {
    OpenBatch batch;
    batch.open(schema);
    for (size_t i = 0; i < count; ++i) {
      batch.begin_row();
      batch.set_word({0}, rows.size());
      std::vector<Value>& row = rows.emplace_back(schema->columns.size());
      for (uint32_t column = 1; column < schema->columns.size(); ++column) {
        const ColumnType type = schema->columns[column].type;
        row[column] = random_value(prng, type);
        if (!row[column]) continue;
        if (kind_of(type) == Kind::texts) {
          batch.set_text({column}, *row[column]);
        } else if (is_word(kind_of(type))) {
          batch.set_word({column}, word_of(*row[column], type));
        } else {
          batch.set_wide({column}, engine::as_bytes(*row[column]));
        }
      }
    }
    std::vector<std::byte> body;
    std::vector<BatchSymbols> symbols;
    batch.seal(body, symbols);
    return body;
  }

  // What a reader finds: types without null have zeros.
  Value expected(size_t row, size_t column) const {
    const ColumnType type = schema->columns[column].type;
    const Value& value = rows[row][column];
    return value || row_of(type).has_null ? value : std::string(width_of(kind_of(type)), '\0');
  }
};

Value value_at(const ColumnVector& column, size_t row) {
  if (!column.has(row)) return std::nullopt;
  if (column.kind() == Kind::texts) return std::string(column.text(row));
  if (!is_word(column.kind())) return std::string(engine::as_text(column.wide(row)));
  return std::string(reinterpret_cast<const char*>(&column.words[row]), width_of(column.kind()));
}

void check_scan(engine::IoBackend& backend, const Rows& rows) {
  const std::vector<TableSnapshot> tables = read_table_snapshots(backend).value();
  REQUIRE(tables.size() == 1);
  CHECK(*tables.front().schema == *rows.schema);
  ScanOptions options;
  for (uint32_t i = 0; i < rows.schema->columns.size(); ++i) options.columns.push_back({i});
  engine::FilePool files(backend, 8);
  const auto scan = TableScan::open(files, tables.front(), options).value();
  size_t row = 0;
  for (const ScanChunk* chunk = scan->next().value(); chunk->rows != 0; chunk = scan->next().value()) {
    for (size_t i = 0; i < chunk->rows; ++i, ++row) {
      REQUIRE(chunk->columns[0].words[i] == row);
      for (size_t column = 1; column < chunk->columns.size(); ++column) {
        INFO("row " << row << ", " << type_name(rows.schema->columns[column].type));
        REQUIRE(value_at(chunk->columns[column], i) == rows.expected(row, column));
      }
    }
  }
  CHECK(row == rows.rows.size());
}

// Three commits behind `txn`; the first start creates the table with it.
void write_rows(sim::SimMachine& machine, const Database& database, engine::Prng& prng, uint64_t txn, Rows& rows) {
  engine::Reactor reactor(machine.backend());
  const auto wal = WalWriter::open(reactor, {.segment_size = 1 << 20, .size_max = 4 << 20, .group_size_max = 256 << 10},
                                   database, engine::ShardId{0})
                       .value();
  const auto turn = [&] {
    wal->flush();
    reactor.turn(machine.world.now() + engine::milliseconds(1));
  };
  const auto append = [&](const WalFrame& frame) {
    while (!wal->has_room(frame.stored_size())) turn();
    wal->append(frame);
    while (!wal->idle()) turn();
  };
  if (rows.rows.empty()) {
    const std::vector<std::byte> record = encode_schema(*rows.schema);
    append({.type = FrameType::create, .lane = lane, .txn = Txn{txn}, .lsn = {}, .head = record, .body = {}});
  }
  for (uint64_t i = 1; i < 4; ++i) {
    const std::vector<std::byte> body = rows.add(prng, prng.between(1, 100));
    std::vector<std::byte> head;
    encode_symbol_section({}, {}, head);
    append({.type = FrameType::data,
            .lane = lane,
            .txn = Txn{txn + i},
            .lsn = {},
            .head = head,
            .body = body,
            .body_crc = engine::crc32c(body)});
  }
}

TEST_CASE("column types: values of every type come back from the log, and from the files after it", "[sim]") {
  sim::SimMachine machine{1};
  machine.world.set_auto_advance(true);
  engine::Prng prng(9);
  Rows rows;
  for (uint64_t start = 0; start < 4; ++start) {
    const absl::StatusOr<Recovery> recovery = recover(machine.backend(), {});
    REQUIRE(recovery.status() == absl::OkStatus());
    if (start != 0) check_scan(machine.backend(), rows);
    write_rows(machine, recovery->database, prng, 3 * start + 1, rows);
    machine.power_cycle();
  }
}

}  // namespace
}  // namespace storage
