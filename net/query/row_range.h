// Which rows of a result are wanted: the parameter `limit` of QuestDB's HTTP interface.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace net {

// Rows from 1 on, both included.
struct RowRange {
  uint64_t first = 1;
  uint64_t last = UINT64_MAX;

  bool is_empty() const { return last < first; }
};

// "3": rows 1 to 3. "2,4": rows 2 to 4; "0,4" like "1,4". "2,": from row 2 on. "0" and a negative number: none. Nothing for
// other texts.
std::optional<RowRange> parse_row_range(std::string_view text);

// The same parameter of its export, where it means something else. "3": rows 1 to 3. "2,4": rows 3 and 4. "2,": from row 3 on.
// A negative number is 0, and what is no number is as if it were not there.
RowRange parse_exp_row_range(std::string_view text);

}  // namespace net
