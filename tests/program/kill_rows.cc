#include "tests/program/kill_rows.h"

#include <fmt/format.h>

#include <bit>
#include <iterator>

#include "storage/read/snapshot_files.h"
#include "storage/table/snapshot.h"

namespace tests {
namespace {

constexpr int64_t start_us = 1'640'995'200'000'000;  // 2022-01-01
constexpr size_t scan_files_max = 64;
constexpr int64_t late_us = 3'600'000'000;

uint64_t mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

// Every cell of a row.
struct RowCells {
  uint64_t table = 0;
  uint64_t symbol = 0;
  int64_t price_cents = 0;
  bool flag = false;
  int64_t timestamp_us = 0;
  std::optional<uint32_t> extra;  // which extra column it has
  int64_t extra_value = 0;
};

RowCells cells_of(const KillRowsOptions& options, uint64_t id) {
  const uint64_t hash = mix(id);
  const uint64_t number = number_of(id);
  RowCells cells;
  cells.table = hash % options.tables;
  cells.symbol = (hash >> 8) % 1000;
  cells.price_cents = static_cast<int64_t>((hash >> 20) % 10'000'000);
  cells.flag = (hash >> 44 & 1) != 0;
  cells.timestamp_us = start_us + static_cast<int64_t>(number * 1000 + sender_of(id) % 1000);
  if ((hash >> 45) % 50 == 0) cells.timestamp_us -= late_us;
  const uint64_t stage = number / options.extra_every;
  if (stage != 0 && (hash >> 52) % 4 == 0) {
    cells.extra = static_cast<uint32_t>(mix(hash) % std::min<uint64_t>(stage, options.extra_columns));
    cells.extra_value = static_cast<int64_t>(hash >> 3);
  }
  return cells;
}

using storage::ColumnVector;
using storage::ScanChunk;

// Where the columns of a table stand.
struct ColumnPlaces {
  std::optional<size_t> id, symbol, price, flag, timestamp;
  std::vector<std::optional<size_t>> extra;
};

ColumnPlaces find_places(const KillRowsOptions& options, const storage::Schema& schema) {
  ColumnPlaces places;
  places.extra.resize(options.extra_columns);
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const std::string& name = schema.columns[i].name;
    if (name == "id") places.id = i;
    if (name == "sym") places.symbol = i;
    if (name == "price") places.price = i;
    if (name == "flag") places.flag = i;
    if (name == "timestamp") places.timestamp = i;
    for (uint32_t k = 0; k < options.extra_columns; ++k) {
      if (name == fmt::format("extra{}", k)) places.extra[k] = i;
    }
  }
  return places;
}

bool same_extras(const ColumnPlaces& places, const ScanChunk& chunk, size_t row, const RowCells& cells) {
  for (uint32_t k = 0; k < places.extra.size(); ++k) {
    const bool wanted = cells.extra == k;
    if (!places.extra[k]) {
      if (wanted) return false;
      continue;
    }
    const ColumnVector& column = chunk.columns[*places.extra[k]];
    if ((column.present[row] != 0) != wanted) return false;
    if (wanted && static_cast<int64_t>(column.words[row]) != cells.extra_value) return false;
  }
  return true;
}

// Which column of a row is not as it was sent; empty when all are.
std::string_view wrong_column(const ColumnPlaces& places, const storage::TableScan& scan, const ScanChunk& chunk, size_t row,
                              const RowCells& cells) {
  const auto word = [&](const std::optional<size_t>& place) { return chunk.columns[*place].words[row]; };
  const auto present = [&](const std::optional<size_t>& place) { return place && chunk.columns[*place].present[row] != 0; };
  if (!present(places.timestamp) || static_cast<int64_t>(word(places.timestamp)) != cells.timestamp_us) return "timestamp";
  if (!present(places.price) || std::bit_cast<double>(word(places.price)) != static_cast<double>(cells.price_cents) / 100) {
    return "price";
  }
  if (!places.flag || (word(places.flag) != 0) != cells.flag) return "flag";
  if (!present(places.symbol)) return "sym";
  const storage::SymbolId symbol{static_cast<uint32_t>(word(places.symbol))};
  if (scan.symbol_text(*places.symbol, symbol) != fmt::format("s{}", cells.symbol)) return "sym";
  return same_extras(places, chunk, row, cells) ? std::string_view() : "extra";
}

class Checker {
 public:
  Checker(const KillRowsOptions& options, engine::IoBackend& backend, std::vector<SentRows>& senders)
      : options_(options), backend_(backend), senders_(senders) {}

