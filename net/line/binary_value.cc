#include "net/line/binary_value.h"

#include <bit>
#include <cstdint>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "net/line/decimal.h"

namespace net {
namespace {

enum BinaryType : uint8_t {
  type_float = 2,
  type_int = 3,
  type_boolean = 6,
  type_timestamp = 13,
  type_array = 14,
  type_long = 15,
  type_double = 16,
  type_decimal = decimal_binary_type
};

constexpr uint8_t array_element_double = 10;
constexpr size_t array_front_size = binary_front_size + 2;
constexpr size_t decimal_front_size = binary_front_size + 2;
constexpr size_t decimal_size_max = 127;  // a signed byte says it

uint8_t byte_at(std::string_view text, size_t index) { return static_cast<uint8_t>(text[index]); }

template <typename Number>
Number number_at(std::string_view bytes, size_t offset) {
  VERIFY_DEBUG(offset + sizeof(Number) <= bytes.size());
  return engine::load<Number>(engine::as_bytes(bytes).data() + offset);
}

// Of the values, once all dimensions are there; beyond array_size_max it may be anything beyond.
size_t array_values_size(std::string_view dimensions) {
  size_t size = sizeof(double);
  bool too_large = false;
  for (size_t offset = 0; offset < dimensions.size(); offset += sizeof(int32_t)) {
    const auto dimension = static_cast<size_t>(number_at<int32_t>(dimensions, offset));
    if (dimension == 0) return 0;
    too_large = too_large || size > array_size_max / dimension;
    if (!too_large) size *= dimension;
  }
  return too_large ? array_size_max + 1 : size;
}

BinaryExtent look_at_array(std::string_view front) {
  const size_t size = front.size();
  if (size == binary_front_size) return {.size = size + 1};
  if (size == binary_front_size + 1) {
    if (byte_at(front, binary_front_size) != array_element_double) return {.error = LineError::array_invalid_type};
    return {.size = size + 1};
  }
  const size_t dimension_count = byte_at(front, binary_front_size + 1);
  const size_t dimensions_end = array_front_size + dimension_count * sizeof(int32_t);
  if (size > dimensions_end) return {.size = size};
  if (size == array_front_size) {
    if (dimension_count > array_dimensions_max) return {.error = LineError::array_too_many_dimensions};
    return {.size = dimension_count == 0 ? size : size + sizeof(int32_t)};
  }
  if (number_at<int32_t>(front, size - sizeof(int32_t)) < 0) return {.error = LineError::array_too_large};
  if (size < dimensions_end) return {.size = size + sizeof(int32_t)};
  const size_t values_size = array_values_size(front.substr(array_front_size));
  if (values_size > array_size_max) return {.error = LineError::array_too_large};
  return {.size = size + values_size};
}

BinaryExtent look_at_decimal(std::string_view front) {
  const size_t size = front.size();
  if (size == binary_front_size) return {.size = size + 1};
  if (size == binary_front_size + 1) {
    if (byte_at(front, binary_front_size) > decimal_scale_max) return {.error = LineError::decimal_invalid_scale};
    return {.size = size + 1};
  }
  const size_t number_size = byte_at(front, binary_front_size + 1);
  return {.size = decimal_front_size + (number_size <= decimal_size_max ? number_size : 0)};
}

LineError read_binary_timestamp(std::string_view bytes, LineValue& value) {
  const uint8_t unit = byte_at(bytes, binary_front_size);
  if (unit == 0 || unit > static_cast<uint8_t>(engine::TimeUnit::hours)) return LineError::invalid_field_value;
  value.kind = ValueKind::timestamp;
  value.unit = static_cast<engine::TimeUnit>(unit);
  value.bits = number_at<uint64_t>(bytes, binary_front_size + 1);
  return LineError::none;
}

LineError read_array(std::string_view bytes, LineValue& value) {
  value.kind = ValueKind::array;
  value.bits = byte_at(bytes, array_front_size - 1);
  value.text = bytes.substr(array_front_size);
  return LineError::none;
}

LineError check_binary_decimal(std::string_view bytes, LineValue& value) {
  Decimal decimal;
  value.kind = ValueKind::decimal;
  value.text = bytes.substr(binary_front_size - 1);
  return read_decimal(value.text, decimal);
}

LineError read_word(ValueKind kind, uint64_t bits, LineValue& value) {
  value.kind = kind;
  value.bits = bits;
  return LineError::none;
}

}  // namespace

BinaryExtent look_at_binary(std::string_view front) {
  VERIFY_DEBUG(front.size() >= binary_front_size);
  const auto fixed = [](size_t payload_size) { return BinaryExtent{.size = binary_front_size + payload_size}; };
  switch (byte_at(front, binary_front_size - 1)) {
    case type_boolean:
      return fixed(sizeof(uint8_t));
    case type_float:
    case type_int:
      return fixed(sizeof(uint32_t));
    case type_long:
    case type_double:
      return fixed(sizeof(uint64_t));
    case type_timestamp:
      return fixed(sizeof(uint8_t) + sizeof(uint64_t));
    case type_array:
      return look_at_array(front);
    case type_decimal:
      return look_at_decimal(front);
    default:
      return {.error = LineError::unsupported_binary_format};
  }
}

LineError read_binary(std::string_view bytes, LineValue& value) {
  value.unit = engine::TimeUnit::unspecified;
  value.text = {};
  switch (byte_at(bytes, binary_front_size - 1)) {
    case type_boolean:
      return read_word(ValueKind::boolean, byte_at(bytes, binary_front_size) == 1 ? 1 : 0, value);
    case type_float: {
      const auto real = static_cast<double>(number_at<float>(bytes, binary_front_size));
      return read_word(ValueKind::real, std::bit_cast<uint64_t>(real), value);
    }
    case type_int: {
      const int64_t integer = number_at<int32_t>(bytes, binary_front_size);
      return read_word(ValueKind::integer, static_cast<uint64_t>(integer), value);
    }
    case type_long:
      return read_word(ValueKind::integer, number_at<uint64_t>(bytes, binary_front_size), value);
    case type_double:
      return read_word(ValueKind::real, number_at<uint64_t>(bytes, binary_front_size), value);
    case type_timestamp:
      return read_binary_timestamp(bytes, value);
    case type_array:
      return read_array(bytes, value);
    case type_decimal:
      return check_binary_decimal(bytes, value);
    default:
      UNREACHABLE("type of a binary value");
  }
}

}  // namespace net
