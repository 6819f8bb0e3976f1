#include "net/judge/row_judge.h"

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "net/judge/rejection_text.h"
#include "net/line/parser.h"
#include "storage/schema/full_type.h"
#include "tests/catch.h"

namespace {

using namespace std::string_literals;
using net::Judgement;
using storage::ColumnType;

storage::Long256 long256_of(const net::JudgedCell& cell) { return engine::load<storage::Long256>(cell.wide().data()); }

storage::Schema make_table(std::vector<storage::ColumnWish> columns, ColumnType designated_type = ColumnType::timestamp_us) {
  storage::TableWish wish{.name = "t"};
  wish.designated.value = static_cast<uint32_t>(columns.size());
  wish.columns = std::move(columns);
  wish.columns.push_back({"timestamp", designated_type});
  return storage::make_schema(storage::TableId{7}, wish);
}

storage::Schema all_types() {
  return make_table({{"s", ColumnType::symbol},
                     {"l", ColumnType::int64},
                     {"d", ColumnType::float64},
                     {"v", ColumnType::varchar},
                     {"b", ColumnType::boolean},
                     {"h", ColumnType::long256},
                     {"us", ColumnType::timestamp_us},
                     {"ns", ColumnType::timestamp_ns}});
}

std::string describe(const net::JudgedCell& cell, const storage::Schema& schema) {
  const std::string name = schema.column(cell.column).name + "=";
  switch (cell.type) {
    case ColumnType::symbol:
    case ColumnType::varchar:
      return name + std::string(cell.text);
    case ColumnType::float64:
      return name + std::to_string(std::bit_cast<double>(cell.word));
    case ColumnType::long256:
      return name + std::to_string(long256_of(cell)[0]) + ":" + std::to_string(long256_of(cell)[1]);
    default:
      return name + std::to_string(static_cast<int64_t>(cell.word));
  }
}

// Judges one line and says what came of it:
//   a row      "s=a l=5 @1000", "@now" with the server's clock
//   wishes     "+f DOUBLE +g LONG"; of a table with the designated column in brackets
//   a refusal  "!CODE", and the sentence for people in `detail`
class Bench {
 public:
  explicit Bench(net::DefaultTypes default_types = {}) : judge_(1, default_types) {}

  std::string judge(std::string_view line, const storage::Schema* schema, engine::TimeUnit unit = engine::TimeUnit::ns) {
    text_ = std::string(line) + "\n";
    REQUIRE(parser_.consume(text_).event == net::LineEvent::line);
    switch (judge_.judge(parser_.line(), schema, unit)) {
      case Judgement::row:
        return describe_row(*schema);
      case Judgement::needs_columns:
        return describe_wishes(judge_.column_wishes(), column_none);
      case Judgement::needs_table:
        return describe_wishes(judge_.table_wish().columns, judge_.table_wish().designated.value);
      case Judgement::rejected:
        break;
    }
    detail = net::line_detail(judge_.rejection());
    return "!" + std::string(net::line_error_text(judge_.rejection().error));
  }

  std::string detail;

 private:
  static constexpr size_t column_none = SIZE_MAX;

  std::string describe_row(const storage::Schema& schema) const {
    const net::JudgedRow& row = judge_.row();
    std::string text;
    for (const net::JudgedCell& cell : row.cells) text += describe(cell, schema) + " ";
    return text + "@" + (row.has_timestamp ? std::to_string(row.timestamp) : "now");
  }

  static std::string describe_wishes(std::span<const storage::ColumnWish> wishes, size_t designated) {
    std::string text;
    for (size_t i = 0; i < wishes.size(); ++i) {
      const std::string wish = wishes[i].name + " " + storage::full_type_name(wishes[i].type, wishes[i].parameters);
      text += (text.empty() ? "" : " ") + (i == designated ? "[" + wish + "]" : "+" + wish);
    }
    return text;
  }

  net::LineParser parser_;
  net::RowJudge judge_;
  std::string text_;
};

}  // namespace

TEST_CASE("row_judge: cells go to the columns of their names, nulls nowhere") {
  Bench bench;
  const storage::Schema schema = all_types();
  CHECK(bench.judge("t,s=a l=5i,d=1.5,v=\"x y\",b=t,h=0x10000000000000002i,us=7t,ns=8n 9000", &schema) ==
        "s=a l=5 d=1.500000 v=x y b=1 h=2:1 us=7 ns=8 @9");
  CHECK(bench.judge("t b=f,l=5i", &schema) == "b=0 l=5 @now");
  CHECK(bench.judge("t,s= v=\"\"", &schema) == "s= v= @now");
  CHECK(bench.judge("t l=,d=,v=,b=,h=,us= 9000", &schema) == "@9");
  CHECK(bench.judge("t l=-9223372036854775808i,us=-9223372036854775808t,d=NaN", &schema) == "d=nan @now");
}

