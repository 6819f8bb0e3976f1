// Casts of text that says a value of another type: of their rules see Cast in casts.h.
#pragma once

#include <string_view>

#include "net/judge/casts.h"

namespace net {

CastResult cast_character(std::string_view text, JudgedCell& target);
CastResult cast_long256(std::string_view token, CastRoom& room, JudgedCell& target);  // 0x...i
CastResult cast_long256_text(std::string_view text, CastRoom& room, JudgedCell& target);
CastResult cast_uuid(std::string_view text, CastRoom& room, JudgedCell& target);
CastResult cast_ipv4(std::string_view text, JudgedCell& target);
CastResult cast_geohash(std::string_view text, unsigned bits, JudgedCell& target);

}  // namespace net
