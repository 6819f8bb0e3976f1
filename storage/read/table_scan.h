// Scans a snapshot: the rows of all lanes, partitions and runs in order of the designated timestamp, ties in order of arrival,
// in chunks of columns. Blocking; belongs to a reader thread with a backend of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/file_pool.h"
#include "storage/read/scan_chunk.h"
#include "storage/table/snapshot.h"

namespace storage {

struct ScanOptions {
  std::vector<ColumnIndex> columns;                             // only these are read
  int64_t timestamp_min = std::numeric_limits<int64_t>::min();  // both included, in the designated column's unit
  int64_t timestamp_max = std::numeric_limits<int64_t>::max();
};

class TableScan {
 public:
  // Opens its files in `files`, which outlives it.
  static absl::StatusOr<std::unique_ptr<TableScan>> open(engine::FilePool& files, TableSnapshot snapshot, ScanOptions options);
  virtual ~TableScan() = default;

  // The next rows, valid until the next call; an empty chunk at the end.
  virtual absl::StatusOr<const ScanChunk*> next() = 0;

  // The text of a symbol of wanted column `column` (index into ScanOptions::columns). Of several lanes each has its own ids;
  // the ids in chunks are already those of this scan. Valid until the next call of next(), which may read more texts.
  virtual std::string_view symbol_text(size_t column, SymbolId id) const = 0;

  // Of a row of the last chunk: a number that no other row of the snapshot has, and the same in every scan of the snapshot,
  // whatever its options. Says nothing of the order.
  virtual uint64_t row_id(size_t row) const = 0;
};

}  // namespace storage
