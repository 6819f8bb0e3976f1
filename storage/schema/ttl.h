// How long the rows of a table are kept, as QuestDB counts it: in hours, or in months where that is what was said.
#pragma once

#include <cstdint>
#include <string_view>

namespace storage {

// Values are stored in schema records.
enum class TtlUnit : uint8_t { none = 0, hour = 1, month = 2 };

struct Ttl {
  TtlUnit unit = TtlUnit::none;  // none: for ever
  uint32_t count = 0;            // of units; 0 when there is none

  friend bool operator==(const Ttl&, const Ttl&) = default;
};

// What a person would say: 48 hours are 2 DAY, 24 months 2 YEAR.
struct TtlText {
  uint32_t value = 0;
  std::string_view unit;  // QuestDB's: HOUR, DAY, WEEK, MONTH, YEAR
};

constexpr TtlText describe(Ttl ttl) {
  constexpr uint32_t day = 24;
  constexpr uint32_t week = 7 * day;
  constexpr uint32_t year = 12;
  if (ttl.unit == TtlUnit::month) {
    return ttl.count % year == 0 ? TtlText{ttl.count / year, "YEAR"} : TtlText{ttl.count, "MONTH"};
  }
  if (ttl.count % week == 0) return {ttl.count / week, ttl.count == 0 ? "HOUR" : "WEEK"};
  return ttl.count % day == 0 ? TtlText{ttl.count / day, "DAY"} : TtlText{ttl.count, "HOUR"};
}

}  // namespace storage