  CheckResult run() {
    for (SentRows& sender : senders_) {
      sender.found.resize(sender.sent, 0);
    }
    const auto tables = storage::read_table_snapshots(backend_);
    if (!tables.ok()) {
      result_.problem = std::string(engine::message_of(tables.status()));
      return result_;
    }
    result_.tables = tables->size();
    for (const storage::TableSnapshot& table : *tables) {
      if (result_.problem.empty()) check_table(table);
    }
    if (result_.problem.empty()) check_all_found();
    return result_;
  }

 private:
  void check_table(const storage::TableSnapshot& table) {
    storage::ScanOptions scan_options;
    for (uint32_t i = 0; i < table.schema->columns.size(); ++i) scan_options.columns.push_back({i});
    engine::FilePool files(backend_, scan_files_max);
    const auto scan = storage::TableScan::open(files, table, scan_options);
    if (!scan.ok()) return fail(table.schema->name, engine::message_of(scan.status()));
    const ColumnPlaces places = find_places(options_, *table.schema);
    if (!places.id) return fail(table.schema->name, "has no column id");
    while (result_.problem.empty()) {
      const auto chunk = (*scan)->next();
      if (!chunk.ok()) return fail(table.schema->name, engine::message_of(chunk.status()));
      if ((*chunk)->rows == 0) return;
      for (size_t row = 0; row < (*chunk)->rows; ++row) check_row(*table.schema, places, **scan, **chunk, row);
    }
  }

  void check_row(const storage::Schema& schema, const ColumnPlaces& places, const storage::TableScan& scan,
                 const ScanChunk& chunk, size_t row) {
    const uint64_t id = chunk.columns[*places.id].words[row];
    if (sender_of(id) >= senders_.size() || number_of(id) >= senders_[sender_of(id)].sent)
      return fail_row(id, "was never sent");
    uint8_t& found = senders_[sender_of(id)].found[number_of(id)];
    if (found == 2) return fail_row(id, "is there twice");
    found = 2;
    ++result_.rows;
    const RowCells cells = cells_of(options_, id);
    if (schema.name != fmt::format("k{}", cells.table)) return fail_row(id, "is in another table");
    const std::string_view wrong = wrong_column(places, scan, chunk, row, cells);
    if (!wrong.empty()) fail_row(id, fmt::format("has another value in {}", wrong));
  }

  void check_all_found() {
    for (uint32_t s = 0; s < senders_.size(); ++s) {
      SentRows& sender = senders_[s];
      for (uint64_t number = 0; number < sender.sent; ++number) {
        uint8_t& found = sender.found[number];
        if (found != 2 && (number < sender.durable || found == 1))
          return fail_row(make_row_id(s, number), "was durable and is lost");
        if (found == 2) found = 1;
      }
    }
  }

  void fail(std::string_view where, std::string_view what) { result_.problem = fmt::format("{}: {}", where, what); }
  void fail_row(uint64_t id, std::string_view what) {
    if (result_.problem.empty()) result_.problem = fmt::format("row {} of sender {} {}", number_of(id), sender_of(id), what);
  }

  const KillRowsOptions& options_;
  engine::IoBackend& backend_;
  std::vector<SentRows>& senders_;
  CheckResult result_;
};

}  // namespace

void append_line(const KillRowsOptions& options, uint64_t id, std::string& lines) {
  const RowCells cells = cells_of(options, id);
  fmt::format_to(std::back_inserter(lines), "k{},sym=s{} id={}i,price={}.{:02},flag={}", cells.table, cells.symbol, id,
                 cells.price_cents / 100, cells.price_cents % 100, cells.flag ? "t" : "f");
  if (cells.extra) fmt::format_to(std::back_inserter(lines), ",extra{}={}i", *cells.extra, cells.extra_value);
  fmt::format_to(std::back_inserter(lines), " {}t\n", cells.timestamp_us);
}

CheckResult check_rows(const KillRowsOptions& options, engine::IoBackend& backend, std::vector<SentRows>& senders) {
  return Checker(options, backend, senders).run();
}

}  // namespace tests
