#include "net/judge/decimal_cast.h"

#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <string_view>
#include <system_error>

#include "engine/base/verify.h"
#include "net/line/decimal.h"

namespace net {
namespace {

// A double is taken by its text, so that 0.1 is the tenth that was sent.
LineError decimal_of_real(const LineValue& value, Decimal& decimal) {
  if (!std::isfinite(value.real())) {
    decimal.is_null = true;
    return LineError::none;
  }
  std::string_view text = value.text;
  if (text.ends_with('D')) text.remove_suffix(1);
  if (!text.empty()) {
    const LineError error = parse_decimal(text, decimal);
    if (error != LineError::invalid_field_value) return error;
  }
  std::array<char, CastRoom::value_size_max> digits;  // of a value without a decimal text
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value.real());
  VERIFY_DEBUG(error == std::errc{});
  return parse_decimal({digits.data(), static_cast<size_t>(end - digits.data())}, decimal);
}

LineError decimal_of(const LineValue& value, Decimal& decimal) {
  switch (value.kind) {
    case ValueKind::integer: {
      const int64_t integer = value.integer();
      decimal.is_null = integer == null_long;
      decimal.negative = integer < 0;
      decimal.magnitude[0] = integer < 0 ? 0 - value.bits : value.bits;
      return LineError::none;
    }
    case ValueKind::real:
      return decimal_of_real(value, decimal);
    case ValueKind::string:
      return parse_decimal(value.text, decimal);
    case ValueKind::decimal:
      return read_decimal(value.text, decimal);
    default:
      UNREACHABLE("kind of a value that is cast to a decimal");
  }
}

// Brings the magnitude to another scale, if that changes nothing of its value.
CastResult rescale(Decimal& decimal, unsigned scale) {
  for (; decimal.scale < scale; ++decimal.scale) {
    if (!engine::multiply_add(decimal.magnitude, 10, 0)) return CastResult::out_of_bounds;
  }
  for (; decimal.scale > scale; --decimal.scale) {
    if (engine::divide(decimal.magnitude, 10) != 0) return CastResult::precision_loss;
  }
  return CastResult::value;
}

}  // namespace

CastResult cast_decimal(const LineValue& value, const storage::Column& column, CastRoom& room, JudgedCell& target) {
  Decimal decimal;
  switch (decimal_of(value, decimal)) {
    case LineError::none:
      break;
    case LineError::invalid_field_value:
      return CastResult::mismatch;
    default:
      return CastResult::out_of_bounds;
  }
  if (decimal.is_null) return CastResult::null;
  if (const CastResult scaled = rescale(decimal, column.parameters.scale); scaled != CastResult::value) return scaled;
  if (!engine::is_less(decimal.magnitude, engine::wide_power_of_ten(column.parameters.size))) return CastResult::out_of_bounds;
  const engine::WideNumber number = decimal.negative ? engine::negated(decimal.magnitude) : decimal.magnitude;
  const storage::Kind kind = storage::kind_of(column.type);
  if (storage::is_word(kind)) {
    target.word = number[0];
  } else {
    target.text = room.keep(std::as_bytes(std::span(number)).first(storage::width_of(kind)));
  }
  return CastResult::value;
}

}  // namespace net
