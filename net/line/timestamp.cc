#include "net/line/timestamp.h"

#include "net/line/number.h"

namespace net {

std::optional<TimestampToken> parse_timestamp(std::string_view token) {
  TimestampUnit unit = TimestampUnit::unspecified;
  switch (token.empty() ? '\0' : token.back()) {
    case 'n':
      unit = TimestampUnit::ns;
      break;
    case 't':
      unit = TimestampUnit::us;
      break;
    case 'm':
      unit = TimestampUnit::ms;
      break;
    default:
      break;
  }
  if (unit != TimestampUnit::unspecified) token.remove_suffix(1);
  const std::optional<int64_t> value = parse_long(token);
  if (!value) return std::nullopt;
  return TimestampToken{*value, unit};
}

}  // namespace net
