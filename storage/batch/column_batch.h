// ColumnBatch: rows of one lane, by column: the one encoding from the parser to the WAL. A source fills an OpenBatch row by row
// and seals it; the sealed body is checksummed and never changed again. The owner copies the body into its WAL group as it is,
// and decodes it to apply it, now or after a crash.
//
// body := header | directory entry x column_count | column data...             all little-endian; data starts are 8-aligned
// header := | rows u32 | column_count u32 | schema_version u32 | designated u32 (index in the directory) |
//           | timestamp_min i64 | timestamp_max i64 |
// entry  := | column u32 | type u8 | encoding u8 | flags u8 (1: has nulls) | reserved u8 | offset u32 | size u32 | base u64 |
//           offset is from the start of the body, size in bytes
// data   := [validity bitmap, LSB first, 1 = present, ceil(rows / 8) bytes padded to 8, when flags & 1] values
// values := encoding for0..for8: rows x width {0, 1, 2, 4, 8}; value = base + unsigned; that of a null means nothing
//           encoding text1/text2/text4: rows x width byte lengths, then all texts back to back
//           encoding raw32: rows x 32 bytes
// A symbol column holds indices into the batch's local table of that column (BatchSymbols), which travels beside the body.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "storage/schema/ids.h"
#include "storage/schema/schema.h"

namespace storage {

inline constexpr size_t batch_rows_max = 2048;
inline constexpr size_t batch_size_max = 128 * 1024;  // natural-width bytes that fill a batch; a single row may exceed it

enum class BatchEncoding : uint8_t {
  for0 = 0,
  for1 = 1,
  for2 = 2,
  for4 = 3,
  for8 = 4,
  text1 = 5,
  text2 = 6,
  text4 = 7,
  raw32 = 8
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
  uint8_t reserved;
  uint32_t offset;
  uint32_t size;
  uint64_t base;
};
static_assert(sizeof(BatchEntry) == 24);

inline constexpr uint8_t batch_entry_has_nulls = 1;

// The local table of one symbol column: entry i is what index i in the body means.
struct BatchSymbols {
  struct Entry {
    SymbolId id = symbol_none;  // symbol_none: the owner has not resolved it yet
    bool sent_text = false;     // the source did not know the id, `texts` says what it is
    uint32_t text_offset = 0;
    uint32_t text_size = 0;
  };

  ColumnId column;
  std::vector<Entry> entries;
  std::string texts;

  std::string_view text(const Entry& entry) const { return std::string_view(texts).substr(entry.text_offset, entry.text_size); }
};

// Ids of a batch's local symbols: for the symbol column `column`, local index i means ids[i].
struct ResolvedSymbols {
  ColumnId column;
  std::vector<SymbolId> ids;
};

using Long256 = std::array<uint64_t, 4>;

// Rows of one lane that are still being gathered. Reused: sealing keeps the memory. Belongs to one shard.
class OpenBatch {
 public:
  // Starts an empty batch for this version of the table.
  void open(SchemaRef schema);

  // A row is begun and its cells are set in any order, each column at most once; there is no way back, so the whole line is
  // judged before. `column` is an index into the schema. Columns not set are null.
  void begin_row() { ++rows_; }
  void set_word(uint32_t column, uint64_t bits) { put(column, bits); }                  // boolean, int64, float64, timestamps
  void set_symbol(uint32_t column, uint32_t local_index) { put(column, local_index); }  // an index that add_symbol gave
  void set_text(uint32_t column, std::string_view text);
  void set_long256(uint32_t column, const Long256& value);

  // A new entry of the column's local table.
  uint32_t add_symbol(uint32_t column, SymbolId id);
  uint32_t add_symbol(uint32_t column, std::string_view text);

  uint32_t rows() const { return rows_; }
  // Bytes at natural width, nulls included: about what the sealed body takes at most.
  size_t natural_size() const { return columns_used_ * rows_ * sizeof(uint64_t) + other_size_; }
  const SchemaRef& schema() const { return schema_; }

  // Transposes, narrows and writes the body to `body` (resized to fit). The designated column must be set in every row.
  // `symbols` gets the local tables. The batch is empty afterwards.
  void seal(std::vector<std::byte>& body, std::vector<BatchSymbols>& symbols);

 private:
  struct OpenColumn {
    uint32_t index = 0;              // in the schema
    uint32_t present = 0;            // values that are not null
    std::vector<uint64_t> words;     // one per row up to the last value; texts: byte length; long256: index into `wide`
    std::vector<uint64_t> validity;  // LSB bitmap, kept from the first gap on; until then every row has a value
    std::string texts;
    std::vector<Long256> wide;
    BatchSymbols symbols;
  };

  OpenColumn& column(uint32_t index) {
    const uint32_t slot = slots_[index];
    return slot != 0 ? columns_[slot - 1] : add_column(index);
  }

  // Inline, as each cell of each row comes by.
  OpenColumn& put(uint32_t index, uint64_t word) {
    OpenColumn& target = column(index);
    const bool has_gap = target.words.size() + 1 != rows_ || !target.validity.empty();
    if (has_gap) [[unlikely]]
      close_gap(target);
    target.words.push_back(word);
    ++target.present;
    return target;
  }

  OpenColumn& add_column(uint32_t index);
  void close_gap(OpenColumn& column) const;
  void complete_validity(OpenColumn& column) const;
  void write_column(OpenColumn& column, BatchEntry& entry, std::vector<std::byte>& body) const;

  SchemaRef schema_;
  uint32_t rows_ = 0;
  size_t other_size_ = 0;            // texts, long256, symbols, directory
  std::vector<uint32_t> slots_;      // schema index -> columns_ index + 1, 0 = not in this batch
  std::vector<OpenColumn> columns_;  // the first columns_used_ are in use, the others keep their memory
  size_t columns_used_ = 0;
};

// One column of a sealed body.
struct BatchColumn {
  ColumnId id;
  ColumnType type{};
  BatchEncoding encoding{};
  uint64_t base = 0;
  const std::byte* validity = nullptr;  // null when every row has a value
  std::span<const std::byte> values;

  bool present(uint32_t row) const {
    return validity == nullptr || ((static_cast<unsigned>(validity[row / 8]) >> (row % 8)) & 1U) != 0;
  }
};

// Reads a sealed body in place. parse() checks every count, offset and size, so a body from a damaged disk is refused, not
// believed.
class BatchView {
 public:
  static absl::StatusOr<BatchView> parse(std::span<const std::byte> body);

  uint32_t rows() const { return header_.rows; }
  uint32_t schema_version() const { return header_.schema_version; }
  int64_t timestamp_min() const { return header_.timestamp_min; }
  int64_t timestamp_max() const { return header_.timestamp_max; }
  std::span<const BatchColumn> columns() const { return columns_; }
  const BatchColumn& designated() const { return columns_[header_.designated]; }

 private:
  BatchHeader header_{};
  std::vector<BatchColumn> columns_;
};

// Appends the values of all rows, widened; nulls are 0. For every type but varchar and long256.
void decode_words(const BatchColumn& column, uint32_t rows, std::vector<uint64_t>& words);

// Appends all texts back to back to `bytes` and each row's length to `lengths`.
void decode_texts(const BatchColumn& column, uint32_t rows, std::vector<uint32_t>& lengths, std::string& bytes);

void decode_wide(const BatchColumn& column, uint32_t rows, std::vector<Long256>& values);

}  // namespace storage
