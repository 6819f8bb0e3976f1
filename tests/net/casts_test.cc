// The matrix of values and column types, by lines that a judge reads.
#include "net/judge/casts.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/judge/row_judge.h"
#include "net/line/parser.h"
#include "net/sql/stored_value.h"
#include "net/sql/value.h"
#include "storage/schema/full_type.h"
#include "tests/catch.h"

namespace {

using namespace std::string_literals;

// What column `v` of that type holds after `,v=...` or ` v=...`: its text, "null", or "!" and the error.
std::string cast(const std::string& type_name, std::string_view value) {
  const storage::FullType type = storage::parse_full_type(type_name).value();
  storage::TableWish wish{.name = "t", .designated = {1}};
  wish.columns = {{"v", type.type, type.parameters}, {"timestamp", storage::ColumnType::timestamp_us}};
  const storage::Schema schema = storage::make_schema(storage::TableId{1}, wish);
  const std::string line = "t" + std::string(value) + "\n";
  net::LineParser parser;
  if (parser.consume(line).event != net::LineEvent::line) return "!" + std::string(line_error_text(parser.bad_line().error));
  net::RowJudge judge(1);
  if (judge.judge(parser.line(), &schema) != net::Judgement::row) {
    return "!" + std::string(line_error_text(judge.rejection().error));
  }
  if (judge.row().cells.empty()) return "null";
  const net::JudgedCell& cell = judge.row().cells.front();
  if (cell.type == storage::ColumnType::symbol) return std::string(cell.text);
  const net::StoredValue stored{.word = cell.word, .bytes = cell.text};
  std::string text;
  switch (net::form_of(cell.type)) {
    case net::ValueForm::boolean:
      return cell.word != 0 ? "true" : "false";
    case net::ValueForm::integer:
      return std::to_string(static_cast<int64_t>(cell.word));  // all of it, whatever the width
    case net::ValueForm::real:
    case net::ValueForm::real32:
      net::append_double(text, net::real_of(cell.type, stored));
      return text;
    default:
      net::append_value(text, type, stored);
      return text;
  }
}

struct Expected {
  std::string value, result;
};

void check(const std::string& type_name, const std::vector<Expected>& rows) {
  for (const Expected& row : rows) {
    INFO(type_name << row.value);
    CHECK(cast(type_name, row.value) == row.result);
  }
}

const std::string array_line = " v==\x0e\x0a\x01\x01\0\0\0\0\0\0\0\0\0\xf8\x3f"s;
const std::string decimal_line = " v==\x17\x01\x01\xfb"s;

}  // namespace

TEST_CASE("casts: the whole matrix") {
  // In order: tag, integer, double, string, boolean, long256, timestamp, array, decimal. "-" is a cast error.
  const std::vector<std::string> values{",v=a",     " v=42i",   " v=1.50",  " v=\"abc\"", " v=TRUE",
                                        " v=0x1fi", " v=5000m", array_line, decimal_line};
  struct Row {
    std::string type;
    std::vector<std::string> results;
  };
  const std::vector<Row> rows = {
      {"SYMBOL", {"a", "42", "1.50", "abc", "TRUE", "0x1f", "5000", "-", "-"}},
      {"VARCHAR", {"a", "-", "-", "abc", "-", "-", "-", "-", "-"}},
      {"STRING", {"a", "-", "-", "abc", "-", "-", "-", "-", "-"}},
      {"CHAR", {"-", "-", "-", "-", "-", "-", "-", "-", "-"}},
      {"LONG", {"-", "42", "-", "-", "1", "-", "-", "-", "-"}},
      {"INT", {"-", "42", "-", "-", "1", "-", "-", "-", "-"}},
      {"SHORT", {"-", "42", "-", "-", "1", "-", "-", "-", "-"}},
      {"BYTE", {"-", "42", "-", "-", "1", "-", "-", "-", "-"}},
      {"DOUBLE", {"-", "42.0", "1.5", "-", "1.0", "-", "-", "-", "-"}},
      {"FLOAT", {"-", "42.0", "1.5", "-", "1.0", "-", "-", "-", "-"}},
      {"BOOLEAN", {"-", "-", "-", "-", "true", "-", "-", "-", "-"}},
      {"TIMESTAMP", {"-", "1970-01-01T00:00:00.000042Z", "-", "-", "-", "-", "1970-01-01T00:00:05.000000Z", "-", "-"}},
      {"TIMESTAMP_NS", {"-", "1970-01-01T00:00:00.000000042Z", "-", "-", "-", "-", "1970-01-01T00:00:05.000000000Z", "-", "-"}},
      {"DATE", {"-", "1970-01-01T00:00:00.042Z", "-", "-", "-", "-", "1970-01-01T00:00:05.000Z", "-", "-"}},
      {"LONG256", {"-", "-", "-", "-", "-", "0x1f", "-", "-", "-"}},
      {"UUID", {"-", "-", "-", "-", "-", "-", "-", "-", "-"}},
      {"IPv4", {"-", "-", "-", "-", "-", "-", "-", "-", "-"}},
      {"GEOHASH(2c)", {"-", "-", "-", "null", "-", "-", "-", "-", "-"}},
      {"DECIMAL(18,3)", {"-", "42.000", "1.500", "-", "-", "-", "-", "-", "-0.500"}},
      {"DECIMAL(38,3)", {"-", "42.000", "1.500", "-", "-", "-", "-", "-", "-0.500"}},
      {"DECIMAL(76,3)", {"-", "42.000", "1.500", "-", "-", "-", "-", "-", "-0.500"}},
      {"DOUBLE[]", {"-", "-", "-", "-", "-", "-", "-", "[1.5]", "-"}},
      {"DOUBLE[][]", {"-", "-", "-", "-", "-", "-", "-", "-", "-"}},
      {"BINARY", {"-", "-", "-", "-", "-", "-", "-", "-", "-"}},
  };
  for (const Row& row : rows) {
    for (size_t i = 0; i < values.size(); ++i) {
      INFO(row.type << values[i]);
      CHECK(cast(row.type, values[i]) == (row.results[i] == "-" ? "!CAST" : row.results[i]));
    }
  }
}

