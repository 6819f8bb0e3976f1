// Reads a sealed ColumnBatch, now or after a crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/status.h"
#include "storage/batch/batch_format.h"
#include "storage/batch/column_vector.h"
#include "storage/schema/ids.h"

namespace storage {

// One column of a sealed body.
struct BatchColumn {
  ColumnId id;
  ColumnType type{};
  BatchEncoding encoding{};
  uint64_t base = 0;
  const std::byte* validity = nullptr;  // null when every row has a value
  std::span<const std::byte> values;

  bool present(uint32_t row) const {
    return validity == nullptr || ((static_cast<unsigned>(validity[row / 8]) >> (row % 8)) & 1U) != 0;
  }
};

// Reads a sealed body in place. parse() checks every count, offset and size, so a body from a damaged disk is rejected, not
// believed.
class BatchView {
 public:
  static absl::StatusOr<BatchView> parse(std::span<const std::byte> body);

  uint32_t rows() const { return header_.rows; }
  uint32_t schema_version() const { return header_.schema_version; }
  int64_t timestamp_min() const { return header_.timestamp_min; }
  int64_t timestamp_max() const { return header_.timestamp_max; }
  std::span<const BatchColumn> columns() const { return columns_; }
  const BatchColumn& designated() const { return columns_[header_.designated]; }

 private:
  BatchHeader header_{};
  std::vector<BatchColumn> columns_;
};

// Appends a place for every row to all of `target` but `present`.
void decode(const BatchColumn& column, uint32_t rows, ColumnVector& target);

}  // namespace storage
