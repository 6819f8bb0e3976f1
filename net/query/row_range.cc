#include "net/query/row_range.h"

#include <algorithm>
#include <charconv>

namespace net {
namespace {

// Decimal digits, perhaps behind a minus. What is below zero is 0 here, and what is beyond 64 bits the largest number.
std::optional<uint64_t> parse_row_number(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  if (is_negative) return 0;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc::result_out_of_range ? UINT64_MAX : number;
}

}  // namespace

std::optional<RowRange> parse_row_range(std::string_view text) {
  const size_t comma = text.find(',');
  const std::optional<uint64_t> first = parse_row_number(text.substr(0, comma));
  if (!first) return std::nullopt;
  if (comma == std::string_view::npos) return RowRange{.first = 1, .last = *first};
  const std::string_view rest = text.substr(comma + 1);
  const std::optional<uint64_t> last = rest.empty() ? UINT64_MAX : parse_row_number(rest);
  if (!last) return std::nullopt;
  return RowRange{.first = std::max<uint64_t>(*first, 1), .last = *last};
}

RowRange parse_exp_row_range(std::string_view text) {
  const size_t comma = text.find(',');
  const std::optional<uint64_t> front = parse_row_number(text.substr(0, comma));
  if (!front) return {};
  if (comma == std::string_view::npos || comma == 0) return {.first = 1, .last = *front};
  const uint64_t last = parse_row_number(text.substr(comma + 1)).value_or(UINT64_MAX);
  if (*front >= last) return {.first = 1, .last = 0};
  return {.first = *front + 1, .last = last};
}

}  // namespace net
