#include "tests/storage/table_workload.h"

#include <algorithm>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "tests/storage/hex.h"

namespace tests {

using storage::ColumnType;

Workload::Workload(uint64_t seed, const WorkloadOptions& options) : options_(options), prng_(seed) {
  schemas_.push_back(std::make_shared<const storage::Schema>(
      make_schema(storage::TableId{7}, {.name = "trades",
                                        .partition_unit = options.partition_unit,
                                        .designated = {1},
                                        .columns = {{"symbol", ColumnType::symbol},
                                                    {"timestamp", ColumnType::timestamp_us},
                                                    {"price", ColumnType::float64},
                                                    {"open", ColumnType::boolean}}})));
}

void Workload::add_columns() {
  const std::vector<storage::ColumnWish> wishes =
      schemas_.size() == 1
          ? std::vector<storage::ColumnWish>{{"note", ColumnType::varchar}, {"count", ColumnType::int64}}
          : std::vector<storage::ColumnWish>{
                {"id", ColumnType::long256}, {"venue", ColumnType::symbol}, {"sent", ColumnType::timestamp_ns}};
  schemas_.push_back(std::make_shared<const storage::Schema>(with_columns(*schema(), wishes).value()));
}

int64_t Workload::next_timestamp() {
  time_us_ += static_cast<int64_t>(prng_.below(static_cast<uint64_t>(options_.step_us) + 1));
  return options_.disorder_us == 0 ? time_us_
                                   : time_us_ - static_cast<int64_t>(prng_.below(static_cast<uint64_t>(options_.disorder_us)));
}

std::string Workload::random_text() { return std::string(prng_.below(12), static_cast<char>('a' + prng_.below(26))); }

std::string Workload::random_varchar() {
  if (!options_.block_texts) return prng_.chance(1, 50) ? std::string(5000, 'x') : random_text();
  return std::string(prng_.chance(1, 10) ? prng_.between(1, 2) * engine::block_size : 0, 'b');
}

void Workload::add_cell(storage::OpenBatch& batch, uint32_t index, ModelRow& row, storage::LaneWriter& writer,
                        std::vector<storage::ResolvedSymbols>& symbols) {
  const storage::Column& column = schema()->columns[index];
  std::string& cell = row.cells[column.id.value];
  switch (column.type) {
    case ColumnType::symbol: {
      const std::string text = random_text();
      const storage::SymbolId id = writer.dictionary(column.id).resolve(text);
      std::vector<std::string>& known = symbols_[column.id];
      if (id.value == known.size()) known.push_back(text);
      VERIFY(known[id.value] == text);
      auto resolved = std::ranges::find(symbols, column.id, &storage::ResolvedSymbols::column);
      if (resolved == symbols.end()) resolved = symbols.insert(symbols.end(), {column.id, {}});
      batch.set_symbol({index}, batch.add_symbol({index}, id));
      resolved->ids.push_back(id);
      cell = "s" + text;
      return;
    }
    case ColumnType::varchar: {
      const std::string text = random_varchar();
      batch.set_text({index}, text);
      cell = "v" + text;
      return;
    }
    case ColumnType::long256: {
      const storage::Long256 value{prng_.next(), prng_.next(), prng_.next(), prng_.next()};
      batch.set_wide({index}, std::as_bytes(std::span(value)));
      cell = hex_text(std::as_bytes(std::span(value)));
      return;
    }
    case ColumnType::boolean: {
      const bool value = prng_.chance(1, 2);
      batch.set_word({index}, value ? 1 : 0);
      cell.assign(value ? 1 : 0, 't');
      break;
    }
    default: {
      const auto value = static_cast<int64_t>(prng_.next() >> prng_.below(64));
      batch.set_word({index}, static_cast<uint64_t>(value));
      cell = std::to_string(value);
    }
  }
  if (cell.empty()) row.cells.erase(column.id.value);
}

const Commit& Workload::commit(storage::LaneWriter& writer) {
  Commit commit{.txn = storage::Txn{last_txn().value + 1}, .body = {}, .symbols = {}};
  storage::OpenBatch batch;
  batch.open(schema());
  const auto row_count = 1 + prng_.below(options_.rows_max);
  // Some commits come from clients that do not send every column.
  std::vector<bool> sent(schema()->columns.size());
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = i == schema()->designated.value || prng_.chance(3, 4);
  for (uint64_t i = 0; i < row_count; ++i) {
    batch.begin_row();
    ModelRow row{.txn = commit.txn, .timestamp = next_timestamp(), .cells = {}};
    batch.set_word(schema()->designated, static_cast<uint64_t>(row.timestamp));
    row.cells[schema()->designated_column().id.value] = std::to_string(row.timestamp);
    for (uint32_t column = 0; column < schema()->columns.size(); ++column) {
      if (column == schema()->designated.value || !sent[column] || prng_.chance(options_.null_rate, 1'000'000)) continue;
      add_cell(batch, column, row, writer, commit.symbols);
    }
    rows_.push_back(std::move(row));
  }
  std::vector<storage::BatchSymbols> local_symbols;
  batch.seal(commit.body, local_symbols);
  return commits_.emplace_back(std::move(commit));
}

void Workload::append(storage::RowBlock& block, const Commit& commit) {
  block.append(commit.txn, storage::BatchView::parse(commit.body).value(), commit.symbols);
}

storage::RowBlock Workload::replay(storage::LaneWriter& writer, storage::Txn txn) const {
  for (const auto& [column, texts] : symbols_) {
    for (size_t id = 0; id < texts.size(); ++id) {
      VERIFY(writer.dictionary(column).restore(storage::SymbolId{static_cast<uint32_t>(id)}, texts[id]).ok());
    }
  }
  storage::RowBlock block;
  for (const Commit& commit : commits_) {
    if (commit.txn > txn) append(block, commit);
  }
  return block;
}

}  // namespace tests
