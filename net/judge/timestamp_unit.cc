#include "net/judge/timestamp_unit.h"

#include "engine/base/verify.h"

namespace net {

std::optional<int64_t> convert_timestamp(int64_t value, engine::TimeUnit unit, storage::ColumnType type) {
  VERIFY(unit != engine::TimeUnit::unspecified);
  VERIFY_DEBUG(storage::is_time(type));
  return engine::convert_time(value, unit, storage::unit_of(type));
}

engine::TimeUnit guess_time_unit(int64_t timestamp) {
  constexpr int64_t seconds_max = 5'000'000'000;  // InfluxDB's border
  const auto is_below = [timestamp](int64_t bound) { return -bound < timestamp && timestamp < bound; };
  if (is_below(seconds_max)) return engine::TimeUnit::seconds;
  if (is_below(seconds_max * 1'000)) return engine::TimeUnit::ms;
  return is_below(seconds_max * 1'000'000) ? engine::TimeUnit::us : engine::TimeUnit::ns;
}

}  // namespace net
