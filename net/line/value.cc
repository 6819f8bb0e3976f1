#include "net/line/value.h"

#include <optional>

#include "engine/base/ascii.h"
#include "engine/base/verify.h"
#include "net/line/decimal.h"
#include "net/line/number.h"

namespace net {
namespace {

LineError read_integer(std::string_view text, LineValue& value) {
  constexpr size_t hex_size_min = 4;  // 0x, a digit, the suffix
  const std::string_view digits(text.data(), text.size() - 1);
  if (text.size() > 1 && text[1] == 'x') {
    value.kind = ValueKind::long256;
    const bool is_hex = text[0] == '0' && text.size() >= hex_size_min && parse_long256(digits.substr(2)).has_value();
    return is_hex ? LineError::none : LineError::invalid_field_value;
  }
  const std::optional<int64_t> integer = parse_long(digits);
  if (!integer) return LineError::invalid_field_value;
  value.kind = ValueKind::integer;
  value.bits = static_cast<uint64_t>(*integer);
  return LineError::none;
}

LineError read_timestamp_field(std::string_view text, LineValue& value) {
  const std::optional<TimestampToken> timestamp = parse_timestamp(text);
  if (!timestamp) return LineError::invalid_field_value;
  value.kind = ValueKind::timestamp;
  value.unit = timestamp->unit;
  value.bits = static_cast<uint64_t>(timestamp->value);
  return LineError::none;
}

LineError read_boolean(std::string_view text, LineValue& value) {
  const bool is_true = text == "t" || text == "T" || engine::equals_ignoring_case(text, "true");
  const bool is_false = text == "f" || text == "F" || text == "E" || engine::equals_ignoring_case(text, "false");
  if (!is_true && !is_false) return LineError::invalid_field_value;
  value.kind = ValueKind::boolean;
  value.bits = is_true ? 1 : 0;
  return LineError::none;
}

LineError read_real(std::string_view text, LineValue& value) {
  const std::optional<double> real = parse_double(text);
  if (!real) return LineError::invalid_field_value;
  value.kind = ValueKind::real;
  value.bits = std::bit_cast<uint64_t>(*real);
  return LineError::none;
}

LineError check_decimal(std::string_view text, LineValue& value) {
  Decimal decimal;
  value.kind = ValueKind::decimal;
  return read_decimal(text, decimal);
}

// Quotes that were sent with backslashes still make a string, as on QuestDB.
LineError read_string(std::string_view text, LineValue& value) {
  if (text.size() < 2 || text.front() != '"') return LineError::invalid_field_value;
  value.kind = ValueKind::string;
  value.text = text.substr(1, text.size() - 2);
  return LineError::none;
}

}  // namespace

LineError read_field(std::string_view text, LineValue& value) {
  VERIFY_DEBUG(!text.empty());
  value.kind = ValueKind::null;
  value.unit = engine::TimeUnit::unspecified;
  value.text = text;
  switch (text.back()) {
    case 'i':
      return read_integer(text, value);
    case 'n':
    case 'm':
      return read_timestamp_field(text, value);
    case 't':
      return text.size() == 1 ? read_boolean(text, value) : read_timestamp_field(text, value);
    case 'T':
    case 'f':
    case 'F':
    case 'e':
    case 'E':
      return read_boolean(text, value);
    case 'd':
      return check_decimal(text, value);
    case '"':
      return read_string(text, value);
    default:
      return read_real(text, value);
  }
}

}  // namespace net
