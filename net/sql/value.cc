#include "net/sql/value.h"

#include <array>
#include <charconv>
#include <cmath>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace net {
namespace {

// Between these, digits without an exponent are what people read.
constexpr double plain_min = 1e-5;
constexpr double plain_max = 1e17;

template <typename... Format>
void append_number(std::string& target, auto value, Format... format) {
  std::array<char, 64> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format...);
  target.append(buffer.data(), end);
}

void append_long256(std::string& target, const storage::Long256& value) {
  target += "0x";
  size_t word = value.size() - 1;
  while (word > 0 && value[word] == 0) --word;
  append_number(target, value[word], 16);
  while (word > 0) {
    const size_t start = target.size();
    append_number(target, value[--word], 16);
    target.insert(start, 16 - (target.size() - start), '0');
  }
}

}  // namespace

SqlCell SqlCell::of_real(double value) {
  if (!std::isfinite(value)) return {};
  return {.kind = Kind::real, .real = value};
}

void append_double(std::string& target, double value) {
  const double magnitude = std::fabs(value);
  if (magnitude != 0 && (magnitude < plain_min || magnitude >= plain_max)) {
    append_number(target, value, std::chars_format::scientific);
    return;
  }
  const size_t start = target.size();
  append_number(target, value, std::chars_format::fixed);
  if (target.find('.', start) == std::string::npos) target += ".0";
}

void append_wide(std::string& target, storage::ColumnType type, std::span<const std::byte> value) {
  VERIFY_EQ(value.size(), storage::width_of(storage::kind_of(type)));
  switch (type) {
    case storage::ColumnType::long256:
      return append_long256(target, engine::load<storage::Long256>(value.data()));
    default:
      UNREACHABLE("type of a wide value");
  }
}

void append_cell(std::string& target, const SqlCell& cell) {
  switch (cell.kind) {
    case SqlCell::Kind::null:
      return;
    case SqlCell::Kind::boolean:
      target += cell.integer != 0 ? "true" : "false";
      return;
    case SqlCell::Kind::integer:
      append_number(target, cell.integer);
      return;
    case SqlCell::Kind::real:
      append_double(target, cell.real);
      return;
    case SqlCell::Kind::text:
      target += cell.text;
      return;
  }
}

}  // namespace net
