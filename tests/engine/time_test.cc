#include "engine/base/time.h"

#include "tests/catch.h"

namespace engine {
namespace {

TEST_CASE("time: a count in another unit, rounded towards zero, or nothing when it does not fit") {
  struct Row {
    int64_t count;
    TimeUnit from;
    TimeUnit to;
    std::optional<int64_t> expected;
  };
  for (const Row& row : {
           Row{5, TimeUnit::ns, TimeUnit::ns, 5},
           Row{5, TimeUnit::hours, TimeUnit::ns, 18'000'000'000'000},
           Row{5, TimeUnit::minutes, TimeUnit::us, 300'000'000},
           Row{1'999, TimeUnit::ns, TimeUnit::us, 1},
           Row{-1'999, TimeUnit::ns, TimeUnit::us, -1},
           Row{INT64_MIN, TimeUnit::ns, TimeUnit::seconds, -9'223'372'036},
           Row{INT64_MAX, TimeUnit::us, TimeUnit::ns, std::nullopt},
           Row{INT64_MIN, TimeUnit::us, TimeUnit::ns, std::nullopt},
           Row{2'562'047, TimeUnit::hours, TimeUnit::ns, 9'223'369'200'000'000'000},
           Row{2'562'048, TimeUnit::hours, TimeUnit::ns, std::nullopt},
       }) {
    CAPTURE(row.count);
    CHECK(convert_time(row.count, row.from, row.to) == row.expected);
  }
}

}  // namespace
}  // namespace engine
