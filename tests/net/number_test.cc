#include "net/line/number.h"
#include "net/line/timestamp.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/prng.h"
#include "tests/catch.h"

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// The bits, so that -0 differs from 0.
uint64_t bits(double value) { return std::bit_cast<uint64_t>(value); }

}  // namespace

TEST_CASE("number: longs and their lenient spellings") {
  const std::vector<std::pair<std::string, int64_t>> good = {
      {"0", 0},
      {"-0", 0},
      {"007", 7},
      {"12345678", 12345678},
      {"-1234567890123456789", -1234567890123456789},
      {"9223372036854775807", INT64_MAX},
      {"-9223372036854775808", INT64_MIN},
      {"00000000000000000000000005", 5},
      {"1_000", 1000},
      {"1_0_0", 100},
      {"-1_0", -10},
      {"5L", 5},
      {"5l", 5},
      {"1_000L", 1000},
  };
  for (const auto& [text, value] : good) {
    INFO(text);
    REQUIRE(net::parse_long(text).has_value());
    CHECK(*net::parse_long(text) == value);
  }
  for (const std::string text : {"",
                                 "-",
                                 "+1",
                                 "--1",
                                 "1.",
                                 "1e3",
                                 "0x1",
                                 "1__0",
                                 "_1",
                                 "1_",
                                 "1_L",
                                 "-_1",
                                 "L",
                                 "-L",
                                 "5LL",
                                 "5L5",
                                 " 1",
                                 "1 ",
                                 "9223372036854775808",
                                 "-9223372036854775809",
                                 "18446744073709551616",
                                 "99999999999999999999",
                                 "1234567:",
                                 "1234567/"}) {
    INFO(text);
    CHECK_FALSE(net::parse_long(text).has_value());
  }
}

TEST_CASE("number: doubles that pass") {
  const std::vector<std::pair<std::string, double>> good = {
      {"1", 1},
      {"1.", 1},
      {".5", .5},
      {"+.5", .5},
      {"-.5", -.5},
      {"-0", -0.0},
      {"-0.0e5", -0.0},
      {"1.5e-3", 1.5e-3},
      {"1E5", 1e5},
      {"1e+5", 1e5},
      {"1.e2", 100},
      {".5e1", 5},
      {"0.1", 0.1},
      {"123456789012345678", 123456789012345678.0},
      {"9007199254740993", 9007199254740992.0},
      {"1e22", 1e22},
      {"1e23", 1e23},
      {"1.7976931348623157e308", 1.7976931348623157e308},
      {"4.9e-324", 4.9e-324},
      {"2.2250738585072011e-308", 2.2250738585072011e-308},
      {"0e-999", 0},
      {"0e999999999999999999999", 0},
      {"0.000e-999", 0},
      {"00000000000000000000000001", 1},
      {"0.00000000000000000000000001", 1e-26},
      {"1e0000000001", 10},
      {"1.5D", 1.5},
      {"1e2D", 100},
      {"-1.D", -1},
      {"Infinity", infinity},
      {"+Infinity", infinity},
      {"-Infinity", -infinity},
      {"0x1p3", 8},
      {"0X1.8p0", 1.5},
      {"-0xaBp-1", -85.5},
      {"+0x.8p+1", 1},
      {"0x1.p1", 2},
      {"0x1P1D", 2},
      {"0x0p0", 0},
      {"-0x0.0p9", -0.0},
      {"0x1p-1074", 4.9e-324},
      {"0x1.fffffffffffffp1023", 1.7976931348623157e308},
  };
  for (const auto& [text, value] : good) {
    INFO(text);
    REQUIRE(net::parse_double(text).has_value());
    CHECK(bits(*net::parse_double(text)) == bits(value));
  }
  for (const char* text : {"NaN", "+NaN", "-NaN"}) {
    INFO(text);
    REQUIRE(net::parse_double(text).has_value());
    CHECK(std::isnan(*net::parse_double(text)));
  }
}

