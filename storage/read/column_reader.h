// Reads one column of one run, front to back, through a window of bounded size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "storage/read/committed_reader.h"
#include "storage/read/table_scan.h"
#include "storage/table/manifest.h"

namespace storage {

class ColumnReader {
 public:
  // `run_column` is null when the run has no file of the column; else it belongs to a manifest that outlives the reader. At
  // most `window_size` bytes are held of values, and as many of where texts begin: a longer text goes to its target at once.
  static absl::StatusOr<ColumnReader> open(engine::FilePool& files, const std::string& run_directory,
                                           const RunColumn* run_column, ColumnType type, size_t window_size);

  // How many of these rows have texts of `size_max` bytes together, as far as it is known without reading another window: 0
  // only when the first one has more. Columns of other types: all.
  absl::StatusOr<size_t> count_fitting(uint64_t row, size_t count, size_t size_max);

  // Appends rows [row, row + count) of the run; symbols as the lane's ids. Null is `present` 0, with a word of 0; types
  // without null are always present. Rows in rising order are read once.
  absl::Status append(uint64_t row, size_t count, ColumnVector& target);

 private:
  ColumnReader(const RunColumn* run_column, ColumnType type, size_t window_size)
      : run_column_(run_column), type_(type), window_size_(window_size) {}

  absl::Status check_sizes() const;
  Kind kind() const { return kind_of(type_); }
  bool is_text() const { return kind() == Kind::texts; }
  uint64_t stored_count() const { return run_column_ == nullptr ? 0 : run_column_->row_count; }
  void append_nulls(size_t count, ColumnVector& target) const;
  absl::Status append_stored(uint64_t index, size_t count, ColumnVector& target);
  absl::Status load_window(uint64_t index);
  absl::Status load_values(uint64_t index, size_t count);
  absl::Status load_texts(uint64_t index);
  absl::Status load_offsets(uint64_t index);
  size_t offsets_count() const { return text_offsets_.empty() ? 0 : text_offsets_.size() - 1; }  // texts they speak of
  void append_value(size_t place, ColumnVector& target) const;
  absl::Status append_text(uint64_t index, ColumnVector& target);
  bool is_present(size_t place) const;

  const RunColumn* run_column_;
  ColumnType type_;
  size_t window_size_;
  std::optional<CommittedReader> values_;
  std::optional<CommittedReader> validity_;
  std::optional<CommittedReader> offsets_;
  std::optional<CommittedReader> texts_;

  // The window: values [window_start_, window_start_ + window_count_) of the files.
  uint64_t window_start_ = 0;
  size_t window_count_ = 0;
  std::vector<std::byte> value_bytes_;     // of bits from byte window_start_ / 8
  std::vector<std::byte> validity_bytes_;  // from byte window_start_ / 8 of the bitmap
  std::string text_bytes_;                 // of all texts of the window, but not of one that is longer than a window

  // Where texts begin, from number offsets_start_ of the file on, and where the last one ends. Includes those of the window.
  uint64_t offsets_start_ = 0;
  std::vector<int64_t> text_offsets_;
};

}  // namespace storage
