#include "engine/base/wide_number.h"

#include <cstring>
#include <string>
#include <vector>

#include "tests/catch.h"

namespace engine {
namespace {

std::string text_of(const WideNumber& magnitude, bool negative = false, size_t scale = 0) {
  std::string text;
  append_decimal(text, {magnitude, negative}, scale);
  return text;
}

TEST_CASE("wide_number: powers of ten have the digits that they should") {
  for (size_t i = 0; i <= wide_digits_max; ++i) {
    CHECK(text_of(wide_power_of_ten(i)) == "1" + std::string(i, '0'));
    if (i != 0) CHECK(is_less(wide_power_of_ten(i - 1), wide_power_of_ten(i)));
    CHECK_FALSE(is_less(wide_power_of_ten(i), wide_power_of_ten(i)));
  }
}

TEST_CASE("wide_number: what does not fit is not taken") {
  WideNumber number{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
  CHECK(text_of(number) == "115792089237316195423570985008687907853269984665640564039457584007913129639935");
  CHECK(divide(number, 10) == 5);
  CHECK(multiply_add(number, 10, 5));
  CHECK(number == WideNumber{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX});
  CHECK_FALSE(multiply_add(number, 1, 1));
}

TEST_CASE("wide_number: numbers of any width come back with their sign") {
  struct Row {
    std::string bytes;
    std::string text;
  };
  const std::vector<Row> rows{{"\x05", "5"},
                              {"\xff", "-1"},
                              {"\x80", "-128"},
                              {std::string(8, '\xff'), "-1"},
                              {std::string(15, '\0') + '\x80', "-170141183460469231731687303715884105728"},
                              {std::string(8, '\0') + '\x01' + std::string(7, '\0'), "18446744073709551616"}};
  for (const Row& row : rows) {
    const SignedWide number = read_signed(std::as_bytes(std::span(row.bytes)));
    CHECK(text_of(number.magnitude, number.negative) == row.text);
    const WideNumber stored = number.negative ? negated(number.magnitude) : number.magnitude;
    CHECK(std::memcmp(stored.data(), row.bytes.data(), row.bytes.size()) == 0);
  }
}

TEST_CASE("wide_number: the point stands where the scale says") {
  CHECK(text_of({0}, false, 3) == "0.000");
  CHECK(text_of({5}, true, 1) == "-0.5");
  CHECK(text_of({12345}, false, 2) == "123.45");
  CHECK(text_of({12345}, false, 5) == "0.12345");
  CHECK(text_of({0}) == "0");
}

}  // namespace
}  // namespace engine
