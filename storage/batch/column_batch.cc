#include "storage/batch/column_batch.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace storage {
namespace {

using engine::align_up;
using engine::store;

constexpr size_t word_bits = 64;

BatchEncoding frame_encoding(uint64_t range) {
  if (range == 0) return BatchEncoding::for0;
  if (range <= UINT8_MAX) return BatchEncoding::for1;
  if (range <= UINT16_MAX) return BatchEncoding::for2;
  if (range <= UINT32_MAX) return BatchEncoding::for4;
  return BatchEncoding::for8;
}

BatchEncoding text_encoding(uint64_t size_max) {
  if (size_max <= UINT8_MAX) return BatchEncoding::text1;
  return size_max <= UINT16_MAX ? BatchEncoding::text2 : BatchEncoding::text4;
}

struct Range {
  uint64_t base = 0;  // the smallest value
  uint64_t span = 0;  // largest - smallest
};

template <typename T>
Range range_of(std::span<const uint64_t> words) {
  T low = static_cast<T>(words[0]);
  T high = low;
  for (const uint64_t word : words) {
    low = std::min(low, static_cast<T>(word));
    high = std::max(high, static_cast<T>(word));
  }
  return {.base = static_cast<uint64_t>(low), .span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low)};
}

// Numbers are framed by their range; words without an order (reals) are stored whole unless all are the same bits.
//
//   1'700'000'003, 1'700'000'001, 1'700'000'255   ->   base 1'700'000'001, span 254: a byte each, 2 0 254
Range range_of(ColumnType type, std::span<const uint64_t> words) {
  switch (row_of(type).order) {
    case WordOrder::unsigned_number:
      return range_of<uint64_t>(words);
    case WordOrder::signed_number:
      return range_of<int64_t>(words);
    case WordOrder::none:
      break;
  }
  const bool constant = std::ranges::all_of(words, [&](uint64_t word) { return word == words[0]; });
  const size_t unused_bits = word_bits - 8 * width_of(kind_of(type));
  return constant ? Range{.base = words[0], .span = 0} : Range{.base = 0, .span = UINT64_MAX >> unused_bits};
}

template <typename T>
void narrow(std::span<const uint64_t> words, uint64_t base, std::byte* target) {
  for (size_t i = 0; i < words.size(); ++i) store(target + i * sizeof(T), static_cast<T>(words[i] - base));
}

void write_narrowed(std::span<const uint64_t> words, uint64_t base, size_t width, std::byte* target) {
  switch (width) {
    case 0:
      return;
    case 1:
      return narrow<uint8_t>(words, base, target);
    case 2:
      return narrow<uint16_t>(words, base, target);
    case 4:
      return narrow<uint32_t>(words, base, target);
    case 8:
      return narrow<uint64_t>(words, base, target);
    default:
      UNREACHABLE("width");
  }
}

void set_bit(std::vector<uint64_t>& bitmap, size_t index) { bitmap[index / word_bits] |= uint64_t{1} << (index % word_bits); }

bool test_bit(const std::vector<uint64_t>& bitmap, size_t index) {
  return ((bitmap[index / word_bits] >> (index % word_bits)) & 1U) != 0;
}

// Nulls take the first value that is there, so that they do not widen the range.
void fill_nulls(std::vector<uint64_t>& words, const std::vector<uint64_t>& validity) {
  size_t first = 0;
  while (!test_bit(validity, first)) ++first;
  for (size_t i = 0; i < words.size(); ++i) {
    if (!test_bit(validity, i)) words[i] = words[first];
  }
}

// A place for every row: those of nulls are zeros.
void write_raw(const std::string& values, size_t width, const std::vector<uint64_t>* validity, uint32_t rows,
               std::byte* target) {
  size_t used = 0;
  for (size_t row = 0; row < rows; ++row, target += width) {
    if (validity != nullptr && !test_bit(*validity, row)) {
      std::memset(target, 0, width);
      continue;
    }
    std::memcpy(target, values.data() + used, width);
    used += width;
  }
  VERIFY_EQ(used, values.size());
}

}  // namespace

