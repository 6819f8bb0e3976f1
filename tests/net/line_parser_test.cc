#include "net/line/parser.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/catch.h"
#include "tests/net/line_events.h"

namespace {

using namespace std::string_literals;
using tests::parse_every_way;

struct Row {
  std::string input;
  std::vector<std::string> events;
};

void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.input);
    CHECK(parse_every_way(row.input) == row.events);
  }
}

// The value of field v in a line that must be good, or the error.
std::string field(const std::string& value) {
  const std::vector<std::string> events = parse_every_way("t v=" + value + " 1\nu f=1\n");
  REQUIRE(events.size() == 2);
  CHECK(events[1] == "u|f=1");
  const std::string& event = events[0];
  if (event.starts_with("t|v=") && event.ends_with(" @1")) return event.substr(4, event.size() - 7);
  return event;
}

}  // namespace

TEST_CASE("line_parser: sections and their separators") {
  check_rows({
      {"t f=1 5\n", {"t|f=1 @5"}},
      {"t,a=b f=1 5\n", {"t,a='b'|f=1 @5"}},
      {"t,a=b,c=d f=1,g=2i 5n\n", {"t,a='b',c='d'|f=1|g=2i @5ns"}},
      {"t f=1\n", {"t|f=1"}},
      {"t f=1", {"t|f=1"}},
      {"t f=1 7", {"t|f=1 @7"}},
      {"a f=1 1\nb g=t 2\r\nc h=\"x\" 3\r", {"a|f=1 @1", "b|g=true @2", "c|h=\"x\" @3"}},
      // table
      {"t\n", {"!NO_FIELDS"}},
      {"t=1 f=1\n", {"!NO_FIELDS"}},
      {",a=b f=1\n", {"!INVALID_TABLE_NAME"}},
      {" t f=1\n", {"!INVALID_TABLE_NAME"}},
      {"t \n", {"!NO_FIELDS"}},
      {"t,\n", {"!NO_FIELDS"}},
      // name
      {"t,,a=b f=1\n", {"!MISSING_TAG_VALUE"}},
      {"t,=v f=1\n", {"!INCOMPLETE_TAG"}},
      {"t =1\n", {"!INCOMPLETE_FIELD"}},
      {"t ,f=1\n", {"!MISSING_FIELD_VALUE"}},
      {"t f=1,,g=1\n", {"!MISSING_FIELD_VALUE"}},
      {"t f=1,=2\n", {"!INCOMPLETE_FIELD"}},
      {"t,a f=1\n", {"!MISSING_TAG_VALUE"}},
      {"t,a\n", {"!MISSING_TAG_VALUE"}},
      {"t,a,b=c f=1\n", {"!MISSING_TAG_VALUE"}},
      {"t a,b=1\n", {"!MISSING_FIELD_VALUE"}},
      {"t a b=1\n", {"!MISSING_FIELD_VALUE"}},
      {"t f=1,g\n", {"!MISSING_FIELD_VALUE"}},
      // value
      {"t,a=b=c f=1\n", {"!INVALID_FIELD_SEPARATOR"}},
      {"t,a==c f=1\n", {"!INVALID_FIELD_SEPARATOR"}},
      {"t f=1=2 3\n", {"!INVALID_FIELD_SEPARATOR"}},
      // timestamp
      {"t f=1 5,\n", {"!INVALID_FIELD_SEPARATOR"}},
      {"t f=1 5=\n", {"!INVALID_FIELD_SEPARATOR"}},
      {"t f=1 g=2 5\n", {"!INVALID_FIELD_SEPARATOR"}},
      {"t f=1 abc\n", {"!INVALID_TIMESTAMP"}},
      {"t f=1 \"5\"\n", {"!INVALID_TIMESTAMP"}},
  });
}

