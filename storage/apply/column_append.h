// Appends the values of some rows of a block to a column of a run, as much in each round as it has room for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/base/verify.h"
#include "storage/apply/row_order.h"
#include "storage/batch/column_vector.h"
#include "storage/files/growing_file.h"
#include "storage/files/rounds.h"
#include "storage/table/manifest.h"

namespace storage {

// The files of a column in a run, by FileKind; those in RunColumn::files are there.
struct ColumnFiles {
  std::array<std::unique_ptr<GrowingFile>, 5> by_kind;

  GrowingFile& at(FileKind kind) {
    VERIFY(by_kind[static_cast<size_t>(kind)] != nullptr);
    return *by_kind[static_cast<size_t>(kind)];
  }
};

class ColumnAppend {
 public:
  static constexpr size_t files_max = 3;  // of one column; a round needs room for so many

  // Borrows everything. `source` has a place for each row that the slice names. `run_rows` is the run's count before these
  // rows.
  ColumnAppend(const ColumnVector& source, const RowSlice& slice, uint64_t run_rows, const std::string& run_directory,
               RunColumn& target, ColumnFiles& files);

  // None of the rows has a value: there is nothing to append, and no need of a RunColumn.
  static bool is_needless(const ColumnVector& source, const RowSlice& slice);

  // Plans what fits into `round`. True when that was the rest; else the round is to be run, and this to be called with an empty
  // one.
  bool append(IoRound& round);

  // A file was made: its name is to become durable.
  bool made_files() const { return made_files_; }

 private:
  CommittedFile& committed(FileKind kind);
  bool has_file(FileKind kind) const;
  size_t rows_that_fit(size_t memory) const;
  void append_ones(IoRound& round);
  void append_values(IoRound& round, size_t padding, size_t rows);
  void append_texts(IoRound& round, size_t padding, size_t rows);
  template <typename Bit>
  void append_bits(IoRound& round, FileKind kind, size_t bits, Bit bit_at);

  const ColumnVector& source_;
  RowSlice slice_;        // from the first value to the last, less what was appended
  uint64_t padding_ = 0;  // nulls between the values in the run and those of the slice, less what was appended
  const std::string& run_directory_;
  RunColumn& target_;
  ColumnFiles& files_;
  bool nullable_ = false;      // a validity file is needed
  uint64_t ones_missing_ = 0;  // values in the run that a new validity file does not show yet
  bool made_files_ = false;
};

}  // namespace storage