void OpenBatch::open(SchemaRef schema) {
  VERIFY_EQ(rows_, 0U);
  VERIFY(schema != nullptr);
  VERIFY_LT(schema->designated.value, schema->columns.size());
  schema_ = std::move(schema);
  slots_.assign(schema_->columns.size(), 0);
  columns_used_ = 0;
  fixed_size_ = BatchSizes::batch;
  row_bits_ = 0;
}

OpenBatch::OpenColumn& OpenBatch::add_column(ColumnIndex index) {
  VERIFY_LT(index.value, slots_.size());
  VERIFY_LT(columns_used_, slots_.size());
  if (columns_used_ == columns_.size()) columns_.emplace_back();
  OpenColumn& fresh = columns_[columns_used_++];
  fresh.index = index;
  fresh.present = 0;
  fresh.words.clear();
  fresh.validity.clear();
  fresh.bytes.clear();
  fresh.symbols.column = schema_->column(index).id;
  fresh.symbols.entries.clear();
  fresh.symbols.texts.clear();
  slots_[index.value] = static_cast<uint32_t>(columns_used_);
  const ColumnType type = schema_->column(index).type;
  fixed_size_ += BatchSizes::column + (is_symbol(type) ? SymbolSectionSizes::column : 0);
  row_bits_ += BatchSizes::cell_bits(kind_of(type));
  return fresh;
}

// Before a value of the row goes into a column that had, or now has, rows without one. As long as every row has a value there
// is no bitmap; the first gap makes it, with a bit for each value so far:
//
//   values in rows 0, 1 and now 4:   words 2 -> 4 (two zeros, which fill_nulls() replaces), bitmap 1 1 . . 1
void OpenBatch::close_gap(OpenColumn& column) const {
  const size_t row = rows_ - 1;
  VERIFY_LE(column.words.size(), row);
  if (column.validity.empty()) {
    column.validity.assign(batch_rows_max / word_bits, 0);
    for (size_t i = 0; i < column.words.size(); ++i) set_bit(column.validity, i);
  }
  column.words.resize(row, 0);
  set_bit(column.validity, row);
}

void OpenBatch::set_text(ColumnIndex column, std::string_view text) {
  put(column, text.size()).bytes.append(text);
  fixed_size_ += text.size();
}

void OpenBatch::set_wide(ColumnIndex column, std::span<const std::byte> value) {
  OpenColumn& target = put(column, 0);
  VERIFY_EQ(value.size(), width_of(kind_of(schema_->column(column).type)));
  target.bytes.append(engine::as_text(value));
}

uint32_t OpenBatch::add_symbol(ColumnIndex column, SymbolId id) {
  std::vector<BatchSymbols::Entry>& entries = this->column(column).symbols.entries;
  entries.push_back({.id = id});
  fixed_size_ += SymbolSectionSizes::symbol;
  return static_cast<uint32_t>(entries.size() - 1);
}

uint32_t OpenBatch::add_symbol(ColumnIndex column, std::string_view text) {
  BatchSymbols& symbols = this->column(column).symbols;
  symbols.entries.push_back({.id = symbol_none,
                             .sent_text = true,
                             .text_offset = static_cast<uint32_t>(symbols.texts.size()),
                             .text_size = static_cast<uint32_t>(text.size())});
  symbols.texts.append(text);
  fixed_size_ += SymbolSectionSizes::symbol + text.size();
  return static_cast<uint32_t>(symbols.entries.size() - 1);
}

void OpenBatch::complete_validity(OpenColumn& column) const {
  if (column.validity.empty()) {
    column.validity.assign(batch_rows_max / word_bits, 0);
    for (size_t i = 0; i < column.present; ++i) set_bit(column.validity, i);
  }
  column.words.resize(rows_, 0);
}

