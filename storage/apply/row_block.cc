#include "storage/apply/row_block.h"

#include <algorithm>
#include <string_view>

#include "engine/base/verify.h"

namespace storage {

namespace {

size_t size_of(const BlockColumn& column) {
  return sizeof(BlockColumn) + column.values.size() + column.pieces.size() * sizeof(BlockColumn::Piece);
}

// A place for every row: those that come anew are null.
void fill_up(BlockColumn& column, size_t rows) {
  ColumnVector full{.type = column.values.type};
  const bool has_null = row_of(full.type).has_null;
  const bool is_text = full.kind() == Kind::texts;
  full.words.resize(rows);
  if (is_text) full.sizes.resize(rows);
  if (has_null) full.present.resize(rows);
  for (size_t i = 0; i < column.pieces.size(); ++i) {
    const BlockColumn::Piece piece = column.pieces[i];
    const size_t place_end = i + 1 < column.pieces.size() ? column.pieces[i + 1].place : column.values.places();
    const size_t count = place_end - piece.place;
    VERIFY_LE(piece.row + count, rows);
    std::copy_n(column.values.words.data() + piece.place, count, full.words.data() + piece.row);
    if (is_text) std::copy_n(column.values.sizes.data() + piece.place, count, full.sizes.data() + piece.row);
    for (size_t k = 0; has_null && k < count; ++k) full.present[piece.row + k] = column.values.has(piece.place + k) ? 1 : 0;
  }
  full.bytes = std::move(column.values.bytes);
  column.values = std::move(full);
  column.pieces = {{.row = 0, .place = 0}};
}

void append_present(ColumnVector& target, const BatchColumn& source, size_t start, uint32_t rows) {
  if (!row_of(source.type).has_null) return;
  if (source.validity == nullptr) {
    if (!target.present.empty()) target.present.resize(start + rows, 1);
    return;
  }
  if (target.present.empty()) target.present.assign(start, 1);
  target.present.resize(start + rows);
  uint8_t* const present = target.present.data() + start;
  for (uint32_t row = 0; row < rows; ++row) present[row] = source.present(row) ? 1 : 0;
}

// Turns the local indices from place `start` on into ids.
void resolve(BlockColumn& target, size_t start, std::span<const ResolvedSymbols> symbols) {
  const auto found =
      std::find_if(symbols.begin(), symbols.end(), [&](const ResolvedSymbols& s) { return s.column == target.id; });
  VERIFY(found != symbols.end());
  const std::span<uint64_t> words = std::span(target.values.words).subspan(start);
  // The body's checksum held, but whoever wrote it must not be able to make us read beyond the table.
  const size_t count = found->ids.size();
  uint64_t largest = 0;
  for (const uint64_t word : words) largest = std::max(largest, word);
  if (count != 0 && target.values.present.empty()) {
    VERIFY_LT(largest, count);
    for (uint64_t& word : words) word = found->ids[word].value;
    return;
  }
  for (size_t i = 0; i < words.size(); ++i) {
    if (!target.values.has(start + i)) continue;
    VERIFY_LT(words[i], count);
    words[i] = found->ids[words[i]].value;
  }
}

}  // namespace

std::span<const int64_t> RowBlock::timestamps() const {
  if (rows_ == 0) return {};
  // The standard lets an unsigned integer be read as the signed one of its width.
  return {reinterpret_cast<const int64_t*>(columns_.front().values.words.data()), rows_};
}

void RowBlock::append(Txn txn, const BatchView& batch, std::span<const ResolvedSymbols> symbols) {
  VERIFY_GE(txn, last_txn());
  const uint32_t batch_rows = batch.rows();
  if (batch_rows == 0) return;
  append_timestamps(batch);
  size_t hint = 0;
  for (const BatchColumn& source : batch.columns()) {
    if (&source == &batch.designated()) continue;
    BlockColumn& target = column(source, ++hint);
    append_column(target, source, batch_rows, symbols);
  }
  rows_ += batch_rows;
  VERIFY_LT(rows_, UINT32_MAX);  // sorting numbers them in 32 bits
  if (commits_.empty() || commits_.back().txn != txn) commits_.push_back({txn, 0});
  commits_.back().row_end = rows_;
}

void RowBlock::complete_columns() {
  for (BlockColumn& column : std::span(columns_).first(columns_used_)) {
    if (!column.is_full(rows_) && column.values.places() >= rows_ / 2) fill_up(column, rows_);
  }
}

size_t RowBlock::capacity() const {
  size_t size = commits_.capacity() * sizeof(BlockCommit) + columns_.capacity() * sizeof(BlockColumn);
  for (const BlockColumn& column : columns_) {
    size += column.values.capacity() + column.pieces.capacity() * sizeof(BlockColumn::Piece);
  }
  return size;
}

void RowBlock::clear() {
  if (capacity() > memory_kept_max) std::vector<BlockColumn>().swap(columns_);
  rows_ = 0;
  commits_.clear();
  columns_used_ = 0;
  positions_.clear();
  memory_size_ = 0;
  in_order_ = true;
}

void RowBlock::append_timestamps(const BatchView& batch) {
  BlockColumn& target = column(batch.designated(), 0);
  VERIFY(&target == columns_.data());
  VERIFY(batch.designated().validity == nullptr);
  append_column(target, batch.designated(), batch.rows(), {});
  const int64_t* const timestamps = reinterpret_cast<const int64_t*>(target.values.words.data());
  bool falls = false;
  for (size_t row = std::max<size_t>(rows_, 1); row < target.values.places(); ++row)
    falls |= timestamps[row] < timestamps[row - 1];
  in_order_ &= !falls;
}

// Batches of a lane mostly have the same columns in the same order: `hint` is the position to expect.
BlockColumn& RowBlock::column(const BatchColumn& source, size_t hint) {
  if (hint < columns_used_ && columns_[hint].id == source.id) {
    VERIFY_EQ(columns_[hint].values.type, source.type);
    return columns_[hint];
  }
  const auto [found, added] = positions_.try_emplace(source.id, columns_used_);
  if (!added) {
    VERIFY_EQ(columns_[found->second].values.type, source.type);
    return columns_[found->second];
  }
  VERIFY_EQ(positions_.size(), columns_used_ + 1);
  if (columns_used_ == columns_.size()) columns_.emplace_back();
  BlockColumn& column = columns_[columns_used_++];
  column.id = source.id;
  column.values.clear();
  column.values.type = source.type;
  column.pieces.clear();
  memory_size_ += sizeof(BlockColumn);
  return column;
}

void RowBlock::append_column(BlockColumn& target, const BatchColumn& source, uint32_t batch_rows,
                             std::span<const ResolvedSymbols> symbols) {
  const size_t before = size_of(target);
  const size_t start = target.values.places();
  VERIFY_LE(target.row_end(), rows_);
  if (target.pieces.empty() || target.row_end() != rows_) target.pieces.push_back({.row = rows_, .place = start});
  append_present(target.values, source, start, batch_rows);
  decode(source, batch_rows, target.values);
  if (is_symbol(source.type)) resolve(target, start, symbols);
  VERIFY_EQ(target.values.places(), start + batch_rows);
  memory_size_ += size_of(target) - before;
}

}  // namespace storage
