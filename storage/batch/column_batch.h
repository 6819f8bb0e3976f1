// ColumnBatch: rows of one lane, by column: the one encoding from the parser to the WAL. A source fills an OpenBatch row by row
// and seals it; the sealed body is checksummed and never changed again. The owner copies the body into its WAL group as it is,
// and decodes it to apply it, now or after a crash.
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
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "storage/batch/column_vector.h"
#include "storage/schema/ids.h"
#include "storage/schema/schema.h"

namespace storage {

inline constexpr size_t batch_rows_max = 2048;
inline constexpr size_t batch_size_full = 128 * 1024;  // sealed size that fills a batch, which goes out after this row
inline constexpr size_t batch_size_max = 768 * 1024;   // no row is added beyond it; a batch of a single row may be larger

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

  size_t memory_size() const { return entries.capacity() * sizeof(Entry) + texts.capacity(); }
  std::string_view text(const Entry& entry) const { return std::string_view(texts).substr(entry.text_offset, entry.text_size); }
};

// Ids of a batch's local symbols: for the symbol column `column`, local index i means ids[i].
struct ResolvedSymbols {
  ColumnId column;
  std::vector<SymbolId> ids;
};

// What bounds the size of a sealed batch: its body, and the symbol section that the owner puts in front of it. Per column and
// row one bit of validity and the widest encoding of the type, per column the parts that are there once, and the texts. Kept as
// rows x width, so that adding a row costs nothing, and always at least what seal() will make of it.
struct BatchSizes {
  static constexpr size_t alignment = 8;  // of each column's data, and of its bitmap's size
  static constexpr size_t batch = sizeof(BatchHeader) + sizeof(uint32_t) + 1;  // the count of symbol columns; bits rounded up
  static constexpr size_t column = sizeof(BatchEntry) + (alignment - 1) + alignment;
  static constexpr size_t symbol_column = 3 * sizeof(uint32_t);
  static constexpr size_t symbol = 3 * sizeof(uint32_t);  // its id; a new one's id again and its size
  static constexpr size_t cell_bits_max = 8 * value_width_max + 1;

  // Of one cell, in bits. Lengths of texts count as words, which they are until they are sealed.
  static constexpr size_t cell_bits(Kind kind) {
    return 8 * (kind == Kind::texts || is_word(kind) ? sizeof(uint64_t) : width_of(kind)) + 1;
  }

  // Of everything that `cells` cells with `text_size` bytes of text add, when each is the first of its column in a batch of
  // `rows` rows.
  static constexpr size_t cells(size_t cells, size_t rows, size_t text_size) {
    return cells * (column + symbol_column + symbol + rows * cell_bits_max / 8 + 1) + text_size;
  }
};

// The largest batch of a single row: a line of `line_size` bytes with a value in every column. What a client can send never
// becomes larger than the larger of this and batch_size_max.
constexpr size_t row_size_max(size_t line_size) { return BatchSizes::batch + BatchSizes::cells(columns_max, 1, line_size); }

inline constexpr size_t open_batch_kept_max = 512 * 1024;  // memory that an OpenBatch keeps for the next rows

// Rows of one lane that are still being gathered. Reused: sealing keeps the memory, up to open_batch_kept_max. Belongs to one
// shard.
class OpenBatch {
 public:
  // Starts an empty batch for this version of the table.
  void open(SchemaRef schema);

  // A row is begun and its cells are set in any order, each column at most once; there is no way back, so the whole line is
  // judged before. `column` is an index into the schema. Columns not set are null.
  void begin_row() { ++rows_; }
  void set_word(uint32_t column, uint64_t bits) { put(column, bits); }                  // of kinds up to 8 bytes
  void set_symbol(uint32_t column, uint32_t local_index) { put(column, local_index); }  // an index that add_symbol gave
  void set_text(uint32_t column, std::string_view text);
  void set_wide(uint32_t column, std::span<const std::byte> value);  // of kinds above 8 bytes, little-endian

  // A new entry of the column's local table.
  uint32_t add_symbol(uint32_t column, SymbolId id);
  uint32_t add_symbol(uint32_t column, std::string_view text);

  uint32_t rows() const { return rows_; }
  // The sealed body and its symbol section are not larger.
  size_t size_max() const { return fixed_size_ + rows_ * row_bits_ / 8; }
  // True when one more row of `cells` values and `text_size` bytes of text keeps the batch within `limit`, whatever its columns
  // are. Says no too early for rows that are unlike those before, never for rows that are like them: a full batch has 128 KiB.
  bool has_room(size_t cells, size_t text_size, size_t limit) const {
    return size_max() + row_bits_ / 8 + BatchSizes::cells(cells, rows_ + size_t{1}, text_size) <= limit;
  }
  const SchemaRef& schema() const { return schema_; }

  // Transposes, narrows and writes the body to `body` (resized to fit). The designated column must be set in every row.
  // `symbols` gets the local tables. The batch is empty afterwards.
  void seal(std::vector<std::byte>& body, std::vector<BatchSymbols>& symbols);

  // Allocated.
  size_t memory_size() const;

 private:
  struct OpenColumn {
    uint32_t index = 0;              // in the schema
    uint32_t present = 0;            // values that are not null
    std::vector<uint64_t> words;     // one per row up to the last value; texts: byte length; above 8 bytes: unused
    std::vector<uint64_t> validity;  // LSB bitmap, kept from the first gap on; until then every row has a value
    std::string bytes;               // of the values that are present, back to back: texts, kinds above 8 bytes
    BatchSymbols symbols;

    size_t capacity() const {
      return sizeof(OpenColumn) + (words.capacity() + validity.capacity()) * sizeof(uint64_t) + bytes.capacity() +
             symbols.memory_size();
    }
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
  void give_back();
  void complete_validity(OpenColumn& column) const;
  void write_column(OpenColumn& column, BatchEntry& entry, std::vector<std::byte>& body) const;

  SchemaRef schema_;
  uint32_t rows_ = 0;
  size_t fixed_size_ = BatchSizes::batch;  // of size_max(): what does not grow with each row
  size_t row_bits_ = 0;                    // of size_max(): what one row adds, in bits
  std::vector<uint32_t> slots_;            // schema index -> columns_ index + 1, 0 = not in this batch
  std::vector<OpenColumn> columns_;        // the first columns_used_ are in use, the others keep their memory
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

// Appends a place for every row to all of `target` but `present`.
void decode(const BatchColumn& column, uint32_t rows, ColumnVector& target);

}  // namespace storage
