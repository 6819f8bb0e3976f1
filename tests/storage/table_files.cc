#include "tests/storage/table_files.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "storage/schema/partition_key.h"
#include "storage/table/file_names.h"
#include "storage/table/manifest_format.h"
#include "tests/catch.h"

namespace tests {
namespace {

using storage::ColumnType;
using storage::FileKind;

template <typename T>
void put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

bool is_null(const Cell& cell) { return std::holds_alternative<std::monostate>(cell); }

// What of a column the files of a run hold.
struct ColumnBytes {
  std::string values;
  std::string validity;
  std::string offsets;
  std::string texts;
  uint64_t nulls = 0;
};

void put_symbol(ColumnBytes& bytes, const Cell& cell, std::vector<std::string>& dictionary) {
  int32_t id = 0;
  if (!is_null(cell)) {
    const auto found = std::ranges::find(dictionary, std::get<std::string>(cell));
    id = static_cast<int32_t>(found - dictionary.begin());
    if (found == dictionary.end()) dictionary.push_back(std::get<std::string>(cell));
  }
  put<int32_t>(bytes.values, id);
}

// The bytes of a value of any width.
std::string value_bytes(const Cell& cell) {
  std::string bytes;
  if (const auto* const text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* const real = std::get_if<double>(&cell)) put(bytes, *real);
  if (const auto* const integer = std::get_if<int64_t>(&cell)) put(bytes, *integer);
  if (const auto* const wide = std::get_if<storage::Long256>(&cell)) put(bytes, *wide);
  return bytes;
}

void put_value(ColumnBytes& bytes, ColumnType type, const Cell& cell, size_t row, std::vector<std::string>& dictionary) {
  const storage::Kind kind = storage::kind_of(type);
  if (storage::is_symbol(type)) return put_symbol(bytes, cell, dictionary);
  if (kind == storage::Kind::bits) {
    if (row % 8 == 0) put<uint8_t>(bytes.values, 0);
    if (!is_null(cell) && std::get<bool>(cell)) bytes.values.back() = static_cast<char>(bytes.values.back() | 1 << (row % 8));
  } else if (kind == storage::Kind::texts) {
    if (!is_null(cell)) bytes.texts += std::get<std::string>(cell);
    put<int64_t>(bytes.offsets, static_cast<int64_t>(bytes.texts.size()));
  } else {
    std::string value = value_bytes(cell);
    value.resize(storage::width_of(kind));
    bytes.values += value;
  }
}

}  // namespace

storage::Schema make_table(uint32_t id, const std::string& name, const std::vector<storage::ColumnWish>& columns,
                           uint32_t designated, storage::PartitionUnit unit) {
  return storage::make_schema(storage::TableId{id},
                              {.name = name, .partition_unit = unit, .designated = {designated}, .columns = columns});
}

std::vector<Row> TableFiles::sorted_rows() const {
  std::vector<Row> sorted = rows_;
  std::ranges::stable_sort(sorted, {}, [this](const Row& row) { return timestamp(row); });
  return sorted;
}

void TableFiles::write(LastBlocks last_blocks) {
  last_blocks_ = last_blocks;
  run_count_ = 0;
  std::map<int64_t, RunRows> partitions;
  for (const Row& row : rows_) {
    const auto range = storage::partition_of(timestamp(row), schema_.partition_unit, schema_.designated_column().type);
    partitions[range.key.value].push_back(&row);
  }
  for (const auto& [key, rows] : partitions) write_partition(storage::PartitionKey{key}, rows);

  storage::LaneManifest manifest{.lane = lane_, .checkpointed = storage::Txn{1}};
  for (const auto& [column, texts] : dictionaries_) {
    std::string bytes;
    std::string offsets;
    put<int64_t>(offsets, 0);
    for (const std::string& text : texts) {
      bytes += text;
      put<int64_t>(offsets, static_cast<int64_t>(bytes.size()));
    }
    const auto path = [&](FileKind kind) { return storage::dictionary_path(lane_, storage::ColumnId{column}, kind); };
    manifest.dictionaries.push_back({.column = storage::ColumnId{column},
                                     .count = static_cast<uint32_t>(texts.size()),
                                     .offsets = write_file(path(FileKind::offsets), FileKind::offsets, offsets),
                                     .texts = write_file(path(FileKind::texts), FileKind::texts, bytes)});
  }
  write_whole(storage::lane_manifest_path(lane_), std::string(engine::as_text(storage::encode_lane_manifest(manifest))));
  write_whole(storage::schema_path(schema_.table), std::string(engine::as_text(storage::encode_schema_file(schema_))));
}

// A row goes to the first run whose last timestamp is not after it.
void TableFiles::write_partition(storage::PartitionKey key, const RunRows& rows) {
  std::vector<RunRows> runs;
  for (const Row* row : rows) {
    auto run = std::ranges::find_if(runs, [&](const RunRows& r) { return timestamp(*r.back()) <= timestamp(*row); });
    if (run == runs.end()) run = runs.insert(runs.end(), RunRows());
    run->push_back(row);
  }
  run_count_ += runs.size();

  storage::PartitionManifest manifest{.lane = lane_, .key = key, .applied = storage::Txn{1}};
  const std::string directory = storage::partition_directory(schema_, lane_.lane, key);
  for (uint32_t i = 0; i < runs.size(); ++i) manifest.runs.push_back(write_run(directory, storage::RunId{i}, runs[i]));
  write_whole(storage::partition_manifest_path(directory),
              std::string(engine::as_text(storage::encode_partition_manifest(manifest))));
}

storage::Run TableFiles::write_run(const std::string& directory, storage::RunId id, const RunRows& rows) {
  storage::Run run{
      .id = id, .rows = rows.size(), .timestamp_min = timestamp(*rows.front()), .timestamp_max = timestamp(*rows.back())};
  for (size_t i = 0; i < schema_.columns.size(); ++i) write_column(storage::run_directory(directory, id), i, rows, run);
  return run;
}

// From the first value to the last; without a value the run does not list the column.
void TableFiles::write_column(const std::string& directory, size_t index, const RunRows& rows, storage::Run& run) {
  const storage::Column& column = schema_.columns[index];
  size_t start = 0;
  size_t end = rows.size();
  while (start < end && is_null((*rows[start])[index])) ++start;
  while (end > start && is_null((*rows[end - 1])[index])) --end;
  if (start == end) return;

  ColumnBytes bytes;
  put<int64_t>(bytes.offsets, 0);
  bytes.validity.resize((end - start + 7) / 8);
  for (size_t i = start; i < end; ++i) {
    const Cell& cell = (*rows[i])[index];
    put_value(bytes, column.type, cell, i - start, dictionaries_[column.id.value]);
    const size_t bit = i - start;
    if (!is_null(cell)) bytes.validity[bit / 8] = static_cast<char>(bytes.validity[bit / 8] | 1 << (bit % 8));
    if (is_null(cell) && storage::row_of(column.type).has_null) ++bytes.nulls;
  }
  if (column.type != ColumnType::symbol) dictionaries_.erase(column.id.value);

  storage::RunColumn written{
      .column = column.id, .type = column.type, .row_start = start, .row_count = end - start, .nulls = bytes.nulls};
  const auto add = [&](FileKind kind, const std::string& content) {
    written.files.push_back(write_file(storage::column_path(directory, column.id, kind), kind, content));
  };
  if (storage::kind_of(column.type) == storage::Kind::texts) {
    add(FileKind::offsets, bytes.offsets);
    add(FileKind::texts, bytes.texts);
  } else {
    add(FileKind::values, bytes.values);
  }
  if (bytes.nulls != 0) add(FileKind::validity, bytes.validity);
  run.columns.push_back(std::move(written));
}

storage::CommittedFile TableFiles::write_file(const std::string& path, FileKind kind, std::string bytes) {
  const std::span<const std::byte> committed = engine::as_bytes(bytes);
  const size_t tail_size = bytes.empty() ? 0 : (bytes.size() - 1) % engine::block_size + 1;
  storage::CommittedFile file{.kind = kind, .size = bytes.size(), .crc = engine::crc32c(committed)};
  file.tail.assign(committed.end() - static_cast<std::ptrdiff_t>(tail_size), committed.end());
  if (last_blocks_ == LastBlocks::spoilt) std::fill(bytes.end() - static_cast<std::ptrdiff_t>(tail_size), bytes.end(), '\xAA');
  write_whole(path, bytes + "junk");
  return file;
}

void TableFiles::write_whole(const std::string& path, const std::string& bytes) {
  const std::filesystem::path file = root_ / path;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << bytes;
  stream.close();
  REQUIRE(stream.good());
}

}  // namespace tests
