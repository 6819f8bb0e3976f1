#include "net/sql/stored_value.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <span>

#include "engine/base/bytes.h"
#include "engine/base/utf8.h"
#include "engine/base/verify.h"
#include "engine/base/wide_number.h"
#include "net/sql/timestamp_text.h"
#include "net/sql/value.h"

namespace net {
namespace {

using storage::ColumnType;

constexpr std::string_view hex_digits = "0123456789abcdef";

void append_hex(std::string& target, uint64_t number) {
  std::array<char, 16> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16);
  target.append(digits.data(), end);
}

// Without leading zeros.
void append_long256(std::string& target, const storage::Long256& value) {
  target += "0x";
  size_t word = value.size() - 1;
  while (word > 0 && value[word] == 0) --word;
  append_hex(target, value[word]);
  while (word > 0) {
    const size_t start = target.size();
    append_hex(target, value[--word]);
    target.insert(start, 16 - (target.size() - start), '0');
  }
}

void append_uuid(std::string& target, std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) target += '-';
    const auto byte = static_cast<uint8_t>(bytes[i]);
    target += hex_digits[byte >> 4U];
    target += hex_digits[byte & 0xfU];
  }
}

// Half of a character, which no text is, becomes the sign for what cannot be shown.
void append_character(std::string& target, uint16_t unit) {
  constexpr char32_t replacement = 0xfffd;
  const bool is_half = unit >= 0xd800 && unit <= 0xdfff;
  engine::append_utf8(target, is_half ? replacement : static_cast<char32_t>(unit));
}

void append_ipv4(std::string& target, uint64_t address) {
  for (unsigned shift = 32; shift != 0;) {
    shift -= 8;
    target += std::to_string(address >> shift & 0xffU);
    if (shift != 0) target += '.';
  }
}

// Letters when they take all bits, else bits. Without parameters it is a number.
void append_geohash(std::string& target, uint64_t hash, unsigned bits) {
  constexpr std::string_view letters = "0123456789bcdefghjkmnpqrstuvwxyz";
  constexpr unsigned bits_per_letter = 5;
  if (bits == 0) {
    target += std::to_string(hash);
    return;
  }
  const unsigned step = bits % bits_per_letter == 0 ? bits_per_letter : 1;
  for (unsigned shift = bits; shift != 0;) {
    shift -= step;
    target += letters[hash >> shift & ((1U << step) - 1)];
  }
}

void append_time(std::string& target, ColumnType type, uint64_t word) {
  std::array<char, timestamp_text_size_max> buffer{};
  target += format_timestamp(static_cast<int64_t>(word), storage::unit_of(type), buffer);
}

// Walks an array from its outermost dimension in.
class ArrayWriter {
 public:
  ArrayWriter(std::string& target, std::string_view bytes, size_t dimension_count)
      : target_(target), dimensions_(bytes.substr(0, dimension_count * sizeof(uint32_t))) {
    values_ = bytes.substr(dimensions_.size());
  }

  // The bytes are as many as the dimensions say.
  bool is_whole() const {
    size_t size = sizeof(double);
    for (size_t i = 0; i < dimension_count(); ++i) {
      if (dimension(i) == 0) return values_.empty();
      if (size > values_.size() / dimension(i)) return false;
      size *= dimension(i);
    }
    return size == values_.size();
  }

  void write(size_t depth) {
    target_ += '[';
    const size_t count = values_.empty() && depth + 1 == dimension_count() ? 0 : dimension(depth);
    for (size_t i = 0; i < count; ++i) {
      if (i != 0) target_ += ',';
      if (depth + 1 < dimension_count()) {
        write(depth + 1);
      } else {
        write_value();
      }
    }
    target_ += ']';
  }

  bool is_empty() const { return values_.empty(); }

 private:
  size_t dimension_count() const { return dimensions_.size() / sizeof(uint32_t); }
  size_t dimension(size_t index) const {
    return engine::load<uint32_t>(engine::as_bytes(dimensions_).data() + index * sizeof(uint32_t));
  }

  void write_value() {
    const auto value = engine::load<double>(engine::as_bytes(values_).data() + used_);
    used_ += sizeof(double);
    if (std::isfinite(value)) {
      append_double(target_, value);
    } else {
      target_ += "null";
    }
  }

  std::string& target_;
  std::string_view dimensions_;
  std::string_view values_;
  size_t used_ = 0;
};

// An array without values is empty, whatever its dimensions: one of 0 x 4000000000 says nothing that is worth 4 GB of brackets.
void append_array(std::string& target, std::string_view bytes, size_t dimension_count) {
  if (dimension_count == 0 || bytes.size() < dimension_count * sizeof(uint32_t)) {
    target += "[]";
    return;
  }
  ArrayWriter writer(target, bytes, dimension_count);
  if (writer.is_empty() || !writer.is_whole()) {
    target += "[]";
    return;
  }
  writer.write(0);
}

std::span<const std::byte> bytes_of(const StoredValue& value, ColumnType type) {
  const storage::Kind kind = storage::kind_of(type);
  if (storage::is_word(kind)) return std::as_bytes(std::span(&value.word, 1)).first(storage::width_of(kind));
  VERIFY_EQ(value.bytes.size(), storage::width_of(kind));
  return engine::as_bytes(value.bytes);
}

}  // namespace

ValueForm form_of(ColumnType type) {
  switch (type) {
    case ColumnType::boolean:
      return ValueForm::boolean;
    case ColumnType::int8:
    case ColumnType::int16:
    case ColumnType::int32:
    case ColumnType::int64:
      return ValueForm::integer;
    case ColumnType::float64:
      return ValueForm::real;
    case ColumnType::float32:
      return ValueForm::real32;
    case ColumnType::array:
    case ColumnType::binary:
      return ValueForm::json;
    default:
      return ValueForm::text;
  }
}

// In memory the bits above the type's own may be anything.
int64_t integer_of(ColumnType type, StoredValue value) {
  const size_t unused_bits = 64 - 8 * storage::width_of(storage::kind_of(type));
  return static_cast<int64_t>(value.word << unused_bits) >> unused_bits;
}

double real_of(ColumnType type, StoredValue value) {
  if (form_of(type) == ValueForm::real) return std::bit_cast<double>(value.word);
  return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(value.word)));
}

void append_value(std::string& target, storage::FullType type, StoredValue value) {
  switch (type.type) {
    case ColumnType::timestamp_us:
    case ColumnType::timestamp_ns:
    case ColumnType::date:
      return append_time(target, type.type, value.word);
    case ColumnType::varchar:
    case ColumnType::string:
      target += value.bytes;
      return;
    case ColumnType::character:
      return append_character(target, static_cast<uint16_t>(value.word));
    case ColumnType::long256:
      return append_long256(target, engine::load<storage::Long256>(bytes_of(value, type.type).data()));
    case ColumnType::uuid:
      return append_uuid(target, engine::as_text(bytes_of(value, type.type)));
    case ColumnType::ipv4:
      return append_ipv4(target, value.word);
    case ColumnType::geohash:
      return append_geohash(target, value.word, type.parameters.size);
    case ColumnType::decimal64:
    case ColumnType::decimal128:
    case ColumnType::decimal256:
      return engine::append_decimal(target, engine::read_signed(bytes_of(value, type.type)), type.parameters.scale);
    case ColumnType::array:
      return append_array(target, value.bytes, type.parameters.size);
    case ColumnType::binary:
      target += "[]";
      return;
    default:
      UNREACHABLE("type of a value that is written as text");
  }
}

}  // namespace net
