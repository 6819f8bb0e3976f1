#include "tools/iso_time.h"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>

namespace tools {
namespace {

constexpr int64_t microseconds_per_second = 1'000'000;
constexpr int64_t seconds_per_day = 86'400;

// Reads exactly `count` digits at the front of `text` and removes them.
bool take_digits(std::string_view& text, size_t count, int64_t& value) {
  if (text.size() < count) return false;
  value = 0;
  for (const char digit : text.substr(0, count)) {
    if (digit < '0' || digit > '9') return false;
    value = value * 10 + (digit - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool take_char(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

// Days since 1970.
bool take_date(std::string_view& text, int64_t& days) {
  int64_t year = 0;
  int64_t month = 0;
  int64_t day = 0;
  if (!take_digits(text, 4, year) || !take_char(text, '-') || !take_digits(text, 2, month) || !take_char(text, '-') ||
      !take_digits(text, 2, day)) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  days = std::chrono::sys_days(date).time_since_epoch().count();
  return true;
}

// The decimals after the point, as microseconds.
bool take_fraction(std::string_view& text, int64_t& microseconds) {
  int64_t unit = 100'000;
  size_t count = 0;
  for (microseconds = 0; !text.empty() && text.front() >= '0' && text.front() <= '9' && count < 9; ++count) {
    const int64_t digit = text.front() - '0';
    if (unit == 0 && digit != 0) return false;
    microseconds += digit * unit;
    unit /= 10;
    text.remove_prefix(1);
  }
  return count > 0;
}

bool take_time(std::string_view& text, int64_t& microseconds) {
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  int64_t fraction = 0;
  if (!take_digits(text, 2, hour) || !take_char(text, ':') || !take_digits(text, 2, minute) || !take_char(text, ':') ||
      !take_digits(text, 2, second)) {
    return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  if (take_char(text, '.') && !take_fraction(text, fraction)) return false;
  microseconds = ((hour * 60 + minute) * 60 + second) * microseconds_per_second + fraction;
  return true;
}

}  // namespace

std::string iso_from_microseconds(int64_t microseconds) {
  const std::chrono::sys_time<std::chrono::microseconds> instant{std::chrono::microseconds(microseconds)};
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{instant - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

std::optional<int64_t> microseconds_from_iso(std::string_view text) {
  int64_t days = 0;
  int64_t microseconds = 0;
  if (!take_date(text, days)) return std::nullopt;
  if (take_char(text, 'T') && !take_time(text, microseconds)) return std::nullopt;
  take_char(text, 'Z');
  if (!text.empty()) return std::nullopt;
  return days * seconds_per_day * microseconds_per_second + microseconds;
}

}  // namespace tools