TEST_CASE("casts: integers keep to the range of their column, and the least long is null") {
  const std::string null_long = " v=-9223372036854775808i";
  check("BYTE", {{" v=127i", "127"}, {" v=-128i", "-128"}, {" v=128i", "!OUT_OF_BOUNDS"}, {" v=-129i", "!OUT_OF_BOUNDS"}});
  check("SHORT", {{" v=32767i", "32767"}, {" v=-32768i", "-32768"}, {" v=32768i", "!OUT_OF_BOUNDS"}});
  check("INT", {{" v=2147483647i", "2147483647"},
                {" v=-2147483647i", "-2147483647"},
                {" v=-2147483648i", "null"},
                {" v=2147483648i", "!OUT_OF_BOUNDS"},
                {" v=-2147483649i", "!OUT_OF_BOUNDS"}});
  for (const char* type : {"BYTE", "SHORT", "INT", "LONG", "DOUBLE", "FLOAT", "TIMESTAMP", "DATE", "DECIMAL(18,3)"}) {
    check(type, {{null_long, "null"}, {" v=", "null"}});
  }
  check("LONG", {{" v=f", "0"}, {" v==\x03\xfe\xff\xff\xff", "-2"}});
  check("DATE", {{" v=-9223372036854775808t", "null"}, {" v=1638202821123456t", "2021-11-29T16:20:21.123Z"}});
  check("TIMESTAMP_NS", {{" v=9223372036854775807m", "!TIMESTAMP_OVERFLOW"}});
}

TEST_CASE("casts: a double in a column of floats is the nearest float") {
  check("FLOAT", {{" v=0.1", "0.10000000149011612"}, {" v=1e300", "inf"}, {" v=NaN", "nan.0"}, {" v=16777217i", "16777216.0"}});
}

TEST_CASE("casts: a symbol of another value is the text that was sent") {
  check("SYMBOL", {{" v=-7i", "-7"},
                   {" v=1_000i", "1_000"},
                   {" v=t", "t"},
                   {" v=5n", "5"},
                   {" v=\"\"", ""},
                   {" v==\x10\0\0\0\0\0\0\xf8\x3f"s, "1.5"},
                   {" v==\x0f\xfb\xff\xff\xff\xff\xff\xff\xff", "-5"},
                   {" v==\x06\x01", "true"},
                   {" v==\x0d\x02\x07\0\0\0\0\0\0\0"s, "7"}});
}

