// Reads the wanted columns of one run, front to back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "storage/read/column_reader.h"
#include "storage/read/committed_reader.h"
#include "storage/read/scan_chunk.h"
#include "storage/table/snapshot.h"

namespace storage {

// A run and where it is. Everything it points to belongs to a snapshot that outlives it.
struct RunPlace {
  size_t lane = 0;  // index in the snapshot
  const PartitionManifest* partition = nullptr;
  const Run* run = nullptr;
  size_t order = 0;          // among runs of the same partition: rows of equal timestamps come in this order
  uint64_t rows_before = 0;  // of all runs of the snapshot that were planned before it, those that are not read included

  int64_t timestamp_min() const { return run->timestamp_min; }
  int64_t timestamp_max() const { return run->timestamp_max; }
};

struct TimeWindow {
  int64_t min = 0;  // both included
  int64_t max = 0;
};

class RunReader {
 public:
  static absl::StatusOr<RunReader> open(engine::FilePool& files, const Schema& schema, const RunPlace& place,
                                        const std::vector<ColumnIndex>& columns, size_t window_size);

  // Leaves only the rows whose timestamps are inside. Before anything is read.
  absl::Status restrict(TimeWindow window);

  const RunPlace& place() const { return place_; }
  uint64_t rows_left() const { return row_end_ - row_; }

  // Of the next row: its number among all rows of the snapshot.
  uint64_t row_id() const { return place_.rows_before + row_; }

  // Makes timestamp() valid. Requires rows_left() > 0.
  absl::Status load_timestamp();
  int64_t timestamp() const { return static_cast<int64_t>(timestamps_.words[static_cast<size_t>(row_ - timestamps_start_)]); }

  // How many of the next rows, `count_max` at most, come before a row that has this timestamp and order. Counts among the
  // timestamps that are loaded, so that more may follow.
  size_t count_before(int64_t timestamp, size_t order, size_t count_max) const;

  // Appends next rows to the columns of `chunk`, is past them, and returns how many: some of `count`, so many that no column
  // has texts of more than `texts_size_max` bytes. None when not even one fits; the first row of a chunk always does.
  absl::StatusOr<size_t> append(size_t count, size_t texts_size_max, ScanChunk& chunk);

 private:
  RunReader(const RunPlace& place, ColumnReader timestamp_reader)
      : place_(place), row_end_(place.run->rows), timestamp_reader_(std::move(timestamp_reader)) {}

  absl::StatusOr<uint64_t> find_first(int64_t timestamp);

  RunPlace place_;
  uint64_t row_ = 0;
  uint64_t row_end_ = 0;
  ColumnReader timestamp_reader_;
  ColumnVector timestamps_;  // from row timestamps_start_ on
  uint64_t timestamps_start_ = 0;
  std::vector<ColumnReader> columns_;
};

}  // namespace storage
