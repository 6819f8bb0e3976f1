#include "net/judge/casts.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <system_error>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "net/judge/decimal_cast.h"
#include "net/judge/text_casts.h"
#include "net/judge/timestamp_unit.h"

namespace net {
namespace {

using storage::ColumnType;

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

std::string_view CastRoom::keep(std::span<const std::byte> bytes) {
  char* const kept = take(bytes.size());
  std::ranges::copy(engine::as_text(bytes), kept);
  return {kept, bytes.size()};
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
      return value.kind == ValueKind::long256 ? cast_long256(value.text, room, target)
                                              : cast_long256_text(value.text, room, target);
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
