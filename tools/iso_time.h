// Instants as ISO 8601 text in UTC, as people type them and as /exec answers them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tools {

// "2022-01-01T00:00:00.000001Z": microseconds since 1970.
std::string iso_from_microseconds(int64_t microseconds);

// A date, or a date and a time of day with up to nine decimals, with or without the Z. Decimals beyond the sixth must be zero,
// for the result counts microseconds since 1970.
std::optional<int64_t> microseconds_from_iso(std::string_view text);

}  // namespace tools
