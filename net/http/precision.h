// In which unit the timestamps of a request are, as its parameter `precision` says.
#pragma once

#include <optional>
#include <string_view>

#include "engine/base/time.h"

namespace net {

// Of /write and /api/v2/write: n, ns, u, us, ms, s, m, h. Empty is ns. Nothing: nobody knows it.
std::optional<engine::TimeUnit> parse_precision(std::string_view text);

// Of /api/v3/write_lp: nanosecond, microsecond, millisecond, second, and the short words. Empty and `auto` are unspecified:
// each timestamp says by its size in which unit it is.
std::optional<engine::TimeUnit> parse_v3_precision(std::string_view text);

}  // namespace net
