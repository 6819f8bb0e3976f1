#include "net/judge/timestamp_unit.h"

#include "engine/base/verify.h"

namespace net {

std::optional<int64_t> convert_timestamp(int64_t value, engine::TimeUnit unit, storage::ColumnType type) {
  VERIFY(unit != engine::TimeUnit::unspecified);
  VERIFY_DEBUG(storage::is_time(type));
  return engine::convert_time(value, unit, storage::unit_of(type));
}

}  // namespace net
