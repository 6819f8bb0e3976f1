// Random rows of one lane, for tests: sealed bodies as a WAL would hold them, and the model of what they mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/base/prng.h"
#include "storage/apply/lane_writer.h"
#include "storage/apply/row_block.h"
#include "storage/batch/column_batch.h"
#include "storage/schema/schema.h"
#include "tests/storage/table_model.h"

namespace tests {

struct WorkloadOptions {
  storage::PartitionUnit partition_unit = storage::PartitionUnit::hour;
  size_t rows_max = 40;          // of a commit
  int64_t disorder_us = 0;       // rows are up to so much late
  int64_t step_us = 60'000'000;  // from row to row, at most
  uint32_t null_rate = 300'000;  // per million, of each nullable cell
  bool block_texts = false;      // varchars are empty, or whole blocks
};

// A commit: what its frame holds.
struct Commit {
  storage::Txn txn;
  std::vector<std::byte> body;
  std::vector<storage::ResolvedSymbols> symbols;
};

class Workload {
 public:
  Workload(uint64_t seed, const WorkloadOptions& options);

  // Three versions: the second adds columns of other types, the third those that are left.
  const storage::SchemaRef& schema() const { return schemas_.back(); }
  void add_columns();

  // The next commit. New symbols get their ids from `writer`.
  const Commit& commit(storage::LaneWriter& writer);

  // All commits after `txn`, as replay would give them: symbols restored, rows in one block.
  storage::RowBlock replay(storage::LaneWriter& writer, storage::Txn txn) const;

  static void append(storage::RowBlock& block, const Commit& commit);

  const std::vector<ModelRow>& rows() const { return rows_; }
  storage::Txn last_txn() const { return commits_.empty() ? storage::Txn{} : commits_.back().txn; }

 private:
  void add_cell(storage::OpenBatch& batch, uint32_t column, ModelRow& row, storage::LaneWriter& writer,
                std::vector<storage::ResolvedSymbols>& symbols);
  int64_t next_timestamp();
  std::string random_text();
  std::string random_varchar();

  WorkloadOptions options_;
  engine::Prng prng_;
  std::vector<storage::SchemaRef> schemas_;
  std::vector<Commit> commits_;
  std::vector<ModelRow> rows_;
  std::map<storage::ColumnId, std::vector<std::string>> symbols_;  // as the WAL knows them
  int64_t time_us_ = 1'700'000'000'000'000;
};

}  // namespace tests
