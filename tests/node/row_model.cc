#include "tests/node/row_model.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include "storage/read/snapshot_files.h"

namespace sim {
namespace {

constexpr int64_t start_us = 1'700'000'000'000'000;
constexpr int64_t second_us = 1'000'000;
constexpr int64_t day_us = 86'400 * second_us;
constexpr uint32_t extra_columns = 6;  // come one by one as ids grow

std::string double_text(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

// A stream of values that follows from the row's id alone.
engine::Prng values_of(uint64_t id) { return engine::Prng(id * 0x9e3779b97f4a7c15U + 1); }

Cell cell_text(const storage::TableScan& scan, const storage::ScanColumn& column, size_t index, size_t row) {
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
    default:
      return std::to_string(static_cast<int64_t>(column.words[row]));
  }
}

}  // namespace

std::string RowModel::make_line(uint64_t& id) {
  id = next_id_++;
  engine::Prng values = values_of(id);
  ModelRow row{.id = id, .table = "t" + std::to_string(prng_.below(options_.tables)), .timestamp_us = 0, .cells = {}};
  int64_t& newest = newest_.try_emplace(row.table, start_us).first->second;
  const bool late = prng_.below(100) < options_.late_percent;
  // Few partitions: most of a checkpoint's work would otherwise be their files.
  if (!late) newest += static_cast<int64_t>(prng_.chance(1, 100) ? prng_.below(day_us / 2) : prng_.below(5 * second_us));
  row.timestamp_us = late ? newest - static_cast<int64_t>(prng_.below(day_us)) : newest;

  const std::string symbol =
      values.chance(1, 5) ? "new" + std::to_string(id) : "pool" + std::to_string(values.below(options_.symbols));
  std::string line = row.table + ",sym=" + symbol;
  row.cells["sym"] = symbol;
  if (values.chance(1, 2)) {
    row.cells["side"] = values.chance(1, 2) ? "buy" : "sell";
    line += ",side=" + *row.cells["side"];
  }
  line += " id=" + std::to_string(id) + "i";
  const double price = static_cast<double>(values.below(1'000'000)) / 64.0;
  row.cells["price"] = double_text(price);
  line += ",price=" + *row.cells["price"];
  const bool flag = values.chance(1, 2);
  row.cells["flag"] = flag ? "t" : "f";
  line += std::string(",flag=") + (flag ? "t" : "f");
  if (values.chance(1, 3)) {
    row.cells["note"] = std::string(values.below(40), static_cast<char>('a' + values.below(26)));
    line += ",note=\"" + *row.cells["note"] + "\"";
  }
  const uint64_t extra = values.below(extra_columns);
  if (extra < id / 20) {
    const std::string name = "extra" + std::to_string(extra);
    row.cells[name] = std::to_string(static_cast<int64_t>(values.next() >> (1 + values.below(62))));
    line += "," + name + "=" + *row.cells[name] + "i";
  }
  line += " " + std::to_string(row.timestamp_us) + "t\n";
  rows_.emplace(id, std::move(row));
  fates_.emplace(id, Fate::unknown);
  return line;
}

void RowModel::note(const SenderRows& sender) {
  for (size_t i = 0; i < sender.ids.size() && i < sender.durable; ++i) fates_[sender.ids[i]] = Fate::must_be_there;
}

std::string RowModel::check(engine::IoBackend& backend) {
  found_.clear();
  rows_found_ = 0;
  const auto tables = storage::read_table_snapshots(backend);
  if (!tables.ok()) return "tables cannot be read: " + std::string(engine::message_of(tables.status()));
  for (const storage::TableSnapshot& table : *tables) {
    if (std::string problem = check_table(backend, table); !problem.empty()) return problem;
  }
  for (auto& [id, fate] : fates_) {
    const bool is_there = found_.contains(id);
    if (fate == Fate::must_be_there && !is_there) return "row " + std::to_string(id) + " was acknowledged and is lost";
    if (fate == Fate::must_not_be_there && is_there) return "row " + std::to_string(id) + " was lost once and is back";
    if (fate == Fate::unknown) fate = is_there ? Fate::must_be_there : Fate::must_not_be_there;
  }
  return {};
}

std::string RowModel::check_table(engine::IoBackend& backend, const storage::TableSnapshot& table) {
  for (const storage::LaneSnapshotRef& lane : table.lanes) {
    for (const storage::ManifestRef& partition : lane->partitions) runs_max_ = std::max(runs_max_, partition->runs.size());
  }
  const storage::Schema& schema = *table.schema;
  storage::ScanOptions options;
  for (uint32_t i = 0; i < schema.columns.size(); ++i) options.columns.push_back(i);
  const auto scan = storage::TableScan::open(backend, table, options);
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
      if (found_[id]++ != 0) return "row " + std::to_string(id) + " is there twice";
      ++rows_found_;
      if (expected->second.timestamp_us != timestamp) return "row " + std::to_string(id) + ": timestamp differs";
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
