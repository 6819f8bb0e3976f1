#include "storage/schema/partition_key.h"

#include <limits>

#include "engine/base/prng.h"
#include "tests/catch.h"

namespace storage {
namespace {

constexpr int64_t smallest = std::numeric_limits<int64_t>::min();
constexpr int64_t largest = std::numeric_limits<int64_t>::max();
constexpr int64_t day_us = 86'400'000'000;
constexpr PartitionUnit units[] = {PartitionUnit::none, PartitionUnit::hour,  PartitionUnit::day,
                                   PartitionUnit::week, PartitionUnit::month, PartitionUnit::year};
constexpr ColumnType resolutions[] = {ColumnType::timestamp_us, ColumnType::timestamp_ns};

std::string name_of(int64_t timestamp, PartitionUnit unit, ColumnType type = ColumnType::timestamp_us) {
  return partition_name(partition_of(timestamp, unit, type).key, unit, type);
}

TEST_CASE("partition_key: buckets are named by their start") {
  const int64_t t = 1'641'013'200'000'000 + 61'000'000;  // 2022-01-01T05:01:01, a Saturday
  CHECK(name_of(t, PartitionUnit::none) == "all");
  CHECK(name_of(t, PartitionUnit::hour) == "2022-01-01T05");
  CHECK(name_of(t, PartitionUnit::day) == "2022-01-01");
  CHECK(name_of(t, PartitionUnit::week) == "2021-W52");
  CHECK(name_of(t, PartitionUnit::month) == "2022-01");
  CHECK(name_of(t, PartitionUnit::year) == "2022");
  CHECK(name_of(t * 1000, PartitionUnit::hour, ColumnType::timestamp_ns) == "2022-01-01T05");
  CHECK(partition_of(t, PartitionUnit::day, ColumnType::timestamp_us) ==
        PartitionRange{PartitionKey{1'640'995'200'000'000}, 1'640'995'200'000'000 + day_us - 1});
}

TEST_CASE("partition_key: the last unit before 1970 is in 1969") {
  CHECK(name_of(-1, PartitionUnit::hour) == "1969-12-31T23");
  CHECK(name_of(-1, PartitionUnit::day) == "1969-12-31");
  CHECK(name_of(-1, PartitionUnit::year) == "1969");
  CHECK(name_of(0, PartitionUnit::week) == "1970-W01");
}

TEST_CASE("partition_key: ISO weeks at the turn of a year") {
  const auto week = [](int64_t day) { return name_of(day * day_us, PartitionUnit::week); };
  CHECK(week(18'262) == "2020-W01");  // 2020-01-01, a Wednesday
  CHECK(week(18'627) == "2020-W53");  // 2020-12-31, a Thursday
  CHECK(week(18'630) == "2020-W53");  // 2021-01-03, a Sunday
  CHECK(week(18'631) == "2021-W01");  // 2021-01-04, a Monday
}

TEST_CASE("partition_key: leap days") {
  CHECK(name_of(11'016 * day_us, PartitionUnit::day) == "2000-02-29");
  CHECK(name_of(-25'508 * day_us, PartitionUnit::day) == "1900-03-01");
  CHECK(name_of(-25'509 * day_us, PartitionUnit::day) == "1900-02-28");
}

TEST_CASE("partition_key: the ends of int64") {
  CHECK(name_of(smallest, PartitionUnit::year) == "-290308");
  CHECK(name_of(largest, PartitionUnit::year) == "294247");
  CHECK(name_of(smallest, PartitionUnit::day, ColumnType::timestamp_ns) == "1677-09-21");
  CHECK(name_of(largest, PartitionUnit::hour, ColumnType::timestamp_ns) == "2262-04-11T23");
  for (const ColumnType type : resolutions) {
    for (const PartitionUnit unit : units) {
      if (unit != PartitionUnit::none) CHECK(partition_of(smallest, unit, type).key.value == smallest);
      CHECK(partition_of(largest, unit, type).timestamp_last == largest);
    }
  }
}

TEST_CASE("partition_key: buckets touch, and names lead back") {
  engine::Prng prng(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto bits = static_cast<unsigned>(prng.next() % 64);
    const int64_t timestamp = static_cast<int64_t>(prng.next()) >> bits;
    for (const ColumnType type : resolutions) {
      for (const PartitionUnit unit : units) {
        const PartitionRange range = partition_of(timestamp, unit, type);
        REQUIRE(parse_partition_name(partition_name(range.key, unit, type), unit, type) == range.key);
        if (unit == PartitionUnit::none) continue;
        REQUIRE(range.key.value <= timestamp);
        REQUIRE(timestamp <= range.timestamp_last);
        REQUIRE(partition_of(range.key.value, unit, type) == range);
        REQUIRE(partition_of(range.timestamp_last, unit, type) == range);
        if (range.timestamp_last != largest) {
          REQUIRE(partition_of(range.timestamp_last + 1, unit, type).key.value == range.timestamp_last + 1);
        }
      }
    }
  }
}

TEST_CASE("partition_key: other spellings are no names") {
  const auto parses = [](std::string_view name, PartitionUnit unit) {
    return parse_partition_name(name, unit, ColumnType::timestamp_ns).has_value();
  };
  CHECK(parses("2022-01-01", PartitionUnit::day));
  for (const char* name :
       {"", "all", "2022", "2022-1-01", "2022-01-1", "2022-02-30", "2022-13-01", "2022-01-01T00", "2022-01-01x", "+2022-01-01",
        "02022-01-01", "2022-W01", "2022--1-01", "5000-01-01", "lane", "symbols", "99999999999"}) {
    INFO(name);
    CHECK_FALSE(parses(name, PartitionUnit::day));
  }
  CHECK_FALSE(parses("2021-W53", PartitionUnit::week));
  CHECK_FALSE(parses("2021-W00", PartitionUnit::week));
  CHECK_FALSE(parses("2022-01-01T24", PartitionUnit::hour));
  CHECK_FALSE(parses("2022", PartitionUnit::none));
}

}  // namespace
}  // namespace storage
