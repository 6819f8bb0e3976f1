// Durable rows of one lane that wait to be applied, by column, at natural width: sealed bodies decoded one behind the other, in
// order of commit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "storage/column_batch.h"
#include "storage/ids.h"

namespace storage {

// Ids of a batch's local symbols: for the symbol column `column`, local index i means ids[i].
struct ResolvedSymbols {
  ColumnId column;
  std::vector<SymbolId> ids;
};

struct BlockColumn {
  ColumnId id;
  ColumnType type{};
  std::vector<uint64_t> words;     // one a row up to the last value; symbols: id; texts and long256: unused
  std::vector<uint32_t> lengths;   // texts: bytes a row
  std::string texts;
  std::vector<Long256> wide;
  std::vector<uint8_t> present;    // one a row up to the last value; 0 = null
};

class RowBlock {
 public:
  // Rows of the commit `txn`, which is not below that of the rows before. Every local symbol of `batch` is resolved by `symbols`.
  void append(Txn txn, const BatchView& batch, std::span<const ResolvedSymbols> symbols);

  void clear();

  size_t rows() const { return timestamps_.size(); }
  bool empty() const { return timestamps_.empty(); }
  size_t memory_size() const { return memory_size_; }  // bytes held, about
  Txn last_txn() const { return last_txn_; }
  bool in_order() const { return in_order_; }          // timestamps never fall
  std::span<const int64_t> timestamps() const { return timestamps_; }
  std::span<const Txn> txns() const { return txns_; }  // of each row
  std::span<const BlockColumn> columns() const { return columns_; }

 private:
  BlockColumn& column(const BatchColumn& source);

  std::vector<int64_t> timestamps_;
  std::vector<Txn> txns_;
  std::vector<BlockColumn> columns_;
  size_t memory_size_ = 0;
  Txn last_txn_;
  bool in_order_ = true;
};

}  // namespace storage
