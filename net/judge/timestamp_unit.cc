#include "net/judge/timestamp_unit.h"

#include <array>
#include <cstddef>

#include "engine/base/verify.h"

namespace net {
namespace {

constexpr std::array<int64_t, 7> unit_sizes_ns = {0, 1, 1'000, 1'000'000, 1'000'000'000, 60'000'000'000, 3'600'000'000'000};
static_assert(unit_sizes_ns.size() == static_cast<size_t>(TimestampUnit::hours) + 1);

}  // namespace

std::optional<int64_t> convert_timestamp(int64_t value, TimestampUnit unit, storage::ColumnType type) {
  VERIFY(unit != TimestampUnit::unspecified);
  VERIFY_DEBUG(storage::is_timestamp(type));
  const int64_t from = unit_sizes_ns[static_cast<size_t>(unit)];
  const int64_t to = type == storage::ColumnType::timestamp_ns ? 1 : 1'000;
  if (from < to) return value / (to / from);
  int64_t converted = 0;
  if (__builtin_mul_overflow(value, from / to, &converted)) return std::nullopt;
  return converted;
}

}  // namespace net
