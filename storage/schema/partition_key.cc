#include "storage/schema/partition_key.h"

#include <charconv>
#include <limits>

#include "engine/base/calendar.h"
#include "engine/base/verify.h"

namespace storage {

namespace {

using engine::CivilDate;
using engine::date_of_day;
using engine::day_of_date;
using engine::floor_div;

constexpr int64_t timestamp_smallest = std::numeric_limits<int64_t>::min();
constexpr int64_t timestamp_largest = std::numeric_limits<int64_t>::max();

int64_t monday_of(int64_t day) { return day - engine::weekday_of_day(day); }

struct IsoWeek {
  int64_t year;
  int64_t week;  // from 1
};

// A week belongs to the year of its Thursday.
IsoWeek iso_week_of(int64_t monday) {
  const int64_t thursday = monday + 3;
  const int64_t year = date_of_day(thursday).year;
  return {year, (thursday - day_of_date({year, 1, 1})) / 7 + 1};
}

int64_t units_per_hour(ColumnType designated) {
  VERIFY(is_timestamp(designated));
  return engine::ns_per(engine::TimeUnit::hours) / engine::ns_per(unit_of(designated));
}

// `index` buckets of `width` after 1970, at the edge of int64 when beyond.
int64_t scale(int64_t index, int64_t width) {
  VERIFY_GT(width, 0);
  int64_t value = 0;
  if (!__builtin_mul_overflow(index, width, &value)) return value;
  return index < 0 ? timestamp_smallest : timestamp_largest;
}

// From `start` to before `end`, counted in units of `width`.
PartitionRange range_of(int64_t start, int64_t end, int64_t width) {
  const int64_t after = scale(end, width);
  return {PartitionKey{scale(start, width)}, after == timestamp_largest ? after : after - 1};
}

PartitionRange range_of_days(int64_t day, PartitionUnit unit, int64_t units_per_day) {
  const CivilDate date = date_of_day(day);
  switch (unit) {
    case PartitionUnit::day:
      return range_of(day, day + 1, units_per_day);
    case PartitionUnit::week:
      return range_of(monday_of(day), monday_of(day) + 7, units_per_day);
    case PartitionUnit::month: {
      const int64_t next = day_of_date(engine::month_after(date));
      return range_of(day_of_date({date.year, date.month, 1}), next, units_per_day);
    }
    case PartitionUnit::year:
      return range_of(day_of_date({date.year, 1, 1}), day_of_date({date.year + 1, 1, 1}), units_per_day);
    case PartitionUnit::none:
    case PartitionUnit::hour:
      break;
  }
  UNREACHABLE("partition unit");
}

void append_number(std::string& text, int64_t value, size_t digits_min) {
  if (value < 0) text += '-';
  const std::string digits = std::to_string(value < 0 ? -value : value);
  text.append(digits.size() < digits_min ? digits_min - digits.size() : 0, '0').append(digits);
}

// Takes numbers and marks from the front of a name. Loose: what it makes of a name is checked by naming it again.
struct NameScanner {
  std::string_view rest;

  std::optional<int64_t> number() {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    constexpr int64_t number_max = 300'000;  // years of int64 microseconds
    if (error != std::errc{} || value < -number_max || value > number_max) return std::nullopt;
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    return value;
  }

  // The number after `mark`; `fallback` when the name has ended.
  std::optional<int64_t> number_after(std::string_view mark, int64_t fallback) {
    if (rest.empty()) return fallback;
    if (!rest.starts_with(mark)) return std::nullopt;
    rest.remove_prefix(mark.size());
    return number();
  }
};

// The first timestamp of a named hour, day, month or year.
std::optional<int64_t> parse_start(std::string_view name, PartitionUnit unit, int64_t width_hour) {
  NameScanner scanner{name};
  const std::optional<int64_t> year = scanner.number();
  if (!year) return std::nullopt;
  if (unit == PartitionUnit::week) {
    const std::optional<int64_t> week = scanner.number_after("-W", 1);
    if (!week || *week < 1 || *week > 53) return std::nullopt;
    return scale(monday_of(day_of_date({*year, 1, 4})) + (*week - 1) * 7, 24 * width_hour);
  }
  const std::optional<int64_t> month = scanner.number_after("-", 1);
  const std::optional<int64_t> day = month ? scanner.number_after("-", 1) : std::nullopt;
  const std::optional<int64_t> hour = day ? scanner.number_after("T", 0) : std::nullopt;
  if (!hour || *month < 1 || *month > 12 || *day < 1 || *day > 31 || *hour < 0 || *hour > 23) return std::nullopt;
  const int64_t day_index = day_of_date({*year, *month, *day});
  return scale(day_index * 24 + *hour, width_hour);
}

}  // namespace

PartitionRange partition_of(int64_t timestamp, PartitionUnit unit, ColumnType designated) {
  const int64_t width_hour = units_per_hour(designated);
  if (unit == PartitionUnit::none) return {PartitionKey{0}, timestamp_largest};
  const int64_t hour = floor_div(timestamp, width_hour);
  const PartitionRange range = unit == PartitionUnit::hour ? range_of(hour, hour + 1, width_hour)
                                                           : range_of_days(floor_div(hour, 24), unit, 24 * width_hour);
  VERIFY_LE(range.key.value, timestamp);
  VERIFY_LE(timestamp, range.timestamp_last);
  return range;
}

std::string partition_name(PartitionKey key, PartitionUnit unit, ColumnType designated) {
  if (unit == PartitionUnit::none) return "all";
  const int64_t hour = floor_div(key.value, units_per_hour(designated));
  const int64_t day = floor_div(hour, 24);
  std::string name;
  if (unit == PartitionUnit::week) {
    const IsoWeek week = iso_week_of(monday_of(day));
    append_number(name, week.year, 4);
    name += "-W";
    append_number(name, week.week, 2);
    return name;
  }
  const CivilDate date = date_of_day(day);
  append_number(name, date.year, 4);
  if (unit == PartitionUnit::year) return name;
  name += '-';
  append_number(name, date.month, 2);
  if (unit == PartitionUnit::month) return name;
  name += '-';
  append_number(name, date.day, 2);
  if (unit == PartitionUnit::day) return name;
  name += 'T';
  append_number(name, hour - day * 24, 2);
  return name;
}

std::optional<PartitionKey> parse_partition_name(std::string_view name, PartitionUnit unit, ColumnType designated) {
  std::optional<int64_t> start = 0;
  if (unit != PartitionUnit::none) start = parse_start(name, unit, units_per_hour(designated));
  if (!start) return std::nullopt;
  const PartitionKey key = partition_of(*start, unit, designated).key;
  if (partition_name(key, unit, designated) != name) return std::nullopt;
  return key;
}

}  // namespace storage
