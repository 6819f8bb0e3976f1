// Reads rows of a load back and compares: every row there once, in its table, each cell as its number demands, and no row
// besides.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "tools/cli/http_client.h"
#include "tools/load/rows.h"

namespace tools {

class VerifyObserver {
 public:
  virtual ~VerifyObserver() = default;
  virtual void on_checked(uint64_t rows) = 0;
};

class LoadVerifier {
 public:
  static constexpr size_t mismatches_max = 10;  // kept as text

  explicit LoadVerifier(const RowSource& rows);

  // `answer` is what /exec says to SELECT * of a table, or of a part of it. A row that was not sent, that came before, or that
  // has a wrong, missing or superfluous cell is a mismatch.
  void check_rows(uint32_t table, const nlohmann::json& answer);

  // Rows of `table` with first <= number < last that check_rows has not seen are mismatches.
  void require_rows(uint32_t table, uint64_t first, uint64_t last);

  void check_count(uint32_t table, uint64_t found);

  bool seen(RowId id) const { return seen_[rows_.number_of(id)]; }
  // Of a sender, seen so far.
  uint64_t rows_seen(uint32_t sender) const;

  uint64_t rows_checked() const { return rows_checked_; }
  uint64_t cells_checked() const { return cells_checked_; }
  uint64_t mismatch_count() const { return mismatch_count_; }
  const std::vector<std::string>& mismatches() const { return mismatches_; }

  // The rest of these runs the queries. Status: the server did not answer; what it answered shows in the mismatches.

  // count(*) of every table.
  absl::Status verify_counts(HttpClient& server);
  // Every cell of every row. `observer` may be null.
  absl::Status verify_cells(HttpClient& server, VerifyObserver* observer);
  // Every cell of rows from `sample_count` places, spread from the first row to the last.
  absl::Status verify_sample(HttpClient& server);

 private:
  struct Columns;

  void check_row(uint32_t table, const Columns& columns, const nlohmann::json& row);
  void check_cells(RowId id, const Columns& columns, const nlohmann::json& row);
  absl::Status verify_range(HttpClient& server, uint32_t table, uint64_t first, uint64_t last);
  void add_mismatch(std::string text);
  std::string describe(RowId id) const;

  const RowSource& rows_;
  std::vector<bool> seen_;  // by row number
  uint64_t rows_checked_ = 0;
  uint64_t cells_checked_ = 0;
  uint64_t mismatch_count_ = 0;
  std::vector<std::string> mismatches_;
};

}  // namespace tools