TEST_CASE("row_judge: names compare in any case, and the first of two counts") {
  Bench bench;
  const storage::Schema schema = make_table({{"Größe", ColumnType::float64}, {"s", ColumnType::symbol}});
  CHECK(bench.judge("t GRÖßE=1,größe=2,grösse=3", &schema) == "+grösse DOUBLE");
  CHECK(bench.judge("t,S=a GRÖßE=1,größe=\"x\",s=5i", &schema) == "s=a Größe=1.000000 @now");
  CHECK(bench.judge("t größe=,Größe=1", &schema) == "@now");
  CHECK(bench.judge("t New=1,nEW=\"x\",new=", &schema) == "+New DOUBLE");
  CHECK(bench.judge("t,é=a É=1", nullptr) == "+é SYMBOL [timestamp TIMESTAMP]");
}

TEST_CASE("row_judge: a line that repeats with other columns, places and spellings is judged as if it were the first") {
  Bench bench;
  const storage::Schema schema = make_table({{"a", ColumnType::int64}, {"b", ColumnType::int64}, {"c", ColumnType::int64}});
  for (int round = 0; round < 3; ++round) {
    CHECK(bench.judge("t a=1i,b=2i,c=3i", &schema) == "a=1 b=2 c=3 @now");
    CHECK(bench.judge("t c=1i,A=2i", &schema) == "c=1 a=2 @now");
    CHECK(bench.judge("t b=1i,B=5i,b=6i", &schema) == "b=1 @now");
  }
  storage::Schema next = *storage::with_columns(schema, std::vector<storage::ColumnWish>{{"D", ColumnType::int64}});
  CHECK(bench.judge("t d=4i,a=1i", &schema) == "+d LONG");
  CHECK(bench.judge("t d=4i,a=1i", &next) == "D=4 a=1 @now");
  storage::Schema other = make_table({{"a", ColumnType::symbol}});
  other.table = storage::TableId{8};
  CHECK(bench.judge("t,a=1 b=2i", &other) == "+b LONG");
  CHECK(bench.judge("t a=1i", &next) == "a=1 @now");
}

TEST_CASE("row_judge: many spellings of one name are forgotten, not hoarded") {
  Bench bench;
  const storage::Schema schema = make_table({{"abcdefghijklmnop", ColumnType::int64}});
  for (uint32_t spelling = 0; spelling < 10'000; ++spelling) {
    std::string name = "abcdefghijklmnop";
    for (size_t i = 0; i < name.size(); ++i) {
      if ((spelling >> i & 1U) != 0) name[i] = static_cast<char>(name[i] - 'a' + 'A');
    }
    REQUIRE(bench.judge("t " + name + "=1i," + name + "=2i", &schema) == "abcdefghijklmnop=1 @now");
  }
}

