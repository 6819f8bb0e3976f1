#include "storage/apply/row_block.h"

#include <algorithm>
#include <string_view>

#include "engine/base/verify.h"

namespace storage {

namespace {

bool is_text(ColumnType type) { return type == ColumnType::varchar; }

// Places without a value up to `rows`: what a column does not hold because batches came without it.
void pad(BlockColumn& column, size_t rows) {
  if (column.rows == rows) return;
  if (column.type != ColumnType::boolean) {
    if (column.present.empty()) column.present.assign(column.rows, 1);
    column.present.resize(rows, 0);
  }
  if (is_text(column.type)) {
    column.lengths.resize(rows, 0);
  } else if (column.type == ColumnType::long256) {
    column.wide.resize(rows);
  } else {
    column.words.resize(rows, 0);
  }
  column.rows = rows;
}

void append_present(BlockColumn& target, const BatchColumn& source, size_t start, uint32_t rows) {
  if (source.type == ColumnType::boolean) return;
  if (source.validity == nullptr) {
    if (!target.present.empty()) target.present.resize(start + rows, 1);
    return;
  }
  if (target.present.empty()) target.present.assign(start, 1);
  target.present.resize(start + rows);
  uint8_t* const present = target.present.data() + start;
  for (uint32_t row = 0; row < rows; ++row) present[row] = source.present(row) ? 1 : 0;
}

// Turns the local indices from row `start` on into ids.
void resolve(BlockColumn& target, size_t start, std::span<const ResolvedSymbols> symbols) {
  const auto found =
      std::find_if(symbols.begin(), symbols.end(), [&](const ResolvedSymbols& s) { return s.column == target.id; });
  VERIFY(found != symbols.end());
  const std::span<uint64_t> words = std::span(target.words).subspan(start);
  // The body's checksum held, but whoever wrote it must not be able to make us read beyond the table.
  const size_t count = found->ids.size();
  uint64_t largest = 0;
  for (const uint64_t word : words) largest = std::max(largest, word);
  if (count != 0 && target.present.empty()) {
    VERIFY_LT(largest, count);
    for (uint64_t& word : words) word = found->ids[word].value;
    return;
  }
  for (size_t i = 0; i < words.size(); ++i) {
    if (target.present[start + i] == 0) continue;
    VERIFY_LT(words[i], count);
    words[i] = found->ids[words[i]].value;
  }
}

}  // namespace

std::span<const int64_t> RowBlock::timestamps() const {
  if (rows_ == 0) return {};
  // The standard lets an unsigned integer be read as the signed one of its width.
  return {reinterpret_cast<const int64_t*>(columns_.front().words.data()), rows_};
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
  if (commits_.empty() || commits_.back().txn != txn) commits_.push_back({txn, 0});
  commits_.back().row_end = rows_;
}

void RowBlock::complete_columns() {
  for (BlockColumn& column : std::span(columns_).first(columns_used_)) pad(column, rows_);
}

void RowBlock::clear() {
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
  const int64_t* const timestamps = reinterpret_cast<const int64_t*>(target.words.data());
  bool falls = false;
  for (size_t row = std::max<size_t>(rows_, 1); row < target.rows; ++row) falls |= timestamps[row] < timestamps[row - 1];
  in_order_ &= !falls;
}

// Batches of a lane mostly have the same columns in the same order: `hint` is the position to expect.
BlockColumn& RowBlock::column(const BatchColumn& source, size_t hint) {
  if (hint < columns_used_ && columns_[hint].id == source.id) {
    VERIFY_EQ(columns_[hint].type, source.type);
    return columns_[hint];
  }
  const auto [found, added] = positions_.try_emplace(source.id, columns_used_);
  if (!added) {
    VERIFY_EQ(columns_[found->second].type, source.type);
    return columns_[found->second];
  }
  if (columns_used_ == columns_.size()) columns_.emplace_back();
  BlockColumn& column = columns_[columns_used_++];
  column.id = source.id;
  column.type = source.type;
  column.rows = 0;
  column.words.clear();
  column.lengths.clear();
  column.texts.clear();
  column.wide.clear();
  column.present.clear();
  return column;
}

void RowBlock::append_column(BlockColumn& target, const BatchColumn& source, uint32_t batch_rows,
                             std::span<const ResolvedSymbols> symbols) {
  pad(target, rows_);
  append_present(target, source, rows_, batch_rows);
  const size_t texts_before = target.texts.size();
  if (is_text(target.type)) {
    decode_texts(source, batch_rows, target.lengths, target.texts);
    memory_size_ += batch_rows * sizeof(uint32_t) + target.texts.size() - texts_before;
  } else if (target.type == ColumnType::long256) {
    decode_wide(source, batch_rows, target.wide);
    memory_size_ += batch_rows * sizeof(Long256);
  } else {
    decode_words(source, batch_rows, target.words);
    if (target.type == ColumnType::symbol) resolve(target, rows_, symbols);
    memory_size_ += batch_rows * sizeof(uint64_t);
  }
  target.rows = rows_ + batch_rows;
}

}  // namespace storage
