// Rows for the crash simulation, made so that any loss, repetition or mix-up shows: each carries a unique id, and every cell
// follows from the id. And the checker: what a database may and must contain after an outage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/prng.h"
#include "engine/io/backend.h"
#include "storage/read/table_scan.h"
#include "storage/table/snapshot.h"

namespace sim {

struct RowModelOptions {
  uint32_t tables = 3;
  uint32_t symbols = 8;        // of the pool that rows draw from; each row may also bring a new one
  uint32_t late_percent = 10;  // rows far behind the newest of their table
};

// A cell as text, the same for what was sent and what was read; nothing is null.
using Cell = std::optional<std::string>;

struct ModelRow {
  uint64_t id = 0;
  std::string table;
  int64_t timestamp_us = 0;
  std::map<std::string, Cell> cells;  // by column; without id and timestamp
};

// What happened to a sender's rows, as far as it was told.
struct SenderRows {
  std::vector<uint64_t> ids;  // in the order sent
  uint64_t durable = 0;       // the first so many are acknowledged
};

class RowModel {
 public:
  RowModel(uint64_t seed, const RowModelOptions& options) : options_(options), prng_(seed) {}

  // A new row as a line, remembered.
  std::string make_line(uint64_t& id);

  // Which of the senders' rows must be there, and which may.
  void note(const SenderRows& sender);

  // Reads all tables and compares. Empty when everything is as it must be, otherwise what is wrong first. Rows found are kept
  // from now on: what one recovery showed, the next one must show too.
  std::string check(engine::IoBackend& backend);

  size_t rows_found() const { return rows_found_; }
  size_t runs_max() const { return runs_max_; }  // of a partition: above 1, late rows made further runs

 private:
  enum class Fate : uint8_t { unknown, must_be_there, must_not_be_there };

  std::string check_table(engine::IoBackend& backend, const storage::TableSnapshot& table);
  static std::string check_row(const ModelRow& expected, const storage::Schema& schema, const storage::TableScan& scan,
                               const storage::ScanChunk& chunk, size_t row);

  RowModelOptions options_;
  engine::Prng prng_;
  uint64_t next_id_ = 1;
  std::map<std::string, int64_t> newest_;  // timestamp of each table
  std::map<uint64_t, ModelRow> rows_;
  std::map<uint64_t, Fate> fates_;
  std::map<uint64_t, size_t> found_;  // by the check that is running
  size_t rows_found_ = 0;
  size_t runs_max_ = 0;
};

}  // namespace sim
