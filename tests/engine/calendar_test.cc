#include "engine/base/calendar.h"

#include <chrono>

#include "tests/catch.h"

namespace engine {
namespace {

TEST_CASE("calendar: every day of <chrono>'s years is the date that <chrono> says, and leads back") {
  using namespace std::chrono;
  // A prime step meets every month, leap days and both ends of years; 146,097 days repeat.
  for (int64_t day = -12'000'000; day < 11'000'000; day += 97) {
    const year_month_day expected{sys_days{days{static_cast<int>(day)}}};
    const CivilDate date = date_of_day(day);
    if (date.year != static_cast<int>(expected.year()) || date.month != static_cast<unsigned>(expected.month()) ||
        date.day != static_cast<unsigned>(expected.day()) || day_of_date(date) != day ||
        weekday_of_day(day) + 1 != weekday{sys_days{days{static_cast<int>(day)}}}.iso_encoding()) {
      FAIL("day " << day);
    }
  }
}

TEST_CASE("calendar: the first and the last day that microseconds can name") {
  CHECK(date_of_day(floor_div(INT64_MAX, 86'400'000'000)) == CivilDate{294'247, 1, 10});
  CHECK(date_of_day(floor_div(INT64_MIN, 86'400'000'000)) == CivilDate{-290'308, 12, 21});
  CHECK(floor_mod(INT64_MIN, 86'400'000'000) >= 0);
  CHECK(floor_div(-1, 10) == -1);
  CHECK(floor_div(-10, 10) == -1);
  CHECK(floor_mod(-10, 10) == 0);
}

TEST_CASE("calendar: the month after") {
  CHECK(month_after({2023, 12, 31}) == CivilDate{2024, 1, 1});
  CHECK(day_of_date(month_after({2024, 2, 1})) - day_of_date({2024, 2, 1}) == 29);
  CHECK(day_of_date(month_after({2100, 2, 1})) - day_of_date({2100, 2, 1}) == 28);
}

}  // namespace
}  // namespace engine
