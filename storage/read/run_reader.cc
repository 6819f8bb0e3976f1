#include "storage/read/run_reader.h"

#include <algorithm>
#include <limits>

#include "engine/base/verify.h"
#include "storage/table/file_names.h"

namespace storage {
namespace {

// Timestamps loaded at a time for a merge.
constexpr size_t timestamps_loaded_max = 512;

const RunColumn* find_column(const Run& run, ColumnId id) {
  const auto found = std::ranges::find(run.columns, id, &RunColumn::column);
  return found == run.columns.end() ? nullptr : &*found;
}
}  // namespace

absl::StatusOr<RunReader> RunReader::open(engine::FilePool& files, const Schema& schema, const RunPlace& place,
                                          const std::vector<ColumnIndex>& columns, size_t window_size) {
  const std::string directory =
      run_directory(partition_directory(schema, place.partition->lane.lane, place.partition->key), place.run->id);
  const Column& designated = schema.designated_column();
  const RunColumn* timestamps = find_column(*place.run, designated.id);
  if (timestamps == nullptr || timestamps->row_start != 0 || timestamps->row_count != place.run->rows) {
    return engine::data_loss(directory + ": the designated timestamp does not cover the run");
  }
  ASSIGN_OR_RETURN(ColumnReader timestamp_reader,
                   ColumnReader::open(files, directory, timestamps, designated.type, window_size));
  RunReader reader(place, std::move(timestamp_reader));
  for (const ColumnIndex index : columns) {
    VERIFY_LT(index.value, schema.columns.size());
    const Column& column = schema.column(index);
    ASSIGN_OR_RETURN(ColumnReader column_reader,
                     ColumnReader::open(files, directory, find_column(*place.run, column.id), column.type, window_size));
    reader.columns_.push_back(std::move(column_reader));
  }
  return reader;
}

absl::Status RunReader::restrict(TimeWindow window) {
  VERIFY_EQ(row_, 0U);
  uint64_t first = 0;
  uint64_t end = row_end_;
  if (window.min > place_.timestamp_min()) {
    ASSIGN_OR_RETURN(first, find_first(window.min));
  }
  if (window.max < place_.timestamp_max()) {  // so it is not the largest int64
    ASSIGN_OR_RETURN(end, find_first(window.max + 1));
  }
  row_ = first;
  row_end_ = std::max(first, end);
  timestamps_.clear();
  return absl::OkStatus();
}

// The first row that is not before `timestamp`.
absl::StatusOr<uint64_t> RunReader::find_first(int64_t timestamp) {
  uint64_t low = 0;
  uint64_t high = place_.run->rows;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    timestamps_.clear();
    RETURN_IF_ERROR(timestamp_reader_.append(middle, 1, timestamps_));
    if (static_cast<int64_t>(timestamps_.words[0]) < timestamp) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

absl::Status RunReader::load_timestamp() {
  VERIFY_GT(rows_left(), 0U);
  if (row_ >= timestamps_start_ && row_ - timestamps_start_ < timestamps_.words.size()) return absl::OkStatus();
  timestamps_.clear();
  timestamps_start_ = row_;
  return timestamp_reader_.append(row_, static_cast<size_t>(std::min<uint64_t>(rows_left(), timestamps_loaded_max)),
                                  timestamps_);
}

size_t RunReader::count_before(int64_t timestamp, size_t order, size_t count_max) const {
  VERIFY_LE(timestamps_start_, row_);
  const auto start = timestamps_.words.begin() + static_cast<std::ptrdiff_t>(row_ - timestamps_start_);
  const auto loaded = static_cast<size_t>(timestamps_.words.end() - start);
  const auto end = start + static_cast<std::ptrdiff_t>(std::min(loaded, count_max));
  const bool wins_ties = place_.order < order;
  const auto stop = std::partition_point(start, end, [timestamp, wins_ties](uint64_t word) {
    const auto own = static_cast<int64_t>(word);
    return own < timestamp || (own == timestamp && wins_ties);
  });
  return static_cast<size_t>(stop - start);
}

absl::StatusOr<size_t> RunReader::append(size_t count, size_t texts_size_max, ScanChunk& chunk) {
  VERIFY_LE(count, rows_left());
  VERIFY_EQ(columns_.size(), chunk.columns.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    const size_t room = texts_size_max - std::min(texts_size_max, chunk.columns[i].bytes.size());
    ASSIGN_OR_RETURN(count, columns_[i].count_fitting(row_, count, room));
  }
  if (chunk.rows == 0) count = std::max<size_t>(count, 1);
  for (size_t i = 0; i < columns_.size(); ++i) RETURN_IF_ERROR(columns_[i].append(row_, count, chunk.columns[i]));
  row_ += count;
  chunk.rows += count;
  for (const ColumnVector& column : chunk.columns) VERIFY_EQ(column.places(), chunk.rows);
  return count;
}

}  // namespace storage
