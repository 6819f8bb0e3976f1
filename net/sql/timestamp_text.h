// Timestamps as ISO 8601 text in UTC, as SQL shows and takes them.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "engine/base/time.h"

namespace net {

// A point in time that holds every timestamp of either unit, and more.
struct TimePoint {
  int64_t seconds = 0;  // since 1970, may be negative
  int32_t ns = 0;       // 0 to 999'999'999

  friend constexpr auto operator<=>(const TimePoint&, const TimePoint&) = default;
};

inline constexpr size_t timestamp_text_size_max = 40;

// "2022-01-01T00:00:00.000000Z", with nine decimals for ns and three for ms. Years have four digits or more, and a sign before
// year 0. The text is written to `buffer`.
std::string_view format_timestamp(int64_t timestamp, engine::TimeUnit unit, std::span<char, timestamp_text_size_max> buffer);

// Takes what format_timestamp writes, and its shorter forms: "2022", "2022-01", "2022-01-01", "2022-01-01T10", "...T10:30",
// "...T10:30:15", with a space for the T, up to nine decimals, and "Z", an offset like "+01:00" or nothing (UTC) at the end.
// Digits alone, other than four, count `unit`s since 1970.
std::optional<TimePoint> parse_time_point(std::string_view text, engine::TimeUnit unit);

// The last timestamp that is not after `point`, held to the range of int64.
int64_t floor_timestamp(TimePoint point, engine::TimeUnit unit);

// The first timestamp that is not before `point`, held to the range of int64.
int64_t ceil_timestamp(TimePoint point, engine::TimeUnit unit);

}  // namespace net
