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

#include "engine/io_backend.h"
#include "engine/status.h"
#include "storage/column_batch.h"
#include "storage/snapshot.h"

namespace storage {

inline constexpr size_t scan_chunk_rows_max = 4096;

struct ScanOptions {
  std::vector<uint32_t> columns;                                // indices into the schema; only these are read
  int64_t timestamp_min = std::numeric_limits<int64_t>::min();  // both included, in the designated column's unit
  int64_t timestamp_max = std::numeric_limits<int64_t>::max();
};

// Values of one wanted column for the rows of a chunk.
struct ScanColumn {
  ColumnType type{};
  std::vector<uint64_t> words;   // one a row: value bits; symbols: id; texts: start in `texts`
  std::vector<uint32_t> sizes;   // texts: bytes
  std::vector<Long256> wide;     // long256 only
  std::vector<uint8_t> present;  // one a row, 0 = null
  std::string texts;

  std::string_view text(size_t row) const { return std::string_view(texts).substr(words[row], sizes[row]); }
};

struct ScanChunk {
  size_t rows = 0;
  std::vector<ScanColumn> columns;  // in the order of ScanOptions::columns
};

class TableScan {
 public:
  static absl::StatusOr<std::unique_ptr<TableScan>> open(engine::IoBackend& backend, TableSnapshot snapshot,
                                                         ScanOptions options);
  virtual ~TableScan() = default;

  // The next rows, valid until the next call; an empty chunk at the end.
  virtual absl::StatusOr<const ScanChunk*> next() = 0;

  // The text of a symbol of wanted column `column` (index into ScanOptions::columns). Of several lanes each has its own ids;
  // the ids in chunks are already those of this scan. Valid as long as the scan.
  virtual std::string_view symbol_text(size_t column, SymbolId id) const = 0;
};

}  // namespace storage
