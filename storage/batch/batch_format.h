// The bytes of a sealed ColumnBatch.
//
// body := header | directory entry x column_count | column data...             all little-endian; data starts are 8-aligned
// header := | rows u32 | column_count u32 | schema_version u32 | designated u32 (index in the directory) |
//           | timestamp_min i64 | timestamp_max i64 |
// entry  := | column u32 | type u8 | encoding u8 | flags u8 (1: has nulls) | width u8 | offset u32 | size u32 | base u64 |
//           offset is from the start of the body, size in bytes; width is that of raw values, else 0
// data   := [validity bitmap, LSB first, 1 = present, ceil(rows / 8) bytes padded to 8, when flags & 1] values
// values := encoding for0..for8: rows x width {0, 1, 2, 4, 8}; value = base + unsigned; that of a null means nothing
//           encoding text1/text2/text4: rows x width byte lengths, then all texts back to back
//           encoding raw: rows x width bytes, zeros for a null
// A symbol column holds indices into the batch's local table of that column (BatchSymbols), which travels beside the body.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "storage/schema/column_type.h"

namespace storage {

inline constexpr size_t batch_rows_max = 2048;
inline constexpr size_t batch_alignment = 8;  // of each column's data, and of its bitmap's size

enum class BatchEncoding : uint8_t {
  for0 = 0,
  for1 = 1,
  for2 = 2,
  for4 = 3,
  for8 = 4,
  text1 = 5,
  text2 = 6,
  text4 = 7,
  raw = 8
};

struct BatchHeader {
  uint32_t rows;
  uint32_t column_count;
  uint32_t schema_version;
  uint32_t designated;
  int64_t timestamp_min;
  int64_t timestamp_max;
};
static_assert(sizeof(BatchHeader) == 32);

struct BatchEntry {
  uint32_t column;
  uint8_t type;
  uint8_t encoding;
  uint8_t flags;
  uint8_t width;
  uint32_t offset;
  uint32_t size;
  uint64_t base;
};
static_assert(sizeof(BatchEntry) == 24);

inline constexpr uint8_t batch_entry_has_nulls = 1;

constexpr bool is_text(BatchEncoding encoding) {
  return encoding == BatchEncoding::text1 || encoding == BatchEncoding::text2 || encoding == BatchEncoding::text4;
}

// Bytes of a word, or of a text's length.
constexpr size_t encoded_width(BatchEncoding encoding) {
  switch (encoding) {
    case BatchEncoding::for0:
      return 0;
    case BatchEncoding::for1:
    case BatchEncoding::text1:
      return 1;
    case BatchEncoding::for2:
    case BatchEncoding::text2:
      return 2;
    case BatchEncoding::for4:
    case BatchEncoding::text4:
      return 4;
    case BatchEncoding::for8:
      return 8;
    case BatchEncoding::raw:
      break;
  }
  UNREACHABLE("encoding of words and texts");
}

constexpr size_t batch_validity_size(uint32_t rows) { return engine::align_up(engine::div_ceil(rows, 8), batch_alignment); }

}  // namespace storage
