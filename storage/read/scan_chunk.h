// What a scan hands out: some rows, by column.
#pragma once

#include <cstddef>
#include <vector>

#include "storage/batch/column_vector.h"

namespace storage {

inline constexpr size_t scan_chunk_rows_max = 4096;

// Bytes of its texts, and of all that it holds of its rows beside them. A row that has more is a chunk by itself.
inline constexpr size_t scan_chunk_size_max = size_t{4} << 20;

// Columns in the order of ScanOptions::columns, with a place for each row; of symbols the ids. `present` is never left empty.
struct ScanChunk {
  size_t rows = 0;
  std::vector<ColumnVector> columns;
};

}  // namespace storage
