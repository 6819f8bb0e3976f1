// The numbers that name things on disk. All are given once and never used again.
#pragma once

#include <cstdint>

#include "engine/base/ids.h"

namespace storage {

using TableId = engine::Id<struct TableTag, uint32_t>;
using ColumnId = engine::Id<struct ColumnTag, uint32_t>;  // unique within its table
// Where a column stands in its schema: every version of the table has it there. Means nothing in another table, nor on disk but
// for the designated column.
using ColumnIndex = engine::Id<struct ColumnIndexTag, uint32_t>;
using LaneNumber = engine::Id<struct LaneTag, uint16_t>;  // within its table; every table starts with lane 0
using StreamId = engine::Id<struct StreamTag, uint64_t>;  // one shard's WAL since one start
using RunId = engine::Id<struct RunTag, uint32_t>;        // within its partition
using SymbolId = engine::Id<struct SymbolTag, uint32_t>;  // within its lane and column, dense from 0
using Lsn = engine::Id<struct LsnTag, uint64_t>;          // ordinal of a frame in its stream, from 1; 0 = none
using Txn = engine::Id<struct TxnTag, uint64_t>;          // a lane's commit number, from 1; 0 = none

// A partition's time bucket: the timestamp of its start, in the designated column's unit; 0 for PartitionUnit::none.
using PartitionKey = engine::Id<struct PartitionTag, int64_t>;

inline constexpr SymbolId symbol_none{UINT32_MAX};

// The lane that every table has. Its owner also writes the table's schema.
inline constexpr LaneNumber lane_first{0};

// What one shard owns of a table.
struct LaneId {
  TableId table;
  LaneNumber lane;

  friend constexpr auto operator<=>(const LaneId&, const LaneId&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const LaneId& id) {
    return H::combine(std::move(state), id.table, id.lane);
  }
};

// A request whose rows commit as a whole: the start and shard that took it, written as the id of that shard's stream, and a
// number that counts them there. Like a stream's id it is never used again.
struct RequestId {
  StreamId source;
  uint64_t number = 0;

  friend constexpr auto operator<=>(const RequestId&, const RequestId&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const RequestId& id) {
    return H::combine(std::move(state), id.source, id.number);
  }
};

}  // namespace storage
