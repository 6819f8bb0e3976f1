// ColumnBatch: rows of one lane, by column: the one encoding from the parser to the WAL. A source fills an OpenBatch row by row
// and seals it; the sealed body is checksummed and never changed again. The owner copies the body into its WAL group as it is,
// and decodes it to apply it, now or after a crash (batch_view.h). Its bytes: batch_format.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/batch/batch_format.h"
#include "storage/batch/batch_symbols.h"
#include "storage/batch/symbol_section.h"
#include "storage/schema/ids.h"
#include "storage/schema/schema.h"

namespace storage {

inline constexpr size_t batch_size_full = 128 * 1024;  // sealed size that fills a batch, which goes out after this row
inline constexpr size_t batch_size_max = 768 * 1024;   // no row is added beyond it; a batch of a single row may be larger

// What bounds the size of a sealed batch: its body, and the symbol section that the owner puts in front of it. Per column and
// row one bit of validity and the widest encoding of the type, per column the parts that are there once, and the texts. Kept as
// rows x width, so that adding a row costs nothing, and always at least what seal() will make of it.
struct BatchSizes {
  static constexpr size_t alignment = batch_alignment;
  static constexpr size_t batch = sizeof(BatchHeader) + SymbolSectionSizes::section + 1;  // bits rounded up
  static constexpr size_t column = sizeof(BatchEntry) + (alignment - 1) + alignment;
  static constexpr size_t cell_bits_max = 8 * value_width_max + 1;

  // Of one cell, in bits. Lengths of texts count as words, which they are until they are sealed.
  static constexpr size_t cell_bits(Kind kind) {
    return 8 * (kind == Kind::texts || is_word(kind) ? sizeof(uint64_t) : width_of(kind)) + 1;
  }

  // Of everything that `cells` cells with `text_size` bytes of text add, when each is the first of its column in a batch of
  // `rows` rows.
  static constexpr size_t cells(size_t cells, size_t rows, size_t text_size) {
    return cells * (column + SymbolSectionSizes::column + SymbolSectionSizes::symbol + rows * cell_bits_max / 8 + 1) +
           text_size;
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
  // judged before. Columns not set are null.
  void begin_row() { ++rows_; }
  void set_word(ColumnIndex column, uint64_t bits) { put(column, bits); }                  // of kinds up to 8 bytes
  void set_symbol(ColumnIndex column, uint32_t local_index) { put(column, local_index); }  // an index that add_symbol gave
  void set_text(ColumnIndex column, std::string_view text);
  void set_wide(ColumnIndex column, std::span<const std::byte> value);  // of kinds above 8 bytes, little-endian

  // A new entry of the column's local table.
  uint32_t add_symbol(ColumnIndex column, SymbolId id);
  uint32_t add_symbol(ColumnIndex column, std::string_view text);

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
    ColumnIndex index;
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

  OpenColumn& column(ColumnIndex index) {
    const uint32_t slot = slots_[index.value];
    return slot != 0 ? columns_[slot - 1] : add_column(index);
  }

  // Inline, as each cell of each row comes by.
  OpenColumn& put(ColumnIndex index, uint64_t word) {
    OpenColumn& target = column(index);
    const bool has_gap = target.words.size() + 1 != rows_ || !target.validity.empty();
    if (has_gap) [[unlikely]]
      close_gap(target);
    target.words.push_back(word);
    ++target.present;
    return target;
  }

  OpenColumn& add_column(ColumnIndex index);
  void close_gap(OpenColumn& column) const;
  void give_back();
  void complete_validity(OpenColumn& column) const;
  void write_column(OpenColumn& column, BatchEntry& entry, std::vector<std::byte>& body) const;

  SchemaRef schema_;
  uint32_t rows_ = 0;
  size_t fixed_size_ = BatchSizes::batch;  // of size_max(): what does not grow with each row
  size_t row_bits_ = 0;                    // of size_max(): what one row adds, in bits
  std::vector<uint32_t> slots_;            // by ColumnIndex: columns_ index + 1, 0 = not in this batch
  std::vector<OpenColumn> columns_;        // the first columns_used_ are in use, the others keep their memory
  size_t columns_used_ = 0;
};

}  // namespace storage
