#include "net/sql/timestamp_text.h"

#include <array>
#include <charconv>
#include <limits>

#include "engine/base/calendar.h"
#include "engine/base/verify.h"

namespace net {
namespace {

using engine::CivilDate;
using engine::date_of_day;
using engine::day_of_date;
using engine::floor_div;
using engine::floor_mod;
using engine::seconds_per_day;
using engine::TimeUnit;

__extension__ using Wide = __int128;

constexpr int64_t ns_per_second = 1'000'000'000;

constexpr int64_t units_per_second(TimeUnit unit) { return ns_per_second / engine::ns_per(unit); }

// Writes `value` with at least `width` digits.
char* put_number(char* target, int64_t value, int width) {
  std::array<char, 20> digits{};
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  for (auto count = static_cast<int>(end - digits.data()); count < width; ++count) *target++ = '0';
  for (const char* digit = digits.data(); digit != end; ++digit) *target++ = *digit;
  return target;
}

// Reads the parts of a timestamp from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }

  bool take(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // A number of `count_min` to `count_max` digits, not above `value_max`.
  bool take_number(size_t count_min, size_t count_max, int64_t value_max, int64_t& value) {
    size_t count = 0;
    for (value = 0; count < count_max && count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9'; ++count) {
      value = value * 10 + (rest_[count] - '0');
    }
    rest_.remove_prefix(count);
    return count >= count_min && value <= value_max;
  }

  // Decimals, as nanoseconds.
  bool take_fraction(int64_t& ns) {
    const size_t size_before = rest_.size();
    if (!take_number(1, 9, ns_per_second, ns)) return false;
    for (size_t count = size_before - rest_.size(); count < 9; ++count) ns *= 10;
    return true;
  }

 private:
  std::string_view rest_;
};

constexpr int64_t days_of_month(const CivilDate& date) {
  return day_of_date(engine::month_after(date)) - day_of_date({date.year, date.month, 1});
}

bool read_date(Reader& reader, CivilDate& date) {
  const bool negative = reader.take('-');
  if (!reader.take_number(4, 6, 999'999, date.year)) return false;
  if (negative) date.year = -date.year;
  if (!reader.take('-')) return true;
  if (!reader.take_number(2, 2, 12, date.month) || date.month == 0) return false;
  if (!reader.take('-')) return true;
  return reader.take_number(2, 2, days_of_month(date), date.day) && date.day != 0;
}

bool read_time(Reader& reader, int64_t& seconds, int64_t& ns) {
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  if (!reader.take_number(2, 2, 23, hour)) return false;
  if (reader.take(':')) {
    if (!reader.take_number(2, 2, 59, minute)) return false;
    if (reader.take(':')) {
      if (!reader.take_number(2, 2, 59, second)) return false;
      if (reader.take('.') && !reader.take_fraction(ns)) return false;
    }
  }
  seconds = (hour * 60 + minute) * 60 + second;
  return true;
}

// "Z", "+01:00", "-0130" or nothing.
bool read_zone(Reader& reader, int64_t& offset_seconds) {
  if (reader.done() || reader.take('Z')) return true;
  const bool east = reader.take('+');
  if (!east && !reader.take('-')) return false;
  int64_t hours = 0;
  int64_t minutes = 0;
  if (!reader.take_number(2, 2, 23, hours)) return false;
  reader.take(':');
  if (!reader.done() && !reader.take_number(2, 2, 59, minutes)) return false;
  offset_seconds = (hours * 60 + minutes) * (east ? 60 : -60);
  return true;
}

std::optional<TimePoint> parse_count(std::string_view text, TimeUnit unit) {
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const int64_t units = units_per_second(unit);
  return TimePoint{.seconds = floor_div(count, units),
                   .ns = static_cast<int32_t>(floor_mod(count, units) * engine::ns_per(unit))};
}

int64_t hold_to_int64(Wide value) {
  if (value < std::numeric_limits<int64_t>::min()) return std::numeric_limits<int64_t>::min();
  if (value > std::numeric_limits<int64_t>::max()) return std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(value);
}

}  // namespace

std::string_view format_timestamp(int64_t timestamp, engine::TimeUnit unit, std::span<char, timestamp_text_size_max> buffer) {
  const int64_t seconds = floor_div(timestamp, units_per_second(unit));
  const int64_t fraction = floor_mod(timestamp, units_per_second(unit));
  const int64_t day = floor_div(seconds, seconds_per_day);
  const int64_t second_of_day = floor_mod(seconds, seconds_per_day);
  const CivilDate date = date_of_day(day);

  char* target = buffer.data();
  if (date.year < 0) *target++ = '-';
  target = put_number(target, date.year < 0 ? -date.year : date.year, 4);
  *target++ = '-';
  target = put_number(target, date.month, 2);
  *target++ = '-';
  target = put_number(target, date.day, 2);
  *target++ = 'T';
  target = put_number(target, second_of_day / 3600, 2);
  *target++ = ':';
  target = put_number(target, second_of_day / 60 % 60, 2);
  *target++ = ':';
  target = put_number(target, second_of_day % 60, 2);
  *target++ = '.';
  const int decimals = unit == engine::TimeUnit::ns ? 9 : unit == engine::TimeUnit::us ? 6 : 3;
  target = put_number(target, fraction, decimals);
  *target++ = 'Z';
  const auto size = static_cast<size_t>(target - buffer.data());
  VERIFY_LE(size, timestamp_text_size_max);
  return {buffer.data(), size};
}

std::optional<TimePoint> parse_time_point(std::string_view text, engine::TimeUnit unit) {
  if (text.size() != 4 || text.front() == '-') {
    if (const std::optional<TimePoint> counted = parse_count(text, unit)) return counted;
  }
  Reader reader(text);
  CivilDate date;
  int64_t seconds = 0;
  int64_t ns = 0;
  int64_t offset_seconds = 0;
  if (!read_date(reader, date)) return std::nullopt;
  if ((reader.take('T') || reader.take(' ')) && !read_time(reader, seconds, ns)) return std::nullopt;
  if (!read_zone(reader, offset_seconds) || !reader.done()) return std::nullopt;
  return TimePoint{.seconds = day_of_date(date) * seconds_per_day + seconds - offset_seconds, .ns = static_cast<int32_t>(ns)};
}

int64_t floor_timestamp(TimePoint point, engine::TimeUnit unit) {
  const int64_t ns_per_unit = engine::ns_per(unit);
  return hold_to_int64(Wide{point.seconds} * units_per_second(unit) + point.ns / ns_per_unit);
}

int64_t ceil_timestamp(TimePoint point, engine::TimeUnit unit) {
  const int64_t ns_per_unit = engine::ns_per(unit);
  return hold_to_int64(Wide{point.seconds} * units_per_second(unit) + (point.ns + ns_per_unit - 1) / ns_per_unit);
}

}  // namespace net
