#include "net/judge/timestamp_unit.h"

#include "engine/base/verify.h"

namespace net {

std::optional<int64_t> convert_timestamp(int64_t value, engine::TimeUnit unit, storage::ColumnType type) {
  VERIFY(unit != engine::TimeUnit::unspecified);
  VERIFY_DEBUG(storage::is_timestamp(type));
  return engine::convert_time(value, unit,
                              type == storage::ColumnType::timestamp_ns ? engine::TimeUnit::ns : engine::TimeUnit::us);
}

}  // namespace net