TEST_CASE("row_judge: a value that does not fit its column rejects the line, and says which types they are") {
  Bench bench;
  storage::Schema schema = make_table({{"l", ColumnType::int64},
                                       {"n", ColumnType::int8},
                                       {"m", ColumnType::decimal64, {.size = 5, .scale = 2}},
                                       {"a", ColumnType::array, {.size = 1}}});
  CHECK(bench.judge("t,l=5 d=1", &schema) == "!CAST");
  CHECK(bench.detail == "table: t, column: l; cast error from protocol type: TAG to column type: LONG");
  CHECK(bench.judge("t L=5.0", &schema) == "!CAST");
  CHECK(bench.detail == "table: t, column: L; cast error from protocol type: FLOAT to column type: LONG");
  CHECK(bench.judge("t m=t", &schema) == "!CAST");
  CHECK(bench.detail == "table: t, column: m; cast error from protocol type: BOOLEAN to column type: DECIMAL(5,2)");
  CHECK(bench.judge("t l=1.5d", &schema) == "!CAST");
  CHECK(bench.detail == "table: t, column: l; cast error from protocol type: DECIMAL to column type: LONG");
  CHECK(bench.judge("t l==\x0e\x0a\x02\0\0\0\0\0\0\0\0"s, &schema) == "!CAST");
  CHECK(bench.detail == "table: t, column: l; cast error from protocol type: ARRAY to column type: LONG");
  CHECK(bench.judge("t a==\x0e\x0a\x02\0\0\0\0\0\0\0\0"s, &schema) == "!CAST");
  CHECK(bench.detail == "table: t, column: a; cast error from protocol type: DOUBLE[][] to column type: DOUBLE[]");
  CHECK(bench.judge("t n=128i", &schema) == "!OUT_OF_BOUNDS");
  CHECK(bench.detail == "table: t, column: n; line protocol value: 128 is out bounds of column type: BYTE");
  CHECK(bench.judge("t n==\x03\x7f\xff\xff\xff", &schema) == "!OUT_OF_BOUNDS");
  CHECK(bench.detail == "table: t, column: n; line protocol value: -129 is out bounds of column type: BYTE");
  CHECK(bench.judge("t m=1000d", &schema) == "!OUT_OF_BOUNDS");
  CHECK(bench.detail == "table: t, column: m; line protocol value: 1000 is out bounds of column type: DECIMAL(5,2)");
  CHECK(bench.judge("t m=1.005d", &schema) == "!PRECISION_LOSS");
  CHECK(bench.detail == "table: t, column: m; value error: converting 1.005 to DECIMAL(5,2) will result in loss of precision");
}

TEST_CASE("row_judge: a new column has the type of its first value") {
  Bench bench;
  const storage::Schema schema = make_table({});
  CHECK(bench.judge("t,a=x b=1,c=1i,d=\"x\",e=t,f=0x1i,g=1t,h=1m,i=1n", &schema) ==
        "+a SYMBOL +b DOUBLE +c LONG +d VARCHAR +e BOOLEAN +f LONG256 +g TIMESTAMP +h TIMESTAMP +i TIMESTAMP_NS");
  CHECK(bench.judge("t a=", &schema) == "!UNTYPED_COLUMN");
  CHECK(bench.detail == "table: t; invalid column type: a");
  CHECK(bench.judge("t a=", nullptr) == "!UNTYPED_COLUMN");
  CHECK(bench.judge("t a=-9223372036854775808i", &schema) == "+a LONG");
  CHECK(bench.judge("t a=9223372036854775807m", &schema) == "!TIMESTAMP_OVERFLOW");
  CHECK(bench.judge("t a==\x0e\x0a\x02\0\0\0\0\0\0\0\0"s, &schema) == "+a DOUBLE[][]");
  CHECK(bench.judge("t a==\x0e\x0a\0"s, &schema) == "!UNTYPED_COLUMN");
  CHECK(bench.judge("t a=1.5d", &schema) == "!DECIMAL_COLUMN");
  CHECK(bench.detail == "table: t; decimal columns must be created manually: a");
}

TEST_CASE("row_judge: settings choose the types of new columns") {
  Bench bench({.integer = ColumnType::int16,
               .real = ColumnType::float32,
               .string = ColumnType::string,
               .timestamp = ColumnType::timestamp_ns});
  const storage::Schema schema = make_table({});
  CHECK(bench.judge("t a=1,b=1i,c=\"x\",d=1t", &schema) == "+a FLOAT +b SHORT +c STRING +d TIMESTAMP");
  CHECK(bench.judge("t f=1", nullptr) == "+f FLOAT [timestamp TIMESTAMP_NS]");
  CHECK(bench.judge("t f=1 5", nullptr) == "+f FLOAT [timestamp TIMESTAMP]");
}