TEST_CASE("line_parser: spaces, empty lines and line ends") {
  check_rows({
      {"", {}},
      {"\n\r\n\r\r\n", {}},
      {"\r\n\r\nt f=1\r\n\r\n", {"t|f=1"}},
      {"t f=1 \n", {"t|f=1"}},
      {"t f=1  \n", {"!INVALID_FIELD_SEPARATOR"}},
      {"t f=1  123\n", {"!INVALID_FIELD_SEPARATOR"}},
      {"t f=1 123 \n", {"!INVALID_FIELD_SEPARATOR"}},
      {"t f=1, 123\n", {"t|f=1 @123"}},
      {"t f=1,\n", {"t|f=1"}},
      {"t,a=b,\n", {"t,a='b'"}},
      {"t,a=b, f=1\n", {"t,a='b'|f=1"}},
      {"t,a=b, 123\n", {"t,a='b' @123"}},
      {"t 123\n", {"!MISSING_FIELD_VALUE"}},
      {"t  123\n", {"!NO_FIELDS"}},
      {"t,a=b\n", {"t,a='b'"}},
      {"t,a=b \n", {"t,a='b'"}},
      {"t,a=b  \n", {"t,a='b'"}},
      {"t,a=b 123\n", {"t,a='b' @123"}},
      {"t,a=b  123\n", {"t,a='b' @123"}},
      {"t,a=b  123t\r\n", {"t,a='b' @123us"}},
      {"t,a=b   123\n", {"!INVALID_FIELD_SEPARATOR"}},
      {"t,a=b c\n", {"!INVALID_TIMESTAMP"}},
      {"t,a=b f=1,123\n", {"!MISSING_FIELD_VALUE"}},
      {"t,a= f=1\n", {"t,a=''|f=1"}},
      {"t,a=\n", {"t,a=''"}},
      {"t f=\n", {"t|f=null"}},
      {"t f= 5\n", {"t|f=null @5"}},
      {"t f=,g=1\n", {"t|f=null|g=1"}},
      {"t,ip=Bad text f=1\n", {"!MISSING_FIELD_VALUE"}},
  });
}

TEST_CASE("line_parser: what QuestDB reads that nobody would expect") {
  check_rows({
      {"=t f=1\n", {"t|f=1"}},
      {"==\n=\r=t f=1\n", {"t|f=1"}},
      {"#x f=1\n", {"#x|f=1"}},
      {"t,a/b=c f=1\n", {"!INVALID_COLUMN_NAME"}},
      {"t a/b=1\n", {"!INVALID_COLUMN_NAME"}},
      {"a/b f=1\n", {"!INVALID_TABLE_NAME"}},
      {"a\\/b f=1\n", {"!INVALID_TABLE_NAME"}},
      {"t f=1 1/2\n", {"!INVALID_TIMESTAMP"}},
      {"t,a=b/c f=\"d/e\"\n", {"t,a='b/c'|f=\"d/e\""}},
      {"a\0b f=1\n"s, {"!INVALID_TABLE_NAME"}},
      {"t a\0b=1\n"s, {"!INVALID_COLUMN_NAME"}},
      {"t,s=a\0b f=1\n"s, {"!INVALID_FIELD_VALUE"}},
      {"t,s=a\\\0b f=1\n"s, {"!INVALID_FIELD_VALUE"}},
      {"t f=1\0\n"s, {"!INVALID_FIELD_VALUE"}},
      {"t f=1 1\0\n"s, {"!INVALID_TIMESTAMP"}},
      {"t x=\"a\0b\"\n"s, {"t|x=\"a\0b\""s}},
      {"t f=1,F=2,f=3\n", {"t|f=1|F=2|f=3"}},
      {"t f=1 -9223372036854775808\n", {"t|f=1"}},
      {"t f=1 -5\n", {"t|f=1 @-5"}},
      {"t f=\\\"a\\ b\\\"\n", {"t|f=\"a b\""}},
  });
}

