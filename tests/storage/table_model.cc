#include "tests/storage/table_model.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "storage/table/file_names.h"
#include "tests/storage/hex.h"

namespace tests {

namespace {

using storage::ColumnType;
using storage::FileKind;

struct PlacedRow {
  int64_t timestamp = 0;
  size_t run = 0;
  Cells cells;
};

class PartitionReader {
 public:
  PartitionReader(const storage::LaneSnapshot& snapshot, const ReadFile& read, std::vector<std::string>& errors)
      : snapshot_(snapshot), read_(read), errors_(errors) {}

  std::string committed(const std::string& path, const storage::CommittedFile& file) {
    const std::optional<std::vector<std::byte>> found = read_(path);
    const size_t tail_start = static_cast<size_t>(file.size) - file.tail.size();
    if (!found || found->size() < tail_start || file.tail.size() != storage::tail_size(file.size)) {
      errors_.push_back(path + ": shorter than committed");
      return std::string(static_cast<size_t>(file.size), '\0');
    }
    std::string bytes(engine::as_text(std::span(*found).first(tail_start)));
    bytes += engine::as_text(file.tail);
    if (engine::crc32c(engine::as_bytes(bytes)) != file.crc) errors_.push_back(path + ": checksum");
    return bytes;
  }

  void read_run(const std::string& directory, const storage::Run& run, size_t index, std::vector<PlacedRow>& rows,
                storage::ColumnId designated) {
    const size_t first = rows.size();
    rows.resize(first + static_cast<size_t>(run.rows));
    for (const storage::RunColumn& column : run.columns) read_column(directory, column, first, rows);
    for (size_t i = first; i < rows.size(); ++i) {
      rows[i].run = index;
      const auto cell = rows[i].cells.find(designated.value);
      if (cell == rows[i].cells.end()) {
        errors_.push_back(directory + ": row without timestamp");
        continue;
      }
      rows[i].timestamp = std::stoll(cell->second);
      if (i > first && rows[i - 1].timestamp > rows[i].timestamp) errors_.push_back(directory + ": run is not sorted");
    }
    if (run.rows != 0 && (rows[first].timestamp != run.timestamp_min || rows.back().timestamp != run.timestamp_max)) {
      errors_.push_back(directory + ": timestamps of the run");
    }
  }

 private:
  std::string symbol(storage::ColumnId column, uint32_t id) {
    auto [found, added] = symbols_.try_emplace(column.value);
    if (added) {
      for (const storage::DictionaryExtent& extent : snapshot_.dictionaries) {
        if (extent.column != column) continue;
        const std::string offsets = committed(dictionary_path(snapshot_.lane, column, FileKind::offsets), extent.offsets);
        const std::string texts = committed(dictionary_path(snapshot_.lane, column, FileKind::texts), extent.texts);
        for (uint64_t i = 0; i < extent.count; ++i) {
          const auto start = static_cast<size_t>(value<int64_t>(offsets, i));
          found->second.push_back(texts.substr(start, static_cast<size_t>(value<int64_t>(offsets, i + 1)) - start));
        }
        if (offsets.size() != (extent.count + size_t{1}) * sizeof(int64_t)) errors_.push_back("count of symbols");
      }
    }
    if (id < found->second.size()) return found->second[id];
    errors_.push_back("unknown symbol");
    return "?";
  }

  void read_column(const std::string& directory, const storage::RunColumn& column, size_t first, std::vector<PlacedRow>& rows) {
    std::map<FileKind, std::string> files;
    for (const storage::CommittedFile& file : column.files) {
      files[file.kind] = committed(column_path(directory, column.column, file.kind), file);
    }
    const auto has_validity = files.contains(FileKind::validity);
    if (has_validity && files[FileKind::validity].size() != engine::div_ceil(column.row_count, 8)) {
      errors_.push_back(directory + ": size of the validity bitmap");
      return;
    }
    uint64_t nulls = 0;
    for (uint64_t i = 0; i < column.row_count; ++i) {
      const bool present =
          !has_validity || ((static_cast<unsigned char>(files[FileKind::validity][i / 8]) >> (i % 8)) & 1) != 0;
      const std::string text = cell(column, files, i);
      nulls += present ? 0 : 1;
      if (!present || text.empty()) continue;
      rows[first + static_cast<size_t>(column.row_start + i)].cells[column.column.value] = text;
    }
    if (nulls != column.nulls) errors_.push_back(directory + ": count of nulls");
  }