TEST_CASE("row_judge: a new table has the columns in order of mention and the designated timestamp last") {
  Bench bench;
  CHECK(bench.judge("t,z=1,a=2 y=1,b=2i,Z=3 5", nullptr) == "+z SYMBOL +a SYMBOL +y DOUBLE +b LONG [timestamp TIMESTAMP]");
  CHECK(bench.judge("t f=1 5n", nullptr) == "+f DOUBLE [timestamp TIMESTAMP_NS]");
  CHECK(bench.judge("t f=1 5t", nullptr) == "+f DOUBLE [timestamp TIMESTAMP]");
  CHECK(bench.judge("t f=1", nullptr) == "+f DOUBLE [timestamp TIMESTAMP]");
  CHECK(bench.judge("t timestamp=5t,f=1", nullptr) == "[timestamp TIMESTAMP] +f DOUBLE");
  CHECK(bench.judge("t f=1,TimeStamp=5n,g=2,timestamp=6i", nullptr) == "+f DOUBLE [timestamp TIMESTAMP] +g DOUBLE");
  CHECK(bench.judge("t timestamp=5t,f=1 7n", nullptr) == "[timestamp TIMESTAMP_NS] +f DOUBLE");
  CHECK(bench.judge("t timestamp=5i", nullptr) == "!DESIGNATED_TYPE");
  CHECK(bench.judge("t,timestamp=5 f=1", nullptr) == "!DESIGNATED_TYPE");
  CHECK(bench.judge("t timestamp=,f=1", nullptr) == "!DESIGNATED_TYPE");
  CHECK(bench.judge("t timestamp=-5t", nullptr) == "!TIMESTAMP_NEGATIVE");
  CHECK(bench.judge("t f=1 -5", nullptr) == "!TIMESTAMP_NEGATIVE");
}

TEST_CASE("row_judge: a table has a bounded number of columns") {
  Bench bench;
  std::string line = "t f0=1";
  for (size_t i = 1; i + 1 < storage::columns_max; ++i) line += ",f" + std::to_string(i) + "=1";
  CHECK(bench.judge(line, nullptr).ends_with("[timestamp TIMESTAMP]"));
  CHECK(bench.judge(line + ",one_more=1", nullptr) == "!TOO_MANY_COLUMNS");
  const storage::Schema schema = make_table({{"f0", ColumnType::float64}});
  CHECK(bench.judge(line, &schema).starts_with("+f1 DOUBLE"));
  CHECK(bench.judge(line + ",one_more=1", &schema) == "!TOO_MANY_COLUMNS");
}

TEST_CASE("row_judge: the trailing timestamp comes in the column's unit and within its years") {
  Bench bench;
  const storage::Schema us = make_table({{"f", ColumnType::float64}});
  const storage::Schema ns = make_table({{"f", ColumnType::float64}}, ColumnType::timestamp_ns);
  struct Row {
    std::string timestamp, in_us, in_ns;
  };
  const std::vector<Row> rows = {
      {"0", "@0", "@0"},
      {"999", "@0", "@999"},
      {"1999n", "@1", "@1999"},
      {"5t", "@5", "@5000"},
      {"5m", "@5000", "@5000000"},
      {"-1", "!TIMESTAMP_NEGATIVE", "!TIMESTAMP_NEGATIVE"},
      {"-9223372036854775808", "@now", "@now"},
      {"9214646399999999999", "@9214646399999999", "@9214646399999999999"},
      {"9214646400000000000", "@9214646400000000", "!TIMESTAMP_TOO_LATE"},
      {"9223372036854775807", "@9223372036854775", "!TIMESTAMP_TOO_LATE"},
      {"253402300799999999t", "@253402300799999999", "!TIMESTAMP_OVERFLOW"},
      {"253402300800000000t", "!TIMESTAMP_TOO_LATE", "!TIMESTAMP_OVERFLOW"},
      {"9223372036854775807m", "!TIMESTAMP_OVERFLOW", "!TIMESTAMP_OVERFLOW"},
  };
  for (const Row& row : rows) {
    INFO(row.timestamp);
    const auto without_cell = [](const std::string& text) {
      return text.starts_with('!') ? text : text.substr(text.find('@'));
    };
    CHECK(without_cell(bench.judge("t f=1 " + row.timestamp, &us)) == row.in_us);
    CHECK(without_cell(bench.judge("t f=1 " + row.timestamp, &ns)) == row.in_ns);
  }
  CHECK(bench.judge("t f= 5", &us, engine::TimeUnit::us) == "@5");
  CHECK(bench.judge("t f= 5", &us, engine::TimeUnit::seconds) == "@5000000");
  CHECK(bench.judge("t f= 5", &ns, engine::TimeUnit::minutes) == "@300000000000");
  CHECK(bench.judge("t f= 5", &ns, engine::TimeUnit::hours) == "@18000000000000");
  CHECK(bench.judge("t f= 5m", &ns, engine::TimeUnit::hours) == "@5000000");
}

