#include "tools/load/verify.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "net/sql/timestamp_text.h"
#include "tests/catch.h"

namespace {

using tools::Cell;
using tools::LoadVerifier;
using tools::RowId;
using tools::RowSource;

RowSource make_source() {
  absl::StatusOr<RowSource> source =
      RowSource::create({.rows = 60, .senders = 3, .tables = 2, .step_us = 1000, .new_columns_every = 10});
  REQUIRE(source.ok());
  return *std::move(source);
}

// What a server that lost nothing answers to SELECT * FROM a table.
nlohmann::json answer_of(const RowSource& source, uint32_t table) {
  nlohmann::json answer = {{"columns",
                            {{{"name", "symbol"}, {"type", "SYMBOL"}},
                             {{"name", "side"}},
                             {{"name", "price"}},
                             {{"name", "amount"}},
                             {{"name", "timestamp"}},
                             {{"name", "extra_1"}}}},
                           {"dataset", nlohmann::json::array()}};
  for (uint64_t number = 0; number < source.plan().rows; ++number) {
    const RowId id = source.row_at(number);
    if (source.table_of(id) != table) continue;
    nlohmann::json row(6, nullptr);
    size_t place = 0;
    for (const Cell& cell : source.cells(id)) {
      row[cell.column == "extra_1" ? 5 : place++] =
          std::visit([](const auto& value) { return nlohmann::json(value); }, cell.value);
    }
    std::array<char, net::timestamp_text_size_max> buffer;
    row[4] = std::string(net::format_timestamp(source.timestamp_us(number), engine::TimeUnit::us, buffer));
    answer["dataset"].push_back(row);
  }
  return answer;
}

// Verifies table 0 after `spoil` has changed one answer.
template <typename Spoil>
LoadVerifier verify_spoiled(const RowSource& source, Spoil spoil) {
  nlohmann::json answer = answer_of(source, 0);
  spoil(answer["dataset"]);
  LoadVerifier verifier(source);
  verifier.check_rows(0, answer);
  verifier.require_rows(0, 0, source.plan().rows);
  return verifier;
}

}  // namespace

TEST_CASE("load_verify: a faithful answer has no mismatch") {
  const RowSource source = make_source();
  LoadVerifier verifier(source);
  for (uint32_t table = 0; table < 2; ++table) {
    verifier.check_rows(table, answer_of(source, table));
    verifier.require_rows(table, 0, source.plan().rows);
    verifier.check_count(table, source.table_rows(table));
  }
  CHECK(verifier.mismatches() == std::vector<std::string>{});
  CHECK(verifier.rows_checked() == 60);
  CHECK(verifier.cells_checked() == 60 * 4 + 30);
  for (uint32_t sender = 0; sender < 3; ++sender) CHECK(verifier.rows_seen(sender) == source.sender_rows(sender));
}

TEST_CASE("load_verify: each kind of damage is one mismatch that says what and where") {
  struct Damage {
    const char* name;
    void (*spoil)(nlohmann::json& rows);
    const char* expected;
  };
  const Damage damage =
      GENERATE(Damage{"a wrong cell", [](nlohmann::json& rows) { rows[4][2] = 0.25; },
                      "trades_0 sender 1 sequence 2 (2022-01-01T00:00:00.007000Z): price: expected "},
               Damage{"a lost cell", [](nlohmann::json& rows) { rows[4][0] = nullptr; }, "symbol: expected \""},
               Damage{"a cell too many", [](nlohmann::json& rows) { rows[4][5] = 9; }, "extra_1: expected null, found 9"},
               Damage{"a row lost", [](nlohmann::json& rows) { rows.erase(7); },
                      "trades_0 sender 1 sequence 4 (2022-01-01T00:00:00.013000Z) is not there"},
               Damage{"a row twice", [](nlohmann::json& rows) { rows.push_back(rows[7]); },
                      "trades_0 sender 1 sequence 4 (2022-01-01T00:00:00.013000Z) is there more than once"},
               Damage{"a row never sent",
                      [](nlohmann::json& rows) {
                        rows.push_back(rows[7]);
                        rows.back()[4] = "2022-01-01T00:00:00.060000Z";
                      },
                      "trades_0 holds a row that was not sent to it"},
               Damage{"a row of the other table",
                      [](nlohmann::json& rows) {
                        rows.push_back(rows[7]);
                        rows.back()[4] = "2022-01-01T00:00:00.003000Z";
                      },
                      "trades_0 holds a row that was not sent to it"});
  INFO(damage.name);
  const RowSource source = make_source();
  const LoadVerifier verifier = verify_spoiled(source, damage.spoil);
  CHECK(verifier.mismatch_count() == 1);
  REQUIRE(verifier.mismatches().size() == 1);
  INFO(verifier.mismatches().front());
  CHECK(verifier.mismatches().front().find(damage.expected) != std::string::npos);
}

TEST_CASE("load_verify: mismatches are all counted and the first ten are kept") {
  const RowSource source = make_source();
  const LoadVerifier verifier = verify_spoiled(source, [](nlohmann::json& rows) { rows.clear(); });
  CHECK(verifier.mismatch_count() == 30);
  CHECK(verifier.mismatches().size() == LoadVerifier::mismatches_max);
}

TEST_CASE("load_verify: a wrong count names the table") {
  const RowSource source = make_source();
  LoadVerifier verifier(source);
  verifier.check_count(1, 29);
  CHECK(verifier.mismatches() == std::vector<std::string>{"trades_1: expected 30 rows, found 29"});
}
