#include "net/line/timestamp.h"

#include "net/line/number.h"

namespace net {

std::optional<TimestampToken> parse_timestamp(std::string_view token) {
  engine::TimeUnit unit = engine::TimeUnit::unspecified;
  switch (token.empty() ? '\0' : token.back()) {
    case 'n':
      unit = engine::TimeUnit::ns;
      break;
    case 't':
      unit = engine::TimeUnit::us;
      break;
    case 'm':
      unit = engine::TimeUnit::ms;
      break;
    default:
      break;
  }
  if (unit != engine::TimeUnit::unspecified) token.remove_suffix(1);
  const std::optional<int64_t> value = parse_long(token);
  if (!value) return std::nullopt;
  return TimestampToken{*value, unit};
}

}  // namespace net
