#include "tests/node/row_model.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include "engine/base/bytes.h"
#include "storage/read/snapshot_files.h"

namespace sim {
namespace {

constexpr int64_t start_us = 1'700'000'000'000'000;
constexpr int64_t second_us = 1'000'000;
constexpr int64_t day_us = 86'400 * second_us;
constexpr size_t scan_files_max = 8;
constexpr uint32_t extra_columns = 6;    // come one by one as ids grow
constexpr uint64_t ids_per_table = 150;  // likewise the tables

std::string double_text(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

// A stream of values that follows from the row's id alone.
engine::Prng values_of(uint64_t id) { return engine::Prng(id * 0x9e3779b97f4a7c15U + 1); }

std::string hex_text(const storage::Long256& value) {
  std::string text;
  for (size_t word = value.size(); word-- > 0;) {
    for (int shift = 60; shift >= 0; shift -= 4) {
      const uint64_t digit = (value[word] >> shift) & 0xf;
      if (digit != 0 || !text.empty()) text += "0123456789abcdef"[digit];
    }
  }
  return text;
}

Cell cell_text(const storage::TableScan& scan, const storage::ColumnVector& column, size_t index, size_t row) {
  if (column.present[row] == 0) return std::nullopt;
  switch (column.type) {
    case storage::ColumnType::boolean:
      return column.words[row] != 0 ? "t" : "f";
    case storage::ColumnType::float64:
      return double_text(std::bit_cast<double>(column.words[row]));
    case storage::ColumnType::symbol:
      return std::string(scan.symbol_text(index, storage::SymbolId{static_cast<uint32_t>(column.words[row])}));
    case storage::ColumnType::varchar:
      return std::string(column.text(row));
    case storage::ColumnType::long256:
      return hex_text(engine::load<storage::Long256>(column.wide(row).data()));
    default:
      return std::to_string(static_cast<int64_t>(column.words[row]));
  }
}

}  // namespace

std::string RowModel::make_line(uint64_t& id, bool is_mixed) {
  id = next_id_++;
  engine::Prng values = values_of(id);
  ModelRow row{.id = id,
               .table = table_name(prng_.below(std::min<uint64_t>(options_.tables, 1 + id / ids_per_table))),
               .timestamp_us = {},
               .cells = {}};
  int64_t& newest = newest_.try_emplace(row.table, start_us).first->second;
  const bool late = prng_.below(100) < options_.late_percent;
  // Few partitions: most of a checkpoint's work would otherwise be their files.
  if (!late) newest += static_cast<int64_t>(prng_.chance(1, 100) ? prng_.below(day_us / 2) : prng_.below(5 * second_us));
  if (!values.chance(1, 50)) row.timestamp_us = late ? newest - static_cast<int64_t>(prng_.below(day_us)) : newest;

  std::string line = row.table;
  add_cells(row, values, line);
  if (is_mixed) {
    const std::string text = std::to_string(values.below(1000));
    row.cells["mix"] = text;
    const std::array<std::string, 3> spellings = {text + "i", text + ".0", '"' + text + '"'};
    line += ",mix=" + spellings[values.below(spellings.size())];
  }
  if (row.timestamp_us) line += " " + std::to_string(*row.timestamp_us) + "t";
  if (taking_ && taking_->table == row.table) doubtful_.insert(id);
  rows_.emplace(id, std::move(row));
  fates_.emplace(id, Fate::unknown);
  return line + "\n";
}

void RowModel::add_cells(ModelRow& row, engine::Prng& values, std::string& line) const {
  const auto add = [&](const std::string& name, const std::string& sent, const std::string& read) {
    row.cells[name] = read;
    line += "," + name + "=" + sent;
  };
  const std::string symbol =
      values.chance(1, 5) ? "new" + std::to_string(row.id) : "pool" + std::to_string(values.below(options_.symbols));
  add("sym", symbol, symbol);
  const std::string side = values.chance(1, 2) ? "buy" : "sell";
  if (values.chance(1, 2)) add("side", side, side);
  line += " id=" + std::to_string(row.id) + "i";
  const std::string price = double_text(static_cast<double>(values.below(1'000'000)) / 64.0);
  add("price", price, price);
  const std::string flag = values.chance(1, 2) ? "t" : "f";
  add("flag", flag, flag);
  if (values.chance(1, 3)) {
    const uint64_t size = values.chance(1, 16) ? 600 : 40;
    const std::string note(values.below(size), static_cast<char>('a' + values.below(26)));
    add("note", '"' + note + '"', note);
  }
  const auto add_word = [&](const std::string& name, const char* unit) {
    const std::string word = std::to_string(static_cast<int64_t>(values.next() >> (1 + values.below(62))));
    add(name, word + unit, word);
  };
  if (values.chance(1, 8)) add_word("at_us", "t");
  if (values.chance(1, 8)) add_word("at_ns", "n");
  if (values.chance(1, 8)) {
    std::string digits = std::to_string(1 + values.below(9));
    while (values.chance(7, 8) && digits.size() < 60) digits += static_cast<char>('0' + values.below(10));
    add("wide", "0x" + digits + "i", digits);
  }
  const uint64_t extra = values.below(extra_columns);
  if (extra < row.id / 20) add_word("extra" + std::to_string(extra), "i");
}

void RowModel::note(const SenderRows& sender) {
  if (!sender.all_arrive) return;
  for (size_t i = 0; i < sender.ids.size() && i < sender.durable; ++i) {
    if (!is_doubtful(sender.ids[i])) fates_[sender.ids[i]] = Fate::must_be_there;
  }
}

void RowModel::note_last(const SenderRows& sender) {
  note(sender);
  if (sender.all_arrive) return;
  Promise promise{.ids = {}, .count = sender.durable};
  std::ranges::copy_if(sender.ids, std::back_inserter(promise.ids), [this](uint64_t id) { return !is_doubtful(id); });
  uint64_t doubtful = 0;  // of which one that the network delivered twice counts twice
  for (const uint64_t id : sender.ids) doubtful += is_doubtful(id) ? (repeatable_.contains(id) ? 2 : 1) : 0;
  promise.count -= std::min(promise.count, doubtful);
  promises_.push_back(std::move(promise));
}

void RowModel::begin_taking(std::string_view table) {
  taking_ = Taking{.table = std::string(table), .acknowledged = {}};
  for (const auto& [id, row] : rows_) {
    if (row.table != table) continue;
    Fate& fate = fates_[id];
    if (fate == Fate::must_not_be_there) continue;
    if (std::exchange(fate, Fate::unknown) == Fate::must_be_there && !repeatable_.contains(id)) {
      taking_->acknowledged.push_back(id);
    }
    doubtful_.insert(id);
  }
}

void RowModel::end_taking(bool is_done) {
  const Taking taking = *std::exchange(taking_, std::nullopt);
  if (!is_done) return all_or_none_.push_back(taking.acknowledged);
  for (const uint64_t id : taking.acknowledged) fates_[id] = Fate::must_not_be_there;
}

void RowModel::end_life() {
  if (taking_) end_taking(false);
}

void RowModel::add_repeat(std::span<const uint64_t> ids) {
  add_request(ids);
  for (const uint64_t id : ids) {
    Fate& fate = fates_[id];
    if (fate == Fate::must_not_be_there) fate = Fate::unknown;
  }
}

void RowModel::note_acknowledged(std::span<const uint64_t> ids) {
  for (const uint64_t id : ids) {
    if (!is_doubtful(id)) fates_[id] = Fate::must_be_there;
  }
}

void RowModel::note_refused(std::span<const uint64_t> ids) {
  for (const uint64_t id : ids) fates_[id] = Fate::must_not_be_there;
}

std::vector<uint64_t> RowModel::promised(std::string_view table) const {
  std::vector<uint64_t> ids;
  for (const auto& [id, fate] : fates_) {
    if (fate == Fate::must_be_there && rows_.at(id).table == table) ids.push_back(id);
  }
  return ids;
}

std::string RowModel::check_answer(std::string_view table, std::span<const uint64_t> ids, std::span<const uint64_t> promised,
                                   std::span<const SenderRows* const> senders) {
  std::map<uint64_t, size_t> seen;
  for (const uint64_t id : ids) {
    const auto row = rows_.find(id);
    const std::string where = "a query of " + std::string(table) + ": row " + std::to_string(id);
    if (row == rows_.end() || row->second.table != table) return where + " was never sent there";
    if (fates_[id] == Fate::must_not_be_there) return where + " was lost once and is back";
    if (seen[id]++ != 0 && !repeatable_.contains(id)) return where + " is there twice";
    if (!is_doubtful(id)) fates_[id] = Fate::must_be_there;
  }
  for (const uint64_t id : promised) {
    if (!seen.contains(id)) return "a query of " + std::string(table) + " does not see row " + std::to_string(id);
  }
  for (const std::vector<uint64_t>& request : requests_) {
    const auto is_here = [&](uint64_t id) { return rows_.at(id).table == table; };
    const auto sent = std::ranges::count_if(request, is_here);
    const auto found = std::ranges::count_if(request, [&](uint64_t id) { return seen.contains(id); });
    if (found != 0 && found != sent)
      return "a query of " + std::string(table) + " sees " + std::to_string(found) + " of " + std::to_string(sent) +
             " rows of a request";
  }
  for (const SenderRows* sender : senders) {
    bool is_missing = false;
    for (const uint64_t id : sender->ids) {
      if (!sender->all_arrive || rows_.at(id).table != table || is_doubtful(id)) continue;
      if (is_missing && seen.contains(id))
        return "a query of " + std::string(table) + " sees row " + std::to_string(id) + ", and not one sent before it";
      is_missing |= !seen.contains(id);
    }
  }
  return {};
}

std::string RowModel::check(engine::IoBackend& backend) {
  std::string problem = check_files(backend);
  return problem.empty() ? check_fates() : problem;
}

std::string RowModel::check_files(engine::IoBackend& backend) {
  found_.clear();
  rows_found_ = 0;
  const auto tables = storage::read_table_snapshots(backend);
  if (!tables.ok()) return "tables cannot be read: " + std::string(engine::message_of(tables.status()));
  for (const storage::TableSnapshot& table : *tables) {
    if (std::string problem = check_table(backend, table); !problem.empty()) return problem;
  }
  return {};
}

std::string RowModel::check_fates() {
  for (const std::vector<uint64_t>& ids : std::exchange(requests_, {})) {
    if (std::string problem = check_request(ids); !problem.empty()) return problem;
  }
  for (const std::vector<uint64_t>& ids : std::exchange(all_or_none_, {})) {
    const auto still_there =
        std::ranges::count_if(ids, [&](uint64_t id) { return found_.contains(id) && fates_[id] != Fate::must_not_be_there; });
    const auto gone_before = std::ranges::count_if(ids, [&](uint64_t id) { return fates_[id] == Fate::must_not_be_there; });
    if (still_there != 0 && still_there + gone_before != std::ssize(ids))
      return "a statement took " + std::to_string(std::ssize(ids) - still_there) + " rows of " + std::to_string(ids.size());
  }
  doubtful_.clear();
  for (auto& [id, fate] : fates_) {
    const bool is_there = found_.contains(id);
    if (fate == Fate::must_be_there && !is_there) return "row " + std::to_string(id) + " was acknowledged and is lost";
    if (fate == Fate::must_not_be_there && is_there) return "row " + std::to_string(id) + " was lost once and is back";
    if (fate == Fate::unknown) fate = is_there ? Fate::must_be_there : Fate::must_not_be_there;
  }
  for (const Promise& promise : promises_) {
    uint64_t count = 0;
    for (const uint64_t id : promise.ids) count += found_.contains(id) ? found_[id] : 0;
    if (count < promise.count)
      return std::to_string(promise.count) + " rows of a sender were acknowledged, " + std::to_string(count) + " are there";
  }
  promises_.clear();
  return {};
}

// All rows or none, but for those that a statement may have taken: all of a table, or none of them.
std::string RowModel::check_request(std::span<const uint64_t> ids) const {
  struct Rows {
    size_t sent = 0;
    size_t found = 0;
    bool may_be_taken = false;
  };
  std::map<std::string_view, Rows> tables;
  size_t found = 0;
  for (const uint64_t id : ids) {
    Rows& rows = tables[rows_.at(id).table];
    const bool is_there = found_.contains(id);
    ++rows.sent;
    rows.found += is_there ? 1 : 0;
    rows.may_be_taken |= is_doubtful(id);
    found += is_there ? 1 : 0;
  }
  for (const auto& [table, rows] : tables) {
    if (found == 0 || rows.found == rows.sent || (rows.found == 0 && rows.may_be_taken)) continue;
    return "of a request of " + std::to_string(ids.size()) + " rows from " + std::to_string(ids.front()) + " on " +
           std::to_string(found) + " are there, of those for " + std::string(table) + " " + std::to_string(rows.found);
  }
  return {};
}

std::string RowModel::check_table(engine::IoBackend& backend, const storage::TableSnapshot& table) {
  for (const storage::LaneSnapshotRef& lane : table.lanes) {
    for (const storage::ManifestRef& partition : lane->partitions) runs_max_ = std::max(runs_max_, partition->runs.size());
  }
  const storage::Schema& schema = *table.schema;
  storage::ScanOptions options;
  for (uint32_t i = 0; i < schema.columns.size(); ++i) options.columns.push_back({i});
  engine::FilePool files(backend, scan_files_max);
  const auto scan = storage::TableScan::open(files, table, options);
  if (!scan.ok()) return schema.name + " cannot be opened: " + std::string(engine::message_of(scan.status()));
  const auto place_of = [&](std::string_view name) {
    return static_cast<size_t>(std::ranges::find(schema.columns, name, &storage::Column::name) - schema.columns.begin());
  };
  const size_t id_place = place_of("id");
  const size_t time_place = place_of("timestamp");
  if (id_place == schema.columns.size() || time_place == schema.columns.size())
    return schema.name + ": id or timestamp is missing";
  int64_t last_timestamp = INT64_MIN;
  while (true) {
    const auto chunk = (*scan)->next();
    if (!chunk.ok()) return schema.name + " cannot be read: " + std::string(engine::message_of(chunk.status()));
    if ((*chunk)->rows == 0) return {};
    for (size_t row = 0; row < (*chunk)->rows; ++row) {
      const auto timestamp = static_cast<int64_t>((*chunk)->columns[time_place].words[row]);
      if (timestamp < last_timestamp) return schema.name + ": rows are not in order of time";
      last_timestamp = timestamp;
      const uint64_t id = (*chunk)->columns[id_place].words[row];
      const auto expected = rows_.find(id);
      if (expected == rows_.end()) return schema.name + ": row " + std::to_string(id) + " was never sent";
      if (found_[id]++ != 0 && !repeatable_.contains(id)) return "row " + std::to_string(id) + " is there twice";
      ++rows_found_;
      if (expected->second.timestamp_us.value_or(timestamp) != timestamp)
        return "row " + std::to_string(id) + ": timestamp differs";
      if (std::string problem = check_row(expected->second, schema, **scan, **chunk, row); !problem.empty()) return problem;
    }
  }
}

std::string RowModel::check_row(const ModelRow& expected, const storage::Schema& schema, const storage::TableScan& scan,
                                const storage::ScanChunk& chunk, size_t row) {
  const std::string where = "row " + std::to_string(expected.id) + ": ";
  if (schema.name != expected.table) return where + "sent to " + expected.table + ", found in " + schema.name;
  size_t sent_found = 0;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const std::string& name = schema.columns[i].name;
    if (name == "id" || name == "timestamp") continue;
    const auto sent = expected.cells.find(name);
    const Cell wanted = sent == expected.cells.end() ? std::nullopt : sent->second;
    const Cell found = cell_text(scan, chunk.columns[i], i, row);
    if (found != wanted)
      return where + "column " + name + ": sent " + wanted.value_or("null") + ", found " + found.value_or("null");
    sent_found += wanted ? 1 : 0;
  }
  return sent_found == expected.cells.size() ? std::string() : where + "a column is missing";
}

}  // namespace sim
