// The rows of DATA frames as records: column names, values and texts of symbols, as far as they can be known.
//
// Names come from the CREATE and SCHEMA frames seen before, or else from the table's schema file. Texts of symbols come from
// the frames seen before, or else from the lane's dictionary file. What is known from neither is shown by its number: column_3,
// #17.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "storage/batch/batch_view.h"
#include "storage/batch/symbol_section.h"
#include "storage/schema/schema.h"
#include "storage/wal/format.h"
#include "tools/inspect/output.h"
#include "tools/inspect/source.h"

namespace tools {

class FrameRows {
 public:
  explicit FrameRows(const InspectSource& source) : source_(source) {}

  // The schema of a CREATE or SCHEMA frame.
  void learn(const storage::Schema& schema) { names_.insert_or_assign(schema.table, names_of(schema)); }

  // The rows of a DATA frame, {"lsn": n, "row": i, "values": {...}}. Data-loss: head or body do not decode.
  absl::StatusOr<std::vector<Record>> rows(const storage::WalFrame& frame);

 private:
  struct Named {
    std::string name;
    storage::TypeParameters parameters;
  };
  using Names = std::map<storage::ColumnId, Named>;
  using Texts = std::vector<std::string>;  // by symbol id

  static Names names_of(const storage::Schema& schema);
  const Names& names(storage::TableId table);
  Texts& texts(storage::LaneId lane, storage::ColumnId column);
  void learn(storage::LaneId lane, const storage::SymbolSection& section);
  std::vector<Record> values(const storage::WalFrame& frame, const storage::BatchView& batch,
                             const storage::BatchColumn& column, storage::TypeParameters parameters,
                             const storage::SymbolSection& section);

  const InspectSource& source_;
  std::map<storage::TableId, Names> names_;
  std::map<std::pair<storage::LaneId, storage::ColumnId>, Texts> texts_;
};

// A timestamp as ISO 8601 text.
std::string timestamp_text(int64_t timestamp, storage::ColumnType type);

}  // namespace tools