TEST_CASE("row_judge: a field of the designated column overrides the trailing timestamp") {
  Bench bench;
  const storage::Schema us = make_table({{"f", ColumnType::float64}});
  const storage::Schema ns = make_table({{"f", ColumnType::float64}}, ColumnType::timestamp_ns);
  CHECK(bench.judge("t timestamp=5t 9000", &us) == "@5");
  CHECK(bench.judge("t TIMESTAMP=5000n", &us) == "@5");
  CHECK(bench.judge("t timestamp=5m,timestamp=7t", &ns) == "@5000000");
  CHECK(bench.judge("t timestamp=9223372036854775807n", &ns) == "@9223372036854775807");
  CHECK(bench.judge("t timestamp=-1t", &us) == "!TIMESTAMP_NEGATIVE");
  CHECK(bench.judge("t timestamp=253402300800000000t", &us) == "!TIMESTAMP_TOO_LATE");
  CHECK(bench.judge("t timestamp=9223372036854775807m", &us) == "!TIMESTAMP_OVERFLOW");
  for (const std::string_view wrong : {"timestamp=5i", "timestamp=5", "timestamp=\"5\"", "timestamp=t", "timestamp="}) {
    INFO(wrong);
    CHECK(bench.judge("t " + std::string(wrong), &us) == "!DESIGNATED_TYPE");
  }
  CHECK(bench.judge("t,timestamp=5 f=1", &us) == "!DESIGNATED_TYPE");
}

TEST_CASE("row_judge: timestamp fields may lie before 1970 and beyond 9999") {
  Bench bench;
  const storage::Schema schema = all_types();
  CHECK(bench.judge("t us=-1m,ns=-1m", &schema) == "us=-1000 ns=-1000000 @now");
  CHECK(bench.judge("t us=1999n,ns=9223372036854775807n", &schema) == "us=1 ns=9223372036854775807 @now");
  CHECK(bench.judge("t us=9223372036854775807t", &schema) == "us=9223372036854775807 @now");
  CHECK(bench.judge("t ns=9223372036854775807t", &schema) == "!TIMESTAMP_OVERFLOW");
}

TEST_CASE("line_detail: sentences are QuestDB's") {
  constexpr size_t line_size_max = 64 * 1024;
  const auto detail_of = [](std::string_view text) {
    net::LineParser parser({.line_size_max = line_size_max});
    REQUIRE(parser.consume(text).event == net::LineEvent::bad_line);
    return net::line_detail(parser.bad_line(), {line_size_max, "line.http.max.recv.buffer.size"});
  };
  CHECK(detail_of("t\n") == "No fields were provided");
  CHECK(detail_of("t,a f=1\n") == "Could not parse entire line. Symbol value is missing: a");
  CHECK(detail_of("t a b=1\n") == "Could not parse entire line. Field value is missing: a");
  CHECK(detail_of("t f=1 abc\n") == "Could not parse timestamp: abc");
  CHECK(detail_of("t,a=b c\n") == "Could not parse timestamp: c");
  CHECK(detail_of("t f=x1\n") == "Could not parse entire line, field value is invalid. Field: f; value: x1");
  CHECK(detail_of("t a-b=1\n") == "table: t; invalid column name: a-b");
  CHECK(detail_of("a*b f=1\n") == "table: a*b; invalid table name (INVALID_TABLE_NAME)");
  CHECK(detail_of("t f=1=2\n") == "INVALID_FIELD_SEPARATOR");
  CHECK(detail_of("t s=\"" + std::string(100'000, 'y') + "\"\n") ==
        "a line of 100006 bytes or more, at most 65536 are taken: line.http.max.recv.buffer.size sets the limit");
  std::string wide = "t ";
  for (size_t i = 0; i <= net::line_values_max; ++i) wide += "a=,";
  CHECK(detail_of(wide + "\n") == "a line of more than 16384 values, a limit that no setting changes");

  Bench bench;
  const storage::Schema ns = make_table({{"f", ColumnType::float64}}, ColumnType::timestamp_ns);
  bench.judge("t f=1 -5", &ns);
  CHECK(bench.detail == "table: t, timestamp: -5; designated timestamp before 1970-01-01 is not allowed");
  bench.judge("t f=1 9223372036854775807", &ns);
  CHECK(bench.detail == "table: t, timestamp: 9223372036854775807; designated timestamp overflow, max[9214646399999999999]");
  bench.judge("t f=1 9223372036854775807m", &ns);
  CHECK(bench.detail == "long overflow, timestamp: 9223372036854775807");
  bench.judge("t timestamp=5i", &ns);
  CHECK(bench.detail == "table: t, column: timestamp; cast error from protocol type: INTEGER to column type: TIMESTAMP_NS");
}
