// Writes tables as docs/tables.md describes them, by the simplest code that does: a second opinion for readers, and data for
// SQL tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "storage/batch/column_batch.h"
#include "storage/schema/schema.h"
#include "storage/table/manifest.h"

namespace tests {

// Symbols and texts are strings, and so may be the bytes of any value; all that fits a word but doubles and floats is int64.
using Cell = std::variant<std::monostate, bool, int64_t, double, std::string, storage::Long256>;
using Row = std::vector<Cell>;  // one cell per column of the schema

storage::Schema make_table(uint32_t id, const std::string& name, const std::vector<storage::ColumnWish>& columns,
                           uint32_t designated, storage::PartitionUnit unit = storage::PartitionUnit::day);

// Of each column file and dictionary: as a power failure may leave it, so that the manifest's copy must be used; or as written.
enum class LastBlocks { spoilt, whole };

class TableFiles {
 public:
  TableFiles(std::filesystem::path data_directory, storage::Schema schema, storage::LaneNumber lane = {})
      : root_(std::move(data_directory)), schema_(std::move(schema)), lane_{schema_.table, lane} {}

  // In order of arrival.
  void add(Row row) { rows_.push_back(std::move(row)); }

  // All rows so far. Junk follows the committed bytes of every file.
  void write(LastBlocks last_blocks = LastBlocks::spoilt);

  const storage::Schema& schema() const { return schema_; }
  size_t run_count() const { return run_count_; }  // written

  // What a reader must find: sorted by timestamp, ties in order of arrival.
  std::vector<Row> sorted_rows() const;

 private:
  using RunRows = std::vector<const Row*>;

  int64_t timestamp(const Row& row) const { return std::get<int64_t>(row[schema_.designated.value]); }
  void write_partition(storage::PartitionKey key, const RunRows& rows);
  storage::Run write_run(const std::string& directory, storage::RunId id, const RunRows& rows);
  void write_column(const std::string& directory, size_t index, const RunRows& rows, storage::Run& run);
  storage::CommittedFile write_file(const std::string& path, storage::FileKind kind, std::string bytes);
  void write_whole(const std::string& path, const std::string& bytes);

  std::filesystem::path root_;
  storage::Schema schema_;
  storage::LaneId lane_;
  LastBlocks last_blocks_ = LastBlocks::spoilt;
  std::vector<Row> rows_;
  std::map<uint32_t, std::vector<std::string>> dictionaries_;  // by column id
  size_t run_count_ = 0;
};

}  // namespace tests
