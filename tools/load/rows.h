// The rows of a load: each follows from (sender, sequence) alone, so whoever reads it back can say what every cell must be.
//
// Row numbers order the rows of all senders:  number := sequence * senders + sender,  0 <= number < rows
// The designated timestamp follows from the number, and the number from it, so that no extra column is needed to recognise a
// row:
//   trades    timestamp = start + number * step
//   tsbs-cpu  timestamp = start + (number / 4000) * step, hostname = host_(number % 4000): all hosts report, then time moves on
// The table is sequence % tables. All other cells are bits of a mixture of seed and number.
//
// With new_columns_every = R, a row whose sequence / R is k > 0 carries one field more, extra_k, and all senders come to it at
// about the same time: they compete for adding the column. Types alternate: LONG, DOUBLE, VARCHAR.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/status.h"
#include "tools/load/cell.h"
#include "tools/load/trades.h"
#include "tools/load/tsbs_cpu.h"

namespace tools {

enum class RowShape : uint8_t { trades, tsbs_cpu };

inline constexpr uint32_t senders_max = 10'000;
inline constexpr uint32_t tables_max = 10'000;
inline constexpr size_t table_size_max = 32;      // bytes of a table's name, with its number
inline constexpr uint64_t new_columns_max = 100;  // a sender adds no more than this

struct RowPlan {
  RowShape shape = RowShape::trades;
  uint64_t rows = 1'000'000;
  uint32_t senders = 1;
  uint32_t tables = 1;
  std::string table = "trades";  // tables are called trades_0, trades_1, ...
  uint64_t seed = 1;
  int64_t start_us = 1'640'995'200'000'000;  // 2022-01-01
  int64_t step_us = 1;
  uint64_t new_columns_every = 0;  // sequences; 0: never
};

struct RowId {
  uint32_t sender = 0;
  uint64_t sequence = 0;

  friend auto operator<=>(const RowId&, const RowId&) = default;
};

class RowSource {
 public:
  // invalid_argument when a bound is broken or a timestamp would leave the years 2002 to 2261 (nanoseconds of 19 digits).
  static absl::StatusOr<RowSource> create(const RowPlan& plan);

  struct Filled {
    size_t size = 0;  // bytes
    uint64_t rows = 0;
  };

  // Writes lines of one sender, from `first` on, until `rows_max` or until another might not fit. Buffers hold row_size_max at
  // least.
  Filled fill(RowId first, uint64_t rows_max, std::span<char> buffer) const;
  static constexpr size_t row_size_max = 640;

  // What must be read back for a row: the columns it has, without the designated timestamp.
  std::vector<Cell> cells(RowId id) const;
  int64_t timestamp_us(RowId id) const { return timestamp_us(number_of(id)); }

  // The row with this timestamp, and this hostname (tsbs-cpu; otherwise ignored), if the load has one.
  std::optional<RowId> identify(int64_t timestamp_us, std::string_view hostname) const;

  const RowPlan& plan() const { return plan_; }
  uint64_t number_of(RowId id) const { return id.sequence * plan_.senders + id.sender; }
  RowId row_at(uint64_t number) const { return {static_cast<uint32_t>(number % plan_.senders), number / plan_.senders}; }
  int64_t timestamp_us(uint64_t number) const;
  // Rows that share a timestamp: numbers from a multiple of this to the next one.
  uint64_t rows_per_timestamp() const { return plan_.shape == RowShape::tsbs_cpu ? TsbsCpuShape::host_count : 1; }

  uint64_t sender_rows(uint32_t sender) const;
  uint64_t table_rows(uint32_t table) const;
  uint32_t table_of(RowId id) const { return static_cast<uint32_t>(id.sequence % plan_.tables); }
  std::string table_name(uint32_t table) const;

  // 0: none; k: the row carries extra_k.
  uint64_t extra_column_of(RowId id) const;

 private:
  explicit RowSource(const RowPlan& plan);
  template <typename Shape>
  Filled fill_shape(const Shape& shape, RowId first, uint64_t rows_max, std::span<char> buffer) const;
  uint64_t random_of(uint64_t number) const;

  RowPlan plan_;
  uint64_t seed_mixed_;
  std::vector<TextPiece<table_size_max>> table_texts_;
  std::variant<TradesShape, TsbsCpuShape> shape_;
};

}  // namespace tools
