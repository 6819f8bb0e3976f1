// The numbers of line protocol text, exactly as QuestDB reads them: which spellings pass, and what they mean. Each function
// takes one whole token without its type suffix and returns nothing when the token is no such number.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace net {

// [-] digits, with single '_' between digits and one L or l behind them allowed. Overflow is no number.
std::optional<int64_t> parse_long(std::string_view token);

// [+-] decimal digits with '.' and exponent, or 0x hex with a 'p' exponent, one D allowed behind; or [+-] NaN, Infinity. Finite
// text that overflows, or is not zero and underflows to zero, is no number. The result is correctly rounded.
std::optional<double> parse_double(std::string_view token);

// 1 to 64 hex digits of either case. Least significant word first.
std::optional<std::array<uint64_t, 4>> parse_long256(std::string_view digits);

}  // namespace net
