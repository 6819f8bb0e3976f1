// Durable rows of one lane that wait to be applied, by column, at natural width: sealed bodies decoded one behind the other, in
// order of commit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "storage/batch/column_batch.h"
#include "storage/schema/ids.h"

namespace storage {

// Holds a place for each row up to the last batch that had the column; the rows after them are null (booleans: false).
struct BlockColumn {
  ColumnId id;
  ColumnType type{};
  size_t rows = 0;                // places
  std::vector<uint64_t> words;    // one a place; symbols: id; nulls: 0; texts and long256: unused
  std::vector<uint32_t> lengths;  // varchar: bytes of each place
  std::string texts;
  std::vector<Long256> wide;
  std::vector<uint8_t> present;  // one a place, 0 = null; empty when none of the places is null. Booleans: always empty

  bool has(size_t row) const { return row < rows && (present.empty() || present[row] != 0); }
};

// Rows up to `row_end` (and from the end of the commit before) belong to `txn`.
struct BlockCommit {
  Txn txn;
  size_t row_end = 0;
};

class RowBlock {
 public:
  // Rows of the commit `txn`, which is not below that of the rows before. Every local symbol of `batch` is resolved by
  // `symbols`.
  void append(Txn txn, const BatchView& batch, std::span<const ResolvedSymbols> symbols);

  // Gives every column a place for each row.
  void complete_columns();

  // A commit without rows, a schema change: what is applied up to `txn` includes it.
  void advance(Txn txn) { commits_.push_back({.txn = txn, .row_end = rows_}); }

  // Empties the block and keeps its memory.
  void clear();

  size_t rows() const { return rows_; }
  bool empty() const { return commits_.empty(); }      // of commits
  size_t memory_size() const { return memory_size_; }  // bytes in use, about
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
