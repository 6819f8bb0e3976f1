// Durable rows of one lane that wait to be applied, by column, at natural width: sealed bodies decoded one behind the other, in
// order of commit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/verify.h"
#include "storage/batch/batch_symbols.h"
#include "storage/batch/batch_view.h"
#include "storage/batch/column_vector.h"
#include "storage/schema/ids.h"

namespace storage {

// A place for each row of the batches that had the column. The other rows are null (of types without null: 0) and take no
// memory, so that a block is as large as what came, not rows x columns:
//
//   rows      0 1 2 3 4 5 6 7         batches of 2, 3 and 3 rows, the first and the last with the column
//   places    0 1       2 3 4         pieces {row 0, place 0}, {row 5, place 2}
struct BlockColumn {
  struct Piece {
    size_t row;    // of the block, the piece's first one
    size_t place;  // its
  };

  ColumnId id;
  ColumnVector values;  // `present` is empty when none of the places is null, and for types without null
  std::vector<Piece> pieces;

  size_t row_end() const { return pieces.empty() ? 0 : pieces.back().row + values.places() - pieces.back().place; }
  // The row of a place is its number, and no row is without a place.
  bool is_full(size_t rows) const { return values.places() == rows; }
};

// Rows up to `row_end` (and from the end of the commit before) belong to `txn`.
struct BlockCommit {
  Txn txn;
  size_t row_end = 0;
};

// Where the last commit of a block ends: with it, or in a further one.
enum class BlockEnd : uint8_t { whole, goes_on };

class RowBlock {
 public:
  static constexpr size_t memory_kept_max = size_t{16} << 20;

  // Rows of the commit `txn`, which is not below that of the rows before. Every local symbol of `batch` is resolved by
  // `symbols`.
  void append(Txn txn, const BatchView& batch, std::span<const ResolvedSymbols> symbols);

  // Gives every column a place for each row that has one for half of them already.
  void complete_columns();

  // A commit without rows, a schema change: what is applied up to `txn` includes it.
  void advance(Txn txn) {
    VERIFY_GT(txn, last_txn());
    commits_.push_back({.txn = txn, .row_end = rows_});
  }

  // Empties the block and keeps its memory, up to memory_kept_max.
  void clear();

  size_t rows() const { return rows_; }
  bool empty() const { return commits_.empty(); }  // of commits
  size_t memory_size() const {
    return memory_size_;
  }                         // bytes in use; what is allocated is less than twice that, but for clear()
  size_t capacity() const;  // bytes allocated
  Txn last_txn() const { return commits_.empty() ? Txn{} : commits_.back().txn; }
  bool in_order() const { return in_order_; }  // timestamps never fall
  std::span<const int64_t> timestamps() const;
  std::span<const BlockCommit> commits() const { return commits_; }

  // The first one, when there are rows, is the designated timestamp.
  std::span<const BlockColumn> columns() const { return std::span(columns_).first(columns_used_); }

 private:
  BlockColumn& column(const BatchColumn& source, size_t hint);
  void append_column(BlockColumn& target, const BatchColumn& source, uint32_t batch_rows,
                     std::span<const ResolvedSymbols> symbols);
  void append_timestamps(const BatchView& batch);

  size_t rows_ = 0;
  std::vector<BlockCommit> commits_;
  std::vector<BlockColumn> columns_;  // the first columns_used_ are in use, the others keep their memory
  size_t columns_used_ = 0;
  absl::flat_hash_map<ColumnId, size_t> positions_;
  size_t memory_size_ = 0;
  bool in_order_ = true;
};

}  // namespace storage