TEST_CASE("number: doubles that do not") {
  for (const std::string text : {"",
                                 ".",
                                 "+",
                                 "-",
                                 "+-1",
                                 "--1",
                                 "D",
                                 "1e",
                                 "1e+",
                                 "e5",
                                 ".e5",
                                 "1.2.3",
                                 "1 ",
                                 " 1",
                                 "1_0.5",
                                 "1d0",
                                 "nan",
                                 "NAN",
                                 "NaND",
                                 "inf",
                                 "infinity",
                                 "INFINITY",
                                 "Inf",
                                 "1e312",
                                 "-1e312",
                                 "1.8e308",
                                 "1e-400",
                                 "2e-324",
                                 "-2e-324",
                                 "1e99999999999999999999",
                                 "1e-99999999999999999999",
                                 "1.5f",
                                 "1.5DD",
                                 "0x",
                                 "0x1",
                                 "0x10",
                                 "0x85",
                                 "0xp1",
                                 "0x.p1",
                                 "0x1p",
                                 "0x1p+",
                                 "0x1pD",
                                 "0x-1p1",
                                 "0x1.2.3p1",
                                 "0x1p1x",
                                 "0xgp1",
                                 "0xinfp1",
                                 "0x1p1024",
                                 "0x1p-1076",
                                 "1x",
                                 "1,5",
                                 "\xc2\xb9"}) {
    INFO(text);
    CHECK_FALSE(net::parse_double(text).has_value());
  }
}

TEST_CASE("number: doubles are rounded as the C library rounds") {
  engine::Prng prng(1990);
  for (int round = 0; round < 200'000; ++round) {
    char text[64];
    if (prng.chance(1, 2)) {
      const double value = std::bit_cast<double>(prng.next());
      if (!std::isfinite(value)) continue;
      std::snprintf(text, sizeof(text), "%.*g", static_cast<int>(prng.between(1, 20)), value);
    } else {
      const auto digits = static_cast<unsigned long long>(prng.next() >> prng.below(64));
      std::snprintf(text, sizeof(text), "%llu.%llue%d", digits, static_cast<unsigned long long>(prng.below(100'000)),
                    static_cast<int>(prng.below(60)) - 30);
    }
    const double expected = std::strtod(text, nullptr);
    if (std::isinf(expected)) continue;
    INFO(text);
    const std::optional<double> found = net::parse_double(text);
    REQUIRE(found.has_value() !=
            (expected == 0 && std::string_view(text).find_first_of("123456789") < std::string_view(text).find('e')));
    if (found) REQUIRE(bits(*found) == bits(expected));
  }
}

TEST_CASE("number: long256 is hex of up to 64 digits") {
  using Words = std::array<uint64_t, 4>;
  CHECK(net::parse_long256("1") == Words{1, 0, 0, 0});
  CHECK(net::parse_long256("aBc") == Words{0xabc, 0, 0, 0});
  CHECK(net::parse_long256("10000000000000000") == Words{0, 1, 0, 0});
  CHECK(net::parse_long256("7000000000000000600000000000000050000000000000004") ==
        Words{0x0000000000000004, 0x0000000000000005, 0x0000000000000006, 7});
  CHECK(net::parse_long256(std::string(64, 'f')) == Words{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX});
  CHECK(net::parse_long256("000" + std::string(61, '0')) == Words{});
  CHECK_FALSE(net::parse_long256(""));
  CHECK_FALSE(net::parse_long256(std::string(65, '0')));
  CHECK_FALSE(net::parse_long256("g"));
  CHECK_FALSE(net::parse_long256("-1"));
  CHECK_FALSE(net::parse_long256("1-0000000000000000"));
  CHECK_FALSE(net::parse_long256("0x1"));
}

TEST_CASE("number: a timestamp is a long with a unit") {
  CHECK(net::parse_timestamp("5")->unit == engine::TimeUnit::unspecified);
  CHECK(net::parse_timestamp("5n")->unit == engine::TimeUnit::ns);
  CHECK(net::parse_timestamp("-5t")->value == -5);
  CHECK(net::parse_timestamp("-5t")->unit == engine::TimeUnit::us);
  CHECK(net::parse_timestamp("1_0Lm")->value == 10);
  CHECK(net::parse_timestamp("1_0Lm")->unit == engine::TimeUnit::ms);
  for (const char* text : {"", "n", "-t", "5s", "5u", "5nn", "5nL", "1.5t", "+5"}) {
    INFO(text);
    CHECK_FALSE(net::parse_timestamp(text));
  }
}
