#include "net/judge/casts.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <system_error>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "net/judge/timestamp_unit.h"
#include "net/line/decimal.h"
#include "net/line/number.h"

namespace net {
namespace {

using storage::ColumnType;

constexpr int64_t null_long = std::numeric_limits<int64_t>::min();

// A row a type: the kinds that fit it.
struct TypeCasts {
  ColumnType type;
  Cast symbol = Cast::none;
  Cast integer = Cast::none;
  Cast real = Cast::none;
  Cast string = Cast::none;
  Cast boolean = Cast::none;
  Cast long256 = Cast::none;
  Cast timestamp = Cast::none;
  Cast array = Cast::none;
  Cast decimal = Cast::none;
};

constexpr TypeCasts decimal_casts(ColumnType type) {
  constexpr Cast cast = Cast::decimal;
  return {.type = type, .integer = cast, .real = cast, .string = cast, .decimal = cast};
}

constexpr std::array casts_by_type{
    TypeCasts{.type = ColumnType::boolean, .boolean = Cast::as_sent},
    TypeCasts{.type = ColumnType::int64, .integer = Cast::as_sent, .boolean = Cast::as_sent},
    TypeCasts{.type = ColumnType::float64, .integer = Cast::real, .real = Cast::as_sent, .boolean = Cast::real},
    TypeCasts{.type = ColumnType::timestamp_us, .integer = Cast::as_sent, .timestamp = Cast::time},
    TypeCasts{.type = ColumnType::timestamp_ns, .integer = Cast::as_sent, .timestamp = Cast::time},
    TypeCasts{.type = ColumnType::symbol,
              .symbol = Cast::as_sent,
              .integer = Cast::token,
              .real = Cast::token,
              .string = Cast::as_sent,
              .boolean = Cast::token,
              .long256 = Cast::token,
              .timestamp = Cast::token},
    TypeCasts{.type = ColumnType::varchar, .symbol = Cast::as_sent, .string = Cast::as_sent},
    TypeCasts{.type = ColumnType::long256, .string = Cast::long256, .long256 = Cast::long256},
    TypeCasts{.type = ColumnType::int8, .integer = Cast::narrowed, .boolean = Cast::as_sent},
    TypeCasts{.type = ColumnType::int16, .integer = Cast::narrowed, .boolean = Cast::as_sent},
    TypeCasts{.type = ColumnType::int32, .integer = Cast::narrowed, .boolean = Cast::as_sent},
    TypeCasts{.type = ColumnType::float32, .integer = Cast::real, .real = Cast::real32, .boolean = Cast::real},
    TypeCasts{.type = ColumnType::character, .string = Cast::character},
    TypeCasts{.type = ColumnType::string, .symbol = Cast::as_sent, .string = Cast::as_sent},
    TypeCasts{.type = ColumnType::uuid, .string = Cast::uuid},
    TypeCasts{.type = ColumnType::ipv4, .string = Cast::ipv4},
    TypeCasts{.type = ColumnType::geohash, .string = Cast::geohash},
    TypeCasts{.type = ColumnType::date, .integer = Cast::as_sent, .timestamp = Cast::time},
    decimal_casts(ColumnType::decimal64),
    decimal_casts(ColumnType::decimal128),
    decimal_casts(ColumnType::decimal256),
    TypeCasts{.type = ColumnType::array, .array = Cast::array},
    TypeCasts{.type = ColumnType::binary},
};

constexpr CastMatrix make_matrix() {
  CastMatrix matrix{};
  for (const TypeCasts& row : casts_by_type) {
    const auto set = [&](ValueKind kind, Cast cast) {
      matrix[static_cast<size_t>(kind)][static_cast<size_t>(row.type)] = cast;
    };
    set(ValueKind::symbol, row.symbol);
    set(ValueKind::integer, row.integer);
    set(ValueKind::real, row.real);
    set(ValueKind::string, row.string);
    set(ValueKind::boolean, row.boolean);
    set(ValueKind::long256, row.long256);
    set(ValueKind::timestamp, row.timestamp);
    set(ValueKind::array, row.array);
    set(ValueKind::decimal, row.decimal);
  }
  return matrix;
}

static_assert([] {
  for (size_t i = 0; i < casts_by_type.size(); ++i) {
    if (casts_by_type[i].type != storage::column_types[i].type) return false;
  }
  return casts_by_type.size() == storage::column_types.size();
}());

// The bytes of a value as a column's storage takes them.
std::string_view keep(CastRoom& room, std::span<const std::byte> bytes) {
  char* const kept = room.take(bytes.size());
  std::ranges::copy(engine::as_text(bytes), kept);
  return {kept, bytes.size()};
}

template <typename Number>
std::string_view number_text(CastRoom& room, Number number) {
  char* const text = room.take(CastRoom::value_size_max);
  const auto [end, error] = std::to_chars(text, text + CastRoom::value_size_max, number);
  VERIFY_DEBUG(error == std::errc{});
  return {text, static_cast<size_t>(end - text)};
}

// What came in binary has no token: it becomes the shortest text that says the same.
std::string_view token_of(const LineValue& value, CastRoom& room) {
  const bool has_suffix =
      value.kind == ValueKind::integer || value.kind == ValueKind::long256 || value.kind == ValueKind::timestamp;
  if (!value.text.empty()) return value.text.substr(0, value.text.size() - (has_suffix ? 1 : 0));
  if (value.kind == ValueKind::boolean) return value.boolean() ? "true" : "false";
  return value.kind == ValueKind::real ? number_text(room, value.real()) : number_text(room, value.integer());
}

CastResult cast_narrowed(int64_t integer, ColumnType type, JudgedCell& target) {
  if (integer == null_long) return CastResult::null;
  const size_t unused_bits = 64 - 8 * storage::width_of(storage::kind_of(type));
  const int64_t max = std::numeric_limits<int64_t>::max() >> unused_bits;
  if (integer > max || integer < -max - 1) return CastResult::out_of_bounds;
  if (storage::row_of(type).has_null && integer == -max - 1) return CastResult::null;
  target.word = static_cast<uint64_t>(integer);
  return CastResult::value;
}

uint64_t real_bits(double real, ColumnType type) {
  if (type == ColumnType::float64) return std::bit_cast<uint64_t>(real);
  return std::bit_cast<uint32_t>(static_cast<float>(real));
}

CastResult cast_real(const LineValue& value, ColumnType type, JudgedCell& target) {
  const int64_t integer = value.integer();
  if (value.kind == ValueKind::integer && integer == null_long) return CastResult::null;
  target.word = real_bits(static_cast<double>(integer), type);
  return CastResult::value;
}

CastResult cast_time(const LineValue& value, ColumnType type, JudgedCell& target) {
  if (value.integer() == null_long) return CastResult::null;
  const std::optional<int64_t> time = convert_timestamp(value.integer(), value.unit, type);
  if (!time) return CastResult::time_overflow;
  target.word = static_cast<uint64_t>(*time);
  return CastResult::value;
}

CastResult cast_character(std::string_view text, JudgedCell& target) {
  constexpr uint8_t ascii_max = 0x7f;
  if (text.size() != 1 || static_cast<uint8_t>(text.front()) > ascii_max) return CastResult::mismatch;
  target.word = static_cast<uint8_t>(text.front());
  return target.word == 0 ? CastResult::null : CastResult::value;
}

CastResult cast_long256(const LineValue& value, CastRoom& room, JudgedCell& target) {
  constexpr std::string_view prefix = "0x";
  std::string_view digits = value.text;
  if (!digits.starts_with(prefix)) return CastResult::mismatch;
  digits.remove_prefix(prefix.size());
  if (value.kind == ValueKind::long256) {
    digits.remove_suffix(1);
  } else if (digits.size() % 2 != 0) {
    return CastResult::mismatch;
  }
  const std::optional<storage::Long256> words = parse_long256(digits);
  if (!words) return CastResult::mismatch;
  target.text = keep(room, std::as_bytes(std::span(*words)));
  return CastResult::value;
}

// 01234567-89ab-cdef-0123-456789abcdef
CastResult cast_uuid(std::string_view text, CastRoom& room, JudgedCell& target) {
  constexpr size_t text_size = 36;
  if (text.size() != text_size) return CastResult::mismatch;
  std::array<std::byte, 16> bytes{};
  size_t at = 0;
  for (size_t i = 0; i < bytes.size(); ++i, at += 2) {
    const bool behind_hyphen = i == 4 || i == 6 || i == 8 || i == 10;
    if (behind_hyphen && text[at++] != '-') return CastResult::mismatch;
    uint8_t byte = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, byte, 16);
    if (error != std::errc{} || end != text.data() + at + 2) return CastResult::mismatch;
    bytes[i] = std::byte{byte};
  }
  target.text = keep(room, bytes);
  return CastResult::value;
}

CastResult cast_ipv4(std::string_view text, JudgedCell& target) {
  constexpr size_t digits_max = 3;
  if (text.empty() || text == "null") return CastResult::null;
  target.word = 0;
  for (size_t i = 0; i < 4; ++i) {
    if (i != 0) {
      if (!text.starts_with('.')) return CastResult::mismatch;
      text.remove_prefix(1);
    }
    const size_t size = std::min(text.size(), digits_max);
    uint8_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + size, number);
    if (error != std::errc{}) return CastResult::mismatch;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    target.word = target.word << 8U | number;
  }
  if (!text.empty()) return CastResult::mismatch;
  return target.word == 0 ? CastResult::null : CastResult::value;
}