TEST_CASE("casts: texts that say a value of the column's type") {
  check("CHAR", {{" v=\"A\"", "A"}, {" v=\"\"", "!CAST"}, {" v=\"AB\"", "!CAST"}, {" v=\"\xc3\xa9\"", "!CAST"}});
  check("UUID", {{" v=\"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11\"", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
                 {" v=\"a0eebc999-c0b-4ef8-bb6d-6bb9bd380a11\"", "!CAST"},
                 {" v=\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1\"", "!CAST"},
                 {" v=\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g\"", "!CAST"},
                 {" v=\"\"", "!CAST"}});
  check("IPv4", {{" v=\"192.168.1.255\"", "192.168.1.255"},
                 {" v=\"0.0.0.0\"", "null"},
                 {" v=\"\"", "null"},
                 {" v=\"null\"", "null"},
                 {" v=\"256.1.1.1\"", "!CAST"},
                 {" v=\"1.2.3\"", "!CAST"},
                 {" v=\"1.2.3.\"", "!CAST"},
                 {" v=\"1.2.3.4.5\"", "!CAST"},
                 {" v=\"1.2.3.0004\"", "!CAST"}});
  check("LONG256", {{" v=\"0x1f\"", "0x1f"}, {" v=\"0x1\"", "!CAST"}, {" v=\"1f\"", "!CAST"}, {" v=\"0x\"", "!CAST"}});
  check("GEOHASH(5c)",
        {{" v=\"u33dc1\"", "u33dc"}, {" v=\"U33DC\"", "u33dc"}, {" v=\"u33d\"", "null"}, {" v=\"u33da\"", "null"}});
  check("GEOHASH(4b)", {{" v=\"9v1s8hm7wpkssv1h\"", "0100"}, {" v=\"\"", "null"}});
  check("GEOHASH(60b)", {{" v=\"zzzzzzzzzzzz\"", "zzzzzzzzzzzz"}});
}

TEST_CASE("casts: decimals come to their column's scale exactly, or not at all") {
  check("DECIMAL(5,2)", {{" v=1.5d", "1.50"},
                         {" v=-999.99d", "-999.99"},
                         {" v=1000d", "!OUT_OF_BOUNDS"},
                         {" v=1.500d", "1.50"},
                         {" v=1.505d", "!PRECISION_LOSS"},
                         {" v=NaNd", "null"},
                         {" v=0.1", "0.10"},
                         {" v=1e2", "100.00"},
                         {" v=1.5D", "1.50"},
                         {" v=0x1p-1", "0.50"},
                         {" v=NaN", "null"},
                         {" v=\"7.25\"", "7.25"},
                         {" v=\"x\"", "!CAST"},
                         {" v=\"\"", "!CAST"},
                         {" v=-1i", "-1.00"},
                         {" v==\x10\0\0\0\0\0\0\xf8\x3f"s, "1.50"}});
  const std::string largest(76, '9');
  check("DECIMAL(76,0)", {{" v=" + largest + "d", largest},
                          {" v=-" + largest + "d", "-" + largest},
                          {" v=9223372036854775807i", "9223372036854775807"}});
  check("DECIMAL(76,76)", {{" v=-." + largest + "d", "-0." + largest}, {" v=1i", "!OUT_OF_BOUNDS"}});
  check("DECIMAL(38,0)", {{" v=-" + largest.substr(38) + "d", "-" + largest.substr(38)}, {" v=1e38d", "!OUT_OF_BOUNDS"}});
}

TEST_CASE("casts: an array fits the column of its dimensions, and none of values every one") {
  const std::string null_array = " v==\x0e\x0a\0"s;
  check("DOUBLE[]", {{null_array, "null"}, {" v==\x0e\x0a\x01\0\0\0\0"s, "[]"}});
  check("DOUBLE[][]", {{null_array, "null"},
                       {" v==\x0e\x0a\x02\x02\0\0\0\x01\0\0\0\0\0\0\0\0\0\xf8\x3f\0\0\0\0\0\0\xf8\x7f"s, "[[1.5],[null]]"}});
  check("LONG", {{null_array, "!CAST"}});
}

TEST_CASE("casts: a line of many values that are made keeps each of them") {
  storage::TableWish wish{.name = "t"};
  std::string line = "t ";
  constexpr uint32_t count = 200;
  for (uint32_t i = 0; i < count; ++i) {
    wish.columns.push_back({"v" + std::to_string(i), storage::ColumnType::long256});
    line += (i == 0 ? "v" : ",v") + std::to_string(i) + "=0x" + std::to_string(100 + i) + "i";
  }
  wish.designated.value = count;
  wish.columns.push_back({"timestamp", storage::ColumnType::timestamp_us});
  const storage::Schema schema = storage::make_schema(storage::TableId{1}, wish);
  net::RowJudge judge(1);
  for (const std::string& text : {"t v0=0x1i\n"s, line + "\n", "t v0=0x1i\n"s}) {
    net::LineParser parser;
    REQUIRE(parser.consume(text).event == net::LineEvent::line);
    REQUIRE(judge.judge(parser.line(), &schema) == net::Judgement::row);
    const auto cells = judge.row().cells;
    for (size_t i = 0; i < cells.size(); ++i) {
      std::string value;
      net::append_value(value, {cells[i].type}, {.word = 0, .bytes = cells[i].text});
      REQUIRE(value == (cells.size() == 1 ? "0x1" : "0x" + std::to_string(100 + i)));
    }
  }
}
