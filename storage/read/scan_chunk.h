// What a scan hands out: some rows, by column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/batch/column_batch.h"
#include "storage/schema/schema.h"

namespace storage {

inline constexpr size_t scan_chunk_rows_max = 4096;

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

// Columns in the order of ScanOptions::columns.
struct ScanChunk {
  size_t rows = 0;
  std::vector<ScanColumn> columns;
};

}  // namespace storage