constexpr std::string_view geohash_letters = "0123456789bcdefghjkmnpqrstuvwxyz";
constexpr uint8_t geohash_letter_none = 0xff;

constexpr auto geohash_values = [] {
  std::array<uint8_t, 256> values{};
  values.fill(geohash_letter_none);
  for (size_t i = 0; i < geohash_letters.size(); ++i) {
    const auto letter = static_cast<uint8_t>(geohash_letters[i]);
    values[letter] = static_cast<uint8_t>(i);
    if (letter >= 'a') values[letter - 'a' + 'A'] = static_cast<uint8_t>(i);
  }
  return values;
}();

CastResult cast_geohash(std::string_view text, unsigned bits, JudgedCell& target) {
  constexpr unsigned bits_per_letter = 5;
  constexpr size_t letters_max = 12;  // those behind are not looked at
  text = text.substr(0, letters_max);
  const auto text_bits = static_cast<unsigned>(text.size()) * bits_per_letter;
  if (text_bits < bits) return CastResult::null;
  uint64_t hash = 0;
  for (const char letter : text) {
    const uint8_t value = geohash_values[static_cast<uint8_t>(letter)];
    if (value == geohash_letter_none) return CastResult::null;
    hash = hash << bits_per_letter | value;
  }
  target.word = hash >> (text_bits - bits);
  return CastResult::value;
}

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
    target.text = keep(room, std::as_bytes(std::span(number)).first(storage::width_of(kind)));
  }
  return CastResult::value;
}

