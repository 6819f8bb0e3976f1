// Days since 1970-01-01 and the civil dates they are, proleptic Gregorian, for every day that an int64 of microseconds can
// name. <chrono>'s years end at 32767, those of microseconds at 294247: the same arithmetic on int64 (Howard Hinnant,
// chrono-compatible low-level date algorithms).
#pragma once

#include <cstdint>

namespace engine {

inline constexpr int64_t seconds_per_day = 86'400;

// The quotient rounded down, and the rest, never negative for a divisor above zero; right up to the ends of int64, where
// quotient * divisor is not.
constexpr int64_t floor_div(int64_t value, int64_t divisor) { return value / divisor - (value % divisor < 0 ? 1 : 0); }
constexpr int64_t floor_mod(int64_t value, int64_t divisor) { return value % divisor + (value % divisor < 0 ? divisor : 0); }

struct CivilDate {
  int64_t year = 0;
  int64_t month = 1;  // from 1
  int64_t day = 1;    // from 1

  friend constexpr bool operator==(const CivilDate&, const CivilDate&) = default;
};

// The calendar repeats, weekdays included, after an era of 400 years. Within one, a year begins in March, so that the day which
// leap years add is its last:
//
//   0000-03-01 = day 0 of era 0;  1970-01-01 = day 719'468 of it
inline constexpr int64_t days_per_era = 146'097;
inline constexpr int64_t days_before_1970 = 719'468;

constexpr CivilDate date_of_day(int64_t day) {
  const int64_t since_era_0 = day + days_before_1970;
  const int64_t era = floor_div(since_era_0, days_per_era);
  const int64_t day_of_era = floor_mod(since_era_0, days_per_era);
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t march_month = (5 * day_of_year + 2) / 153;  // March is 0
  const int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
  return {.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
          .month = month,
          .day = day_of_year - (153 * march_month + 2) / 5 + 1};
}

constexpr int64_t day_of_date(const CivilDate& date) {
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = floor_div(year, 400);
  const int64_t year_of_era = floor_mod(year, 400);
  const int64_t march_month = date.month > 2 ? date.month - 3 : date.month + 9;
  const int64_t day_of_year = (153 * march_month + 2) / 5 + date.day - 1;
  return era * days_per_era + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - days_before_1970;
}

static_assert(day_of_date({1970, 1, 1}) == 0 && day_of_date({2000, 2, 29}) == 11'016);
static_assert(date_of_day(11'016) == CivilDate{2000, 2, 29} && date_of_day(-1) == CivilDate{1969, 12, 31});

constexpr CivilDate month_after(const CivilDate& date) {
  return date.month == 12 ? CivilDate{date.year + 1, 1, 1} : CivilDate{date.year, date.month + 1, 1};
}

// 1970-01-01 was a Thursday. 0 is Monday.
constexpr int64_t weekday_of_day(int64_t day) { return floor_mod(day + 3, 7); }

}  // namespace engine
