// One apply: the rows of a block become bytes of column files, round by round. A commit that is larger than a block is applied
// by several, and none of its rows is published before the last one.
//
// Rows are sorted, split by partition and dealt to runs; rows that a partition has already are left out. Then, in this order:
// new dictionary entries, and for each share of rows its columns. All operations of a round that touch the same file are in
// different stages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "storage/apply/column_append.h"
#include "storage/apply/lane_state.h"
#include "storage/apply/row_block.h"
#include "storage/apply/row_order.h"

namespace storage {

class LaneApply {
 public:
  explicit LaneApply(LaneState& state) : state_(state) {}

  // Every row finds a run, whatever a partition has: what was acked can always be applied.
  void start(RowBlock block);

  // Fills `round`, which is empty. False when nothing is left to do.
  bool plan(IoRound& round);

  // Makes the new manifests the published ones, unless the block's last commit goes on in the next one. Returns the block,
  // empty.
  RowBlock finish(BlockEnd end);

 private:
  struct Share {
    PartitionState* partition;
    RunShare rows;
  };

  // Where a value of a column with few of them is in the sorted rows.
  struct SortedPlace {
    uint32_t position;
    uint32_t place;  // in the column
  };

  void publish();
  void sort_rows();
  void sort_sparse_columns();
  std::vector<SortedPlace> sort_places(const BlockColumn& column, std::span<const uint32_t> positions) const;
  RowSlice spread_out(const BlockColumn& source, std::span<const SortedPlace> places, RowSlice slice);
  void split_rows();
  void leave_out_applied(Txn applied, RowSlice& slice);
  bool plan_dictionaries(IoRound& round);
  bool append_symbols(IoRound& round, DictionaryState& dictionary);
  void append_symbols(IoRound& round, DictionaryState& dictionary, uint32_t end);
  bool plan_share(IoRound& round, const Share& share);
  void open_share(IoRound& round, const Share& share);
  void close_share(const Share& share);
  bool plan_column(IoRound& round, const Share& share, size_t index);

  LaneState& state_;
  RowBlock block_;
  std::vector<uint32_t> order_;                   // empty: as they are
  std::vector<std::vector<SortedPlace>> sparse_;  // by block column; of those without a place for each row
  std::vector<PartitionState*> touched_;          // with manifests that are not published
  std::vector<Share> shares_;

  // Where plan() goes on.
  bool dictionaries_planned_ = false;
  size_t share_ = 0;
  bool share_open_ = false;
  size_t column_ = 0;  // of the share
  std::optional<ColumnAppend> append_;
  ColumnVector spread_;  // what append_ reads of a sparse column: the rows from its first value in the share to its last
};

}  // namespace storage
