#include "net/http/precision.h"

#include <algorithm>
#include <array>
#include <span>

namespace net {
namespace {

using engine::TimeUnit;

struct UnitName {
  std::string_view name;
  TimeUnit unit;
};

constexpr auto names = std::to_array<UnitName>({
    {.name = "", .unit = TimeUnit::ns},
    {.name = "n", .unit = TimeUnit::ns},
    {.name = "ns", .unit = TimeUnit::ns},
    {.name = "u", .unit = TimeUnit::us},
    {.name = "us", .unit = TimeUnit::us},
    {.name = "ms", .unit = TimeUnit::ms},
    {.name = "s", .unit = TimeUnit::seconds},
    {.name = "m", .unit = TimeUnit::minutes},
    {.name = "h", .unit = TimeUnit::hours},
});

constexpr auto v3_names = std::to_array<UnitName>({
    {.name = "", .unit = TimeUnit::unspecified},
    {.name = "auto", .unit = TimeUnit::unspecified},
    {.name = "nanosecond", .unit = TimeUnit::ns},
    {.name = "n", .unit = TimeUnit::ns},
    {.name = "ns", .unit = TimeUnit::ns},
    {.name = "microsecond", .unit = TimeUnit::us},
    {.name = "u", .unit = TimeUnit::us},
    {.name = "us", .unit = TimeUnit::us},
    {.name = "millisecond", .unit = TimeUnit::ms},
    {.name = "ms", .unit = TimeUnit::ms},
    {.name = "second", .unit = TimeUnit::seconds},
    {.name = "s", .unit = TimeUnit::seconds},
});

std::optional<TimeUnit> find(std::span<const UnitName> known, std::string_view text) {
  const auto found = std::ranges::find(known, text, &UnitName::name);
  return found == known.end() ? std::nullopt : std::optional(found->unit);
}

}  // namespace

std::optional<TimeUnit> parse_precision(std::string_view text) { return find(names, text); }

std::optional<TimeUnit> parse_v3_precision(std::string_view text) { return find(v3_names, text); }

}  // namespace net