void OpenBatch::write_column(OpenColumn& column, BatchEntry& entry, std::vector<std::byte>& body) const {
  VERIFY_LE(column.present, rows_);
  const ColumnType type = schema_->column(column.index).type;
  const Kind kind = kind_of(type);
  const bool has_nulls = column.present != rows_;
  if (has_nulls) complete_validity(column);

  Range range;
  BatchEncoding encoding = BatchEncoding::raw;
  if (kind == Kind::texts) {
    encoding = text_encoding(*std::ranges::max_element(column.words));
  } else if (is_word(kind)) {
    if (has_nulls) fill_nulls(column.words, column.validity);
    range = range_of(type, column.words);
    encoding = frame_encoding(range.span);
  }
  const bool is_raw = encoding == BatchEncoding::raw;

  const size_t start = align_up(body.size(), batch_alignment);
  const size_t bitmap_size = has_nulls ? batch_validity_size(rows_) : 0;
  const size_t values_size = rows_ * (is_raw ? width_of(kind) : encoded_width(encoding));
  const size_t texts_size = is_text(encoding) ? column.bytes.size() : 0;
  body.resize(start + bitmap_size + values_size + texts_size);
  std::byte* target = body.data() + start;
  if (has_nulls) std::memcpy(target, column.validity.data(), bitmap_size);
  target += bitmap_size;
  if (is_raw) {
    write_raw(column.bytes, width_of(kind), has_nulls ? &column.validity : nullptr, rows_, target);
  } else {
    write_narrowed(column.words, range.base, encoded_width(encoding), target);
  }
  if (texts_size != 0) std::memcpy(target + values_size, column.bytes.data(), texts_size);
  entry = {.column = schema_->column(column.index).id.value,
           .type = static_cast<uint8_t>(type),
           .encoding = static_cast<uint8_t>(encoding),
           .flags = has_nulls ? batch_entry_has_nulls : uint8_t{0},
           .width = is_raw ? static_cast<uint8_t>(width_of(kind)) : uint8_t{0},
           .offset = static_cast<uint32_t>(start),
           .size = static_cast<uint32_t>(body.size() - start),
           .base = range.base};
}

void OpenBatch::seal(std::vector<std::byte>& body, std::vector<BatchSymbols>& symbols) {
  VERIFY_GT(rows_, 0U);
  VERIFY_LE(rows_, batch_rows_max);
  VERIFY_NE(slots_[schema_->designated.value], 0U);
  OpenColumn& designated = columns_[slots_[schema_->designated.value] - 1];
  VERIFY_EQ(designated.present, rows_);
  const Range time = range_of<int64_t>(designated.words);
  const BatchHeader header{.rows = rows_,
                           .column_count = static_cast<uint32_t>(columns_used_),
                           .schema_version = schema_->version,
                           .designated = slots_[schema_->designated.value] - 1,
                           .timestamp_min = static_cast<int64_t>(time.base),
                           .timestamp_max = static_cast<int64_t>(time.base + time.span)};
  body.clear();
  body.resize(sizeof(BatchHeader) + columns_used_ * sizeof(BatchEntry));
  store(body.data(), header);
  symbols.clear();
  for (size_t i = 0; i < columns_used_; ++i) {
    BatchEntry entry{};
    write_column(columns_[i], entry, body);
    store(body.data() + sizeof(BatchHeader) + i * sizeof(BatchEntry), entry);
    if (!columns_[i].symbols.entries.empty()) symbols.push_back(columns_[i].symbols);
  }
  VERIFY_LE(body.size(), size_max());
  give_back();
  rows_ = 0;
  open(std::move(schema_));
}

size_t OpenBatch::memory_size() const {
  size_t size = slots_.capacity() * sizeof(uint32_t);
  for (const OpenColumn& column : columns_) size += column.capacity();
  return size;
}

// Column places are taken in the order in which a batch meets its columns, so that in time every place would have held the
// longest column of any batch.
void OpenBatch::give_back() {
  if (memory_size() > open_batch_kept_max) std::vector<OpenColumn>().swap(columns_);
}

}  // namespace storage