  template <typename T>
  T value(const std::string& bytes, uint64_t index) {
    T result{};
    if ((index + 1) * sizeof(T) > bytes.size()) {
      errors_.push_back("values missing");
    } else {
      std::memcpy(&result, bytes.data() + index * sizeof(T), sizeof(T));
    }
    return result;
  }

  std::string cell(const storage::RunColumn& column, std::map<FileKind, std::string>& files, uint64_t i) {
    const std::string& values = files[FileKind::values];
    switch (column.type) {
      case ColumnType::boolean:
        return (value<uint8_t>(values, i / 8) >> (i % 8) & 1) != 0 ? "t" : "";
      case ColumnType::symbol:
        return "s" + (is_null(files, i) ? "" : symbol(column.column, value<uint32_t>(values, i)));
      case ColumnType::long256:
        return hex_text(engine::as_bytes(std::string_view(values)).subspan(i * 32, 32));
      case ColumnType::varchar: {
        const auto begin = static_cast<size_t>(value<int64_t>(files[FileKind::offsets], i));
        const auto end = static_cast<size_t>(value<int64_t>(files[FileKind::offsets], i + 1));
        return "v" + files[FileKind::texts].substr(begin, end - begin);
      }
      default:
        return std::to_string(value<int64_t>(values, i));
    }
  }

  static bool is_null(std::map<FileKind, std::string>& files, uint64_t i) {
    const std::string& bitmap = files[FileKind::validity];
    return !bitmap.empty() && ((static_cast<unsigned char>(bitmap[i / 8]) >> (i % 8)) & 1) == 0;
  }

  const storage::LaneSnapshot& snapshot_;
  const ReadFile& read_;
  std::vector<std::string>& errors_;
  std::map<uint32_t, std::vector<std::string>> symbols_;
};

}  // namespace

std::vector<Cells> sorted_cells(const std::vector<ModelRow>& rows, storage::Txn txn_max) {
  std::vector<const ModelRow*> sorted;
  for (const ModelRow& row : rows) {
    if (row.txn <= txn_max) sorted.push_back(&row);
  }
  std::ranges::stable_sort(sorted, {}, &ModelRow::timestamp);
  std::vector<Cells> cells;
  for (const ModelRow* row : sorted) cells.push_back(row->cells);
  return cells;
}

std::vector<Cells> read_partition(const storage::Schema& schema, const storage::LaneSnapshot& snapshot,
                                  const storage::PartitionManifest& partition, const ReadFile& read,
                                  std::vector<std::string>& errors) {
  PartitionReader reader(snapshot, read, errors);
  const std::string directory = partition_directory(schema, snapshot.lane.lane, partition.key);
  std::vector<PlacedRow> rows;
  for (size_t run = 0; run < partition.runs.size(); ++run) {
    reader.read_run(run_directory(directory, partition.runs[run].id), partition.runs[run], run, rows,
                    schema.designated_column().id);
  }
  std::ranges::stable_sort(rows, {}, [](const PlacedRow& row) { return std::pair(row.timestamp, row.run); });
  std::vector<Cells> cells;
  for (PlacedRow& row : rows) cells.push_back(std::move(row.cells));
  return cells;
}

std::vector<Cells> read_lane(const storage::Schema& schema, const storage::LaneSnapshot& snapshot, const ReadFile& read,
                             std::vector<std::string>& errors) {
  std::vector<Cells> cells;
  for (const storage::ManifestRef& partition : snapshot.partitions) {
    for (Cells& row : read_partition(schema, snapshot, *partition, read, errors)) cells.push_back(std::move(row));
  }
  return cells;
}

}  // namespace tests
