#include "net/sql/value.h"

#include <array>
#include <charconv>
#include <cmath>

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

template <typename Real>
void append_real(std::string& target, Real value) {
  const double magnitude = std::fabs(static_cast<double>(value));
  if (magnitude != 0 && (magnitude < plain_min || magnitude >= plain_max)) {
    append_number(target, value, std::chars_format::scientific);
    return;
  }
  const size_t start = target.size();
  append_number(target, value, std::chars_format::fixed);
  if (target.find('.', start) == std::string::npos) target += ".0";
}

}  // namespace

SqlCell SqlCell::of_real(double value) {
  if (!std::isfinite(value)) return {};
  return {.kind = Kind::real, .real = value};
}

SqlCell SqlCell::of_real32(double value) {
  SqlCell cell = of_real(value);
  if (cell.kind == Kind::real) cell.kind = Kind::real32;
  return cell;
}

void append_double(std::string& target, double value) { append_real(target, value); }

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
    case SqlCell::Kind::real32:
      append_real(target, static_cast<float>(cell.real));
      return;
    case SqlCell::Kind::text:
    case SqlCell::Kind::json:
      target += cell.text;
      return;
  }
}

}  // namespace net