TEST_CASE("line_parser: binary values are counted, whatever their bytes are") {
  check_rows({
      {"t f==\x10\0\0\0\0\0\0\x0c@ 5\n"s, {"t|f=3.5 @5"}},
      {"t f==\x10 ,=\\\"\n\r,\n"s, {"t|f=1.6994243357016742e-96"}},
      {"t f==\x02\0\0\xc0?,g==\x06\x01,h==\x06\x02\r\n"s, {"t|f=1.5|g=true|h=false"}},
      {"t i==\x03\xfe\xff\xff\xff,j==\x0f\xfb\xff\xff\xff\xff\xff\xff\xff 7n\n"s, {"t|i=-2i|j=-5i @7ns"}},
      {"t a==\r\x01\n\0\0\0\0\0\0\0,b==\r\x02\r\0\0\0\0\0\0\0\nt c==\r\x05\x09\0\0\0\0\0\0\0,d==\r\x06\x01\0\0\0\0\0\0\x80\n"s,
       {"t|a=10ns|b=13us", "t|c=9min|d=-9223372036854775807h"}},
      {"t,s=a a==\x0e\n\x01\x01\0\0\0\n\n\n\n\n\n\n\n,b=1i\n"s, {"t,s='a'|a=array1(010000000a0a0a0a0a0a0a0a)|b=1i"}},
      {"t a==\x0e\n\x02\0\0\0\0\x05\0\0\0\nt a==\x0e\n\0\n"s, {"t|a=array2(0000000005000000)", "t|a=array0()"}},
      {"t a==\x17\x02\x02\x30\x39,b==\x17\x01\x01\xfb,c==\x17\0\0\n"s, {"t|a=decimal(12345e-2)|b=decimal(-5e-1)|c=decimal()"}},
      {"t a==\x17\0\x22"s + std::string(33, '\0') + "\n\n", {"t|a=decimal(10e-0)"}},
      {"t a==\x17\0\xff\n"s, {"t|a=decimal()"}},
      {"t a=1==\x06\x01\n", {"!INVALID_FIELD_SEPARATOR"}},
      {"t a==\x06\x01x\nt f=1\n", {"!INVALID_FIELD_SEPARATOR", "t|f=1"}},
      {"t,a==\x06\x01 f=1\n", {"!INVALID_FIELD_SEPARATOR"}},
      {"t a==\nt f=1\n", {"!UNSUPPORTED_BINARY_FORMAT", "t|f=1"}},
      {"t a==c\n", {"!UNSUPPORTED_BINARY_FORMAT"}},
      {"t a==\r\x07\0\0\0\0\0\0\0\n\nt f=1\n"s, {"!INVALID_FIELD_VALUE", "t|f=1"}},
      {"t a==\x0e\x09\nt f=1\n"s, {"!ARRAY_INVALID_TYPE", "t|f=1"}},
      {"t a==\x0e\n\x21\nt f=1\n"s, {"!ARRAY_TOO_MANY_DIMENSIONS", "t|f=1"}},
      {"t a==\x0e\n\x01\xff\xff\xff\xff 1000\nt f=1\n"s, {"!ARRAY_TOO_LARGE", "t|f=1"}},
      {"t a==\x0e\n\x02\0\0\1\0\0\x10\0\0 1000\nt f=1\n"s, {"!ARRAY_TOO_LARGE", "t|f=1"}},
      {"t a==\x0e\n\x03\xff\xff\xff\x7f\xff\xff\xff\x7f\xff\xff\xff\x7f\nt f=1\n"s, {"!ARRAY_TOO_LARGE", "t|f=1"}},
      {"t a==\x0e\n\x03\xff\xff\xff\x7f\xff\xff\xff\x7f\0\0\0\0\nt f=1\n"s, {"t|a=array3(ffffff7fffffff7f00000000)", "t|f=1"}},
      {"t a==\x17M\x01\x01\nt f=1\n"s, {"!DECIMAL_INVALID_SCALE", "t|f=1"}},
      {"t a==\x17\0\x21\x7f"s + std::string(32, '\xff') + "\nt f=1\n", {"!DECIMAL_OVERFLOW", "t|f=1"}},
      {"t a==\x17\0\x21\0\xff"s + std::string(31, '\xff') + "\nt f=1\n", {"!DECIMAL_OVERFLOW", "t|f=1"}},
      {"t f=1\nt a==\x10\x01\x02", {"t|f=1"}},
      {"t f=1\nt a==", {"t|f=1"}},
  });
}

