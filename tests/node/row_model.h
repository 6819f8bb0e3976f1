// Rows for the crash simulation, made so that any loss, repetition or mix-up shows: each carries a unique id, and every cell
// follows from the id. And the checker: what a database may and must contain after an outage, and what a query must answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
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
  std::optional<int64_t> timestamp_us;  // none: the server's clock
  std::map<std::string, Cell> cells;    // by column; without id and timestamp
};

// What happened to a sender's rows, as far as it was told.
struct SenderRows {
  std::vector<uint64_t> ids;  // in the order sent
  uint64_t durable = 0;       // so many are acknowledged
  // The acknowledged ones are the first of those that were sent; otherwise some may have been rejected, or lost on the way.
  bool all_arrive = true;
};

class RowModel {
 public:
  RowModel(uint64_t seed, const RowModelOptions& options) : options_(options), prng_(seed) {}

  // A new row as a line, remembered. A mixed one has a column `mix` whose type changes from row to row.
  std::string make_line(uint64_t& id, bool is_mixed = false);
  // A statement is sent that takes every row of the table away, or none. At its end, `is_done` when it was answered so, the
  // rows that were acknowledged before are gone for good; of the others nobody knows in which of the two tables they were.
  // Without an end they may go at any time in this life.
  void begin_taking(std::string_view table);
  void end_taking(bool is_done);
  // The process that might still carry it out is gone.
  void end_life();
  // The network may deliver it twice.
  void may_repeat(uint64_t id) { repeatable_[id] = true; }

  // Which of the senders' rows must be there: the first that were acknowledged, of those whose rows all arrive.
  void note(const SenderRows& sender);
  // The same when a sender's life is over, for any sender.
  void note_last(const SenderRows& sender);

  // Rows of one request: all of them are stored, or none, and a statement takes all of a table. What is known of it is noted
  // later, or nothing is.
  void add_request(std::span<const uint64_t> ids) { requests_.emplace_back(ids.begin(), ids.end()); }
  // It is sent again, since nobody knows what became of it, or nothing was stored.
  void add_repeat(std::span<const uint64_t> ids);
  void note_acknowledged(std::span<const uint64_t> ids);
  void note_refused(std::span<const uint64_t> ids);

  // Reads all tables and compares. Empty when everything is as it must be, otherwise what is wrong first. Rows found are kept
  // from now on: what one recovery showed, the next one must show too.
  std::string check(engine::IoBackend& backend);
  // The same for files that a start has still to complete from the log: what is there is right, whatever is missing.
  std::string check_files(engine::IoBackend& backend);

  std::string table_name(uint64_t index) const { return "t" + std::to_string(index % options_.tables); }
  // The ids of the table that must be there: taken when a query begins.
  std::vector<uint64_t> promised(std::string_view table) const;
  // `ids`: what a query found in the table. All of `promised`, nothing twice, nothing that was never sent, and of each sender a
  // prefix. What was seen once must be there from now on.
  std::string check_answer(std::string_view table, std::span<const uint64_t> ids, std::span<const uint64_t> promised,
                           std::span<const SenderRows* const> senders);

  size_t rows_found() const { return rows_found_; }
  size_t runs_max() const { return runs_max_; }  // of a partition: above 1, late rows made further runs

 private:
  enum class Fate : uint8_t { unknown, must_be_there, must_not_be_there };

  // So many of these rows were acknowledged, nobody knows which.
  struct Promise {
    std::vector<uint64_t> ids;
    uint64_t count = 0;
  };

  // A statement that takes rows away.
  struct Taking {
    std::string table;
    std::vector<uint64_t> acknowledged;  // before it was sent
  };

  // What became of rows that a statement may have taken is not told by what was acknowledged.
  bool is_doubtful(uint64_t id) const { return doubtful_.contains(id); }
  void add_cells(ModelRow& row, engine::Prng& values, std::string& line) const;
  std::string check_table(engine::IoBackend& backend, const storage::TableSnapshot& table);
  std::string check_fates();
  std::string check_request(std::span<const uint64_t> ids) const;
  static std::string check_row(const ModelRow& expected, const storage::Schema& schema, const storage::TableScan& scan,
                               const storage::ScanChunk& chunk, size_t row);

  RowModelOptions options_;
  engine::Prng prng_;
  uint64_t next_id_ = 1;
  std::map<std::string, int64_t> newest_;  // timestamp of each table
  std::map<uint64_t, ModelRow> rows_;
  std::map<uint64_t, Fate> fates_;
  std::map<uint64_t, bool> repeatable_;
  std::optional<Taking> taking_;                    // that is out
  std::vector<std::vector<uint64_t>> all_or_none_;  // of statements whose end nobody heard of
  std::set<uint64_t> doubtful_;
  std::vector<Promise> promises_;                // not yet looked after
  std::vector<std::vector<uint64_t>> requests_;  // likewise
  std::map<uint64_t, size_t> found_;             // by the check that is running
  size_t rows_found_ = 0;
  size_t runs_max_ = 0;
};

}  // namespace sim
