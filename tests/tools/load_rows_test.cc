#include "tools/load/rows.h"

#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/catch.h"

namespace {

using tools::Cell;
using tools::RowId;
using tools::RowPlan;
using tools::RowShape;
using tools::RowSource;

RowSource make_source(const RowPlan& plan) {
  absl::StatusOr<RowSource> source = RowSource::create(plan);
  REQUIRE(source.ok());
  return *std::move(source);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// A line as a person reads it: nothing is quoted or escaped in these rows but the plain text of extra columns.
struct Line {
  explicit Line(std::string_view text) {
    const std::vector<std::string> sections = split(text, ' ');
    REQUIRE(sections.size() == 3);
    std::vector<std::string> pairs = split(sections[0], ',');
    table = pairs.front();
    pairs.erase(pairs.begin());
    for (const std::string& field : split(sections[1], ',')) pairs.push_back(field);
    for (const std::string& pair : pairs) {
      const size_t equals = pair.find('=');
      REQUIRE(equals != std::string::npos);
      REQUIRE(values.emplace(pair.substr(0, equals), pair.substr(equals + 1)).second);
    }
    REQUIRE(sections[2].size() == 19);
    REQUIRE(sections[2].ends_with("000"));
    timestamp_us = std::stoll(sections[2]) / 1000;
  }

  std::string table;
  std::map<std::string, std::string> values;
  int64_t timestamp_us = 0;
};

bool equals(const std::string& text, const tools::CellValue& value) {
  if (const int64_t* integer = std::get_if<int64_t>(&value)) return text == std::to_string(*integer) + "i";
  if (const double* number = std::get_if<double>(&value)) return std::stod(text) == *number;
  const std::string& expected = std::get<std::string>(value);
  return text == expected || text == '"' + expected + '"';
}

// All lines of all senders, through a buffer that several fills are needed for.
std::vector<std::string> all_lines(const RowSource& source) {
  std::vector<char> buffer(RowSource::row_size_max * 3);
  std::vector<std::string> lines;
  for (uint32_t sender = 0; sender < source.plan().senders; ++sender) {
    for (RowId next{.sender = sender}; next.sequence < source.sender_rows(sender);) {
      const RowSource::Filled filled = source.fill(next, source.sender_rows(sender) - next.sequence, buffer);
      std::vector<std::string> filled_lines = split({buffer.data(), filled.size}, '\n');
      REQUIRE(filled_lines.back().empty());
      filled_lines.pop_back();
      REQUIRE(filled_lines.size() == filled.rows);
      lines.insert(lines.end(), filled_lines.begin(), filled_lines.end());
      next.sequence += filled.rows;
    }
  }
  return lines;
}

// Every line leads to a row of its own, and that row's cells are the line's.
void check_inversion(const RowSource& source) {
  std::set<RowId> ids;
  std::map<std::string, uint64_t> rows_of_tables;
  for (const std::string& text : all_lines(source)) {
    const Line line(text);
    ++rows_of_tables[line.table];
    const auto hostname = line.values.find("hostname");
    const std::optional<RowId> id = source.identify(line.timestamp_us, hostname == line.values.end() ? "" : hostname->second);
    REQUIRE(id);
    CHECK(ids.insert(*id).second);
    CHECK(line.table == source.table_name(source.table_of(*id)));
    const std::vector<Cell> cells = source.cells(*id);
    CHECK(cells.size() == line.values.size());
    for (const Cell& cell : cells) {
      REQUIRE(line.values.contains(cell.column));
      CHECK(equals(line.values.at(cell.column), cell.value));
    }
  }
  CHECK(ids.size() == source.plan().rows);
  for (uint32_t table = 0; table < source.plan().tables; ++table) {
    CHECK(rows_of_tables[source.table_name(table)] == source.table_rows(table));
  }
}

}  // namespace

TEST_CASE("load_rows: a line of trades leads back to its row and the row's cells") {
  check_inversion(make_source({.rows = 1000}));
  check_inversion(make_source({.rows = 1001, .senders = 4, .tables = 3, .seed = 7, .step_us = 250}));
}

TEST_CASE("load_rows: a line of tsbs-cpu leads back to its row and the row's cells") {
  const int64_t step_us = 10'000'000;
  check_inversion(make_source({.shape = RowShape::tsbs_cpu, .rows = 8500, .table = "cpu", .step_us = step_us}));
  check_inversion(
      make_source({.shape = RowShape::tsbs_cpu, .rows = 4003, .senders = 7, .tables = 5, .table = "cpu", .step_us = step_us}));
}

TEST_CASE("load_rows: senders come to the same new columns at the same sequence") {
  const RowSource source = make_source({.rows = 2000, .senders = 2, .tables = 3, .new_columns_every = 100});
  check_inversion(source);
  CHECK(source.cells({.sender = 0, .sequence = 99}).size() == 4);
  CHECK(source.cells({.sender = 0, .sequence = 100}).back().column == "extra_1");
  CHECK(source.cells({.sender = 1, .sequence = 100}).back().column == "extra_1");
  CHECK(source.cells({.sender = 1, .sequence = 999}).back().column == "extra_9");
}

TEST_CASE("load_rows: lines have the published sizes") {
  const auto mean_size = [](const RowSource& source) {
    size_t bytes = 0;
    for (const std::string& line : all_lines(source)) bytes += line.size() + 1;
    return static_cast<double>(bytes) / static_cast<double>(source.plan().rows);
  };
  CHECK(std::abs(mean_size(make_source({.rows = 4000})) - 82) < 2);
  CHECK(std::abs(mean_size(make_source({.shape = RowShape::tsbs_cpu, .rows = 4000, .table = "cpu"})) - 348) < 3);
}

// Golden: a changed line makes figures of different versions incomparable.
TEST_CASE("load_rows: the first lines stay what they are") {
  CHECK(all_lines(make_source({.rows = 4, .new_columns_every = 1})) ==
        std::vector<std::string>{
            "trades_0,symbol=SUI-CHF,side=buy price=505.29,amount=8.34480 1640995200000000000",
            "trades_0,symbol=LDO-USD,side=buy price=2004.33,amount=9.97986,extra_1=580589i 1640995200000001000",
            "trades_0,symbol=TIA-GBP,side=buy price=40002.55,amount=9.79148,extra_2=731.04 1640995200000002000",
            "trades_0,symbol=LDO-JPY,side=sell price=9009.27,amount=5.06272,extra_3=\"v38112\" 1640995200000003000"});
  CHECK(all_lines(make_source({.shape = RowShape::tsbs_cpu, .rows = 1, .table = "cpu"})) ==
        std::vector<std::string>{
            "cpu_0,hostname=host_0,region=us-east-1,datacenter=us-east-1a,rack=8,os=Ubuntu16.04LTS,arch=x64,team=SF,service=4,"
            "service_version=0,service_environment=test usage_user=66i,usage_system=21i,usage_idle=57i,usage_nice=5i,"
            "usage_iowait=67i,usage_irq=81i,usage_softirq=1i,usage_steal=27i,usage_guest=77i,usage_guest_nice=11i "
            "1640995200000000000"});
}

TEST_CASE("load_rows: same plan, same bytes; another seed, other bytes") {
  const std::vector<std::string> lines = all_lines(make_source({.rows = 500, .seed = 3}));
  CHECK(lines == all_lines(make_source({.rows = 500, .seed = 3})));
  CHECK(lines != all_lines(make_source({.rows = 500, .seed = 4})));
}

TEST_CASE("load_rows: what was not sent is not recognised") {
  const RowSource trades = make_source({.rows = 1000, .senders = 3, .step_us = 10});
  const int64_t start = trades.plan().start_us;
  CHECK(trades.identify(start + 9990, "") == RowId{.sender = 0, .sequence = 333});
  CHECK(!trades.identify(start + 10'000, ""));
  CHECK(!trades.identify(start - 10, ""));
  CHECK(!trades.identify(start + 5, ""));

  const RowSource hosts = make_source({.shape = RowShape::tsbs_cpu, .rows = 4001, .table = "cpu", .step_us = 10});
  CHECK(hosts.identify(start + 10, "host_0") == RowId{.sender = 0, .sequence = 4000});
  CHECK(!hosts.identify(start + 10, "host_1"));
  CHECK(!hosts.identify(start, "host_4000"));
  CHECK(!hosts.identify(start, "host_"));
  CHECK(!hosts.identify(start, "berlin"));
}

TEST_CASE("load_rows: a plan outside the bounds is refused") {
  CHECK(!RowSource::create({.rows = 0}).ok());
  CHECK(!RowSource::create({.senders = 0}).ok());
  CHECK(!RowSource::create({.tables = tools::tables_max + 1}).ok());
  CHECK(!RowSource::create({.table = "a b"}).ok());
  CHECK(!RowSource::create({.table = std::string(30, 'a')}).ok());
  CHECK(!RowSource::create({.start_us = 0}).ok());
  CHECK(!RowSource::create({.step_us = INT64_MAX / 1000}).ok());
}