CastResult cast_array(const LineValue& value, const storage::Column& column) {
  if (value.bits == 0) return CastResult::null;
  return value.bits == column.parameters.size ? CastResult::value : CastResult::mismatch;
}

}  // namespace

constinit const CastMatrix cast_matrix = make_matrix();

char* CastRoom::take(size_t size) {
  VERIFY_DEBUG(size <= value_size_max);
  if (used_ == 0 && size_ < values_max_ * value_size_max) {
    size_ = values_max_ * value_size_max;
    bytes_ = std::make_unique_for_overwrite<char[]>(size_);
  }
  VERIFY_LE(used_ + size, size_);
  char* const taken = bytes_.get() + used_;
  used_ += size;
  return taken;
}

CastResult cast_value(Cast cast, const LineValue& value, const storage::Column& column, CastRoom& room, JudgedCell& target) {
  switch (cast) {
    case Cast::none:
      return CastResult::mismatch;
    case Cast::as_sent:
      return value.kind == ValueKind::integer && value.integer() == null_long ? CastResult::null : CastResult::value;
    case Cast::token:
      target.text = token_of(value, room);
      return CastResult::value;
    case Cast::narrowed:
      return cast_narrowed(value.integer(), column.type, target);
    case Cast::real:
      return cast_real(value, column.type, target);
    case Cast::real32:
      target.word = real_bits(value.real(), column.type);
      return CastResult::value;
    case Cast::time:
      return cast_time(value, column.type, target);
    case Cast::character:
      return cast_character(value.text, target);
    case Cast::long256:
      return cast_long256(value, room, target);
    case Cast::uuid:
      return cast_uuid(value.text, room, target);
    case Cast::ipv4:
      return cast_ipv4(value.text, target);
    case Cast::geohash:
      return cast_geohash(value.text, column.parameters.size, target);
    case Cast::decimal:
      return cast_decimal(value, column, room, target);
    case Cast::array:
      return cast_array(value, column);
  }
  UNREACHABLE("Cast");
}

}  // namespace net