TEST_CASE("line_parser: decimals") {
  check_rows({
      {"t a=1.5d,b=-.50d,c=+12d\n", {"t|a=decimal(15e-1)|b=decimal(-50e-2)|c=decimal(12e-0)"}},
      {"t a=1e3d,b=1.5E-3d,c=120.e-1d,d=0e-999d\n", {"!DECIMAL_INVALID_SCALE"}},
      {"t a=1e3d,b=1.5E-3d,c=120.e-1d,d=0e999d\n", {"t|a=decimal(1000e-0)|b=decimal(15e-4)|c=decimal(120e-1)|d=decimal(0e-0)"}},
      {"t a=NaNd,b=-Infinityd\n", {"t|a=decimal()|b=decimal()"}},
      {"t a=d\n", {"!INVALID_FIELD_VALUE"}},
      {"t a=1.2.3d\n", {"!INVALID_FIELD_VALUE"}},
      {"t a=.d\n", {"!INVALID_FIELD_VALUE"}},
      {"t a=1ed\n", {"!INVALID_FIELD_VALUE"}},
      {"t a=1e+-1d\n", {"!INVALID_FIELD_VALUE"}},
      {"t a=1 d\n", {"!INVALID_TIMESTAMP"}},
      {"t a=1e75d,b=1e-76d\n", {"t|a=decimal(0e-0)|b=decimal(1e-76)"}},
      {"t a=1e76d\n", {"!DECIMAL_OVERFLOW"}},
      {"t a=1e999999999999999999999d\n", {"!DECIMAL_OVERFLOW"}},
      {"t a=1e-77d\n", {"!DECIMAL_INVALID_SCALE"}},
  });
}

TEST_CASE("line_parser: a backslash by where it stands") {
  check_rows({
      {"a\\ b f=1\n", {"a b|f=1"}},
      {"a\\=b f=1\n", {"a=b|f=1"}},
      {"a\\b f=1\n", {"ab|f=1"}},
      {"a\\,b f=1\n", {"!INVALID_TABLE_NAME"}},
      {"a\\\nb f=1\n", {"!INVALID_TABLE_NAME"}},
      {"a\\\\b f=1\n", {"!INVALID_TABLE_NAME"}},
      {"t,my\\ tag=v f=1\n", {"t,my tag='v'|f=1"}},
      {"t my\\=f=1\n", {"t|my=f=1"}},
      {"t a\\,b=1\n", {"!INVALID_COLUMN_NAME"}},
      {"t a\\\\b=1\n", {"!INVALID_COLUMN_NAME"}},
      {"t,s=a\\,\\ \\=\\\\\\\"\\x f=1\n", {"t,s='a, =\\\"x'|f=1"}},
      {"t,s=a\\\nb,r=c\\\rd f=1\n", {"t,s='a\nb',r='c\rd'|f=1"}},
      {"t,s=\\\\ f=1\n", {"t,s='\\'|f=1"}},
      {"t,s=\\\xc3\xa9x f=1\n", {"t,s='\xc3\xa9x'|f=1"}},
      {"t f=1\\2i\n", {"t|f=12i"}},
      {"t f=1 1\\2\n", {"t|f=1 @12"}},
      {"t f=1 1\\n\n", {"t|f=1 @1ns"}},
      {"t f=1 1\\x\n", {"!INVALID_TIMESTAMP"}},
      {"t f=1 1\\\\\n", {"!INVALID_TIMESTAMP"}},
      {"t,s=a\\", {"!INVALID_FIELD_VALUE"}},
      {"t f=1 1\\", {"!INVALID_TIMESTAMP"}},
      {"t\\", {"!INVALID_TABLE_NAME"}},
      {"t f\\", {"!INVALID_COLUMN_NAME"}},
      {"t x=\"a\\", {"!INVALID_FIELD_VALUE"}},
  });
}

TEST_CASE("line_parser: quoted strings") {
  check_rows({
      {"t x=\"\"\n", {"t|x=\"\""}},
      {"t x=\"a b,c=d\te/f'\" 5\n", {"t|x=\"a b,c=d\te/f'\" @5"}},
      {"t x=\"a\\\"b\\\\c\\nd\"\n", {"t|x=\"a\"b\\cnd\""}},
      {"t x=\"a\\\nb\\\rc\rd\"\n", {"t|x=\"a\nb\rc\rd\""}},
      {"t x=\"a\nb\" 5\n", {"!INVALID_FIELD_VALUE", "!INVALID_TABLE_NAME"}},
      {"t x=\"\",f=1\n", {"t|x=\"\"|f=1"}},
      {"t x=\"a\"b\n", {"!INVALID_FIELD_VALUE"}},
      {"t x=\"a\"\"b\"\n", {"!INVALID_FIELD_VALUE"}},
      {"t x=\"a\"=1\n", {"!INVALID_FIELD_SEPARATOR"}},
      {"t x=\"abc 5\n", {"!INVALID_FIELD_VALUE"}},
      {"t x=\"abc", {"!INVALID_FIELD_VALUE"}},
      {"t x=\"\n", {"!INVALID_FIELD_VALUE"}},
      {"t x=a\"\n", {"!INVALID_FIELD_VALUE"}},
      {"t x='a'\n", {"!INVALID_FIELD_VALUE"}},
      {"t,s=\"a\",r=b\"c f=1\n", {"t,s='\"a\"',r='b\"c'|f=1"}},
      {"t,s=\"a b\" f=1\n", {"!MISSING_FIELD_VALUE"}},
  });
}

