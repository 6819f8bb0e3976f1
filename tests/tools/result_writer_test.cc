#include "tools/sql/result_writer.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tests/catch.h"

namespace tools {
namespace {

using net::SqlCell;

const std::vector<net::SqlColumn> columns = {{"symbol", "SYMBOL"}, {"price", "DOUBLE"}, {"lots", "LONG"}, {"late", "BOOLEAN"}};

using Row = std::array<SqlCell, 4>;

const std::array rows = {
    Row{SqlCell::of_text("ETH, \"old\""), SqlCell::of_real(2615.54), SqlCell::of_integer(-33), SqlCell::of_boolean(true)},
    Row{SqlCell::of_text("gr\xC3\xBCn\x1B"), SqlCell{}, SqlCell{}, SqlCell::of_boolean(false)},
    Row{SqlCell::of_text(""), SqlCell::of_real(1), SqlCell::of_integer(1'000'000), SqlCell::of_boolean(false)},
};

std::string written(ResultFormat format, std::span<const Row> result) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* file = open_memstream(&text, &size);
  REQUIRE(file != nullptr);
  const std::unique_ptr<net::ResultSink> writer = make_result_writer(format, file);
  CHECK(writer->begin(columns, net::designated_none).ok());
  for (const Row& row : result) CHECK(writer->row(row).ok());
  CHECK(writer->end(result.size()).ok());
  std::fclose(file);
  std::string all(text, size);
  std::free(text);
  return all;
}

TEST_CASE("result_writer: a table is aligned, numbers to the right, and shows no control character") {
  CHECK(written(ResultFormat::table, rows) ==
        "symbol        price     lots  late\n"
        "----------  -------  -------  -----\n"
        "ETH, \"old\"  2615.54      -33  true\n"
        "gr\xC3\xBCn\\x1b       null     null  false\n"
        "                1.0  1000000  false\n"
        "3 rows\n");
  CHECK(written(ResultFormat::table, std::span(rows).first(1)).ends_with("\n1 row\n"));
  CHECK(written(ResultFormat::table, {}) == "symbol  price  lots  late\n------  -----  ----  ----\n0 rows\n");
}

TEST_CASE("result_writer: rows beyond the measured ones are written at once, and push aside what is too narrow") {
  std::vector<Row> many(1000, rows[2]);
  many.push_back(rows[0]);
  many.push_back(rows[0]);
  const std::string text = written(ResultFormat::table, many);
  CHECK(text.ends_with("ETH, \"old\"  2615.54      -33  true\n1002 rows\n"));
}

TEST_CASE("result_writer: CSV tells null from an empty text, and quotes what needs it") {
  CHECK(written(ResultFormat::csv, rows) ==
        "symbol,price,lots,late\n"
        "\"ETH, \"\"old\"\"\",2615.54,-33,true\n"
        "gr\xC3\xBCn\x1B,,,false\n"
        "\"\",1.0,1000000,false\n");
}

TEST_CASE("result_writer: JSON has an object a line") {
  CHECK(written(ResultFormat::json, rows) ==
        "{\"symbol\":\"ETH, \\\"old\\\"\",\"price\":2615.54,\"lots\":-33,\"late\":true}\n"
        "{\"symbol\":\"gr\xC3\xBCn\\u001b\",\"price\":null,\"lots\":null,\"late\":false}\n"
        "{\"symbol\":\"\",\"price\":1.0,\"lots\":1000000,\"late\":false}\n");
}

TEST_CASE("result_writer: a file that takes nothing ends the query") {
  std::FILE* file = std::fopen("/dev/full", "w");
  REQUIRE(file != nullptr);
  for (const ResultFormat format : {ResultFormat::table, ResultFormat::csv, ResultFormat::json}) {
    const std::unique_ptr<net::ResultSink> writer = make_result_writer(format, file);
    CHECK(writer->begin(columns, net::designated_none).ok());
    CHECK(writer->row(rows[0]).ok());
    CHECK(absl::IsUnavailable(writer->end(1)));
  }
  std::fclose(file);
}

}  // namespace
}  // namespace tools