TEST_CASE("line_parser: UTF-8 is checked wherever text is stored") {
  check_rows({
      {"t\xc3\xa9 f=1\n", {"t\xc3\xa9|f=1"}},
      {"t,s=\xe6\x97\xa5\xf0\x9f\x98\x80 x=\"\xc3\xbc\"\n", {"t,s='\xe6\x97\xa5\xf0\x9f\x98\x80'|x=\"\xc3\xbc\""}},
      {"t \xf0\x9f\x98\x80=1\n", {"t|\xf0\x9f\x98\x80=1"}},
      {"\xff f=1\n", {"!INVALID_UTF8"}},
      {"t \xc3(=1\n", {"!INVALID_UTF8"}},
      {"t,s=\xff\xfe f=1\n", {"!INVALID_UTF8"}},
      {"t,s=\xc0\x80 f=1\n", {"!INVALID_UTF8"}},
      {"t,s=\xe0\x9f\xbf f=1\n", {"!INVALID_UTF8"}},
      {"t,s=\xed\xa0\x80 f=1\n", {"!INVALID_UTF8"}},
      {"t,s=\xf4\x90\x80\x80 f=1\n", {"!INVALID_UTF8"}},
      {"t,s=\xf0\x8f\xbf\xbf f=1\n", {"!INVALID_UTF8"}},
      {"t,s=\xe6\x97 f=1\n", {"!INVALID_UTF8"}},
      {"t x=\"a\xff"
       "b\"\n",
       {"!INVALID_UTF8"}},
      {"t x=\"\xc3\\\xa9\"\n", {"t|x=\"\xc3\xa9\""}},
      {"t f=1\xc3\xa9\n", {"!INVALID_FIELD_VALUE"}},
      {"t f=1 5\xc3\xa9\n", {"!INVALID_TIMESTAMP"}},
  });
}

TEST_CASE("line_parser: a field value is what its last byte says") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"5i", "5i"},
      {"-5i", "-5i"},
      {"007i", "7i"},
      {"-0i", "0i"},
      {"9223372036854775807i", "9223372036854775807i"},
      {"-9223372036854775808i", "-9223372036854775808i"},
      {"1_000i", "1000i"},
      {"5Li", "5i"},
      {"i", "!"},
      {"-i", "!"},
      {"+5i", "!"},
      {"1ii", "!"},
      {"1.5i", "!"},
      {"9223372036854775808i", "!"},
      {"-9223372036854775809i", "!"},
      {"0x1i", "long256(0x1i)"},
      {"0xaBcDi", "long256(0xaBcDi)"},
      {"0x" + std::string(64, 'f') + "i", "long256(0x" + std::string(64, 'f') + "i)"},
      {"0x" + std::string(65, 'f') + "i", "!"},
      {"0xi", "!"},
      {"0X1i", "!"},
      {"1xi", "!"},
      {"1x2i", "!"},
      {"0xgi", "!"},
      {"5n", "5ns"},
      {"5t", "5us"},
      {"-5m", "-5ms"},
      {"1_0Lt", "10us"},
      {"n", "!"},
      {"m", "!"},
      {"1.5t", "!"},
      {"t", "true"},
      {"T", "true"},
      {"true", "true"},
      {"TRUE", "true"},
      {"tRuE", "true"},
      {"f", "false"},
      {"F", "false"},
      {"false", "false"},
      {"FALSE", "false"},
      {"E", "false"},
      {"e", "!"},
      {"truee", "!"},
      {"1.5f", "!"},
      {"1e5F", "!"},
      {"1", "1"},
      {"-0", "-0"},
      {"1.5D", "1.5"},
      {"NaN", "nan"},
      {"Infinity", "inf"},
      {"-Infinity", "-inf"},
      {"0x1p3", "8"},
      {"abc", "!"},
      {"null", "!"},
      {"1.6x", "!"},
      {"0x85", "!"},
      {"12~i", "!"},
      {"d", "!"},
      {"xd", "!"},
      {"1d0", "!"},
      {"-1.5e3d", "decimal(-1500e-0)"},
      {"NaNd", "decimal()"},
  };
  for (const auto& [value, meaning] : rows) {
    INFO(value);
    CHECK(field(value) == (meaning == "!" ? "!INVALID_FIELD_VALUE" : meaning));
  }
}

TEST_CASE("line_parser: the trailing timestamp") {
  check_rows({
      {"t f=1 0\n", {"t|f=1 @0"}},
      {"t f=1 1_000\n", {"t|f=1 @1000"}},
      {"t f=1 5L\n", {"t|f=1 @5"}},
      {"t f=1 5Lt\n", {"t|f=1 @5us"}},
      {"t f=1 5n\n", {"t|f=1 @5ns"}},
      {"t f=1 5m\n", {"t|f=1 @5ms"}},
      {"t f=1 9223372036854775807\n", {"t|f=1 @9223372036854775807"}},
      {"t f=1 9223372036854775808\n", {"!INVALID_TIMESTAMP"}},
      {"t f=1 +5\n", {"!INVALID_TIMESTAMP"}},
      {"t f=1 1.5\n", {"!INVALID_TIMESTAMP"}},
      {"t f=1 5s\n", {"!INVALID_TIMESTAMP"}},
      {"t f=1 n\n", {"!INVALID_TIMESTAMP"}},
      {"t f=1 5nn\n", {"!INVALID_TIMESTAMP"}},
  });
}

TEST_CASE("line_parser: names are held against the rules before their values are read") {
  for (const char bad : "?'\"):(+*%~"s + "\x01\x08\t\x0b\x0f\x7f") {
    const std::string name = "a"s + bad + "b";
    CHECK(parse_every_way(name + " f=1\n") == std::vector<std::string>{"!INVALID_TABLE_NAME"});
    CHECK(parse_every_way("t " + name + "=1\n") == std::vector<std::string>{"!INVALID_COLUMN_NAME"});
    CHECK(parse_every_way("t," + name + "=1 f=1\n") == std::vector<std::string>{"!INVALID_COLUMN_NAME"});
  }
  const std::string wide = "\xe6\x97\xa5";
  const std::string long_name(127, 'n');
  std::string long_wide_name;
  for (int i = 0; i < 127; ++i) long_wide_name += wide;
  check_rows({
      {"a.b-c_d f=1\n", {"a.b-c_d|f=1"}},
      {".a f=1\n", {"!INVALID_TABLE_NAME"}},
      {"a. f=1\n", {"!INVALID_TABLE_NAME"}},
      {"a..b f=1\n", {"!INVALID_TABLE_NAME"}},
      {"\\ a f=1\n", {"!INVALID_TABLE_NAME"}},
      {"a\\  f=1\n", {"!INVALID_TABLE_NAME"}},
      {"t \\ a\\ =1\n", {"t| a =1"}},
      {"t a.b=1\n", {"!INVALID_COLUMN_NAME"}},
      {"t a-b=1\n", {"!INVALID_COLUMN_NAME"}},
      {"t a\xef\xbb\xbf=1\n", {"!INVALID_COLUMN_NAME"}},
      {"t\xef\xbb\xbf f=1\n", {"!INVALID_TABLE_NAME"}},
      {"\x10 _a&$#@!^<>{}[];|=1\n", {"\x10|_a&$#@!^<>{}[];|=1"}},
      {long_name + " f=1\n", {long_name + "|f=1"}},
      {long_name + "n f=1\n", {"!INVALID_TABLE_NAME"}},
      {"t " + long_name + "=1\n", {"t|" + long_name + "=1"}},
      {"t " + long_name + "n=1\n", {"!INVALID_COLUMN_NAME"}},
      {"t " + long_wide_name + "=1\n", {"t|" + long_wide_name + "=1"}},
      {"t " + long_wide_name + "n=1\n", {"!INVALID_COLUMN_NAME"}},
  });
}
