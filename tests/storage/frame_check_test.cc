// Rows whose symbols do not fit their table: what no checksum finds, and no start may trip over.
#include "storage/recovery/frame_check.h"

#include <memory>
#include <string>
#include <vector>

#include "storage/batch/column_batch.h"
#include "tests/catch.h"

namespace storage {
namespace {

constexpr ColumnId timestamp{0};
constexpr ColumnId host{1};

TEST_CASE("frame_check: symbols that mean nothing are damage") {
  const auto schema = std::make_shared<const Schema>(make_schema(
      TableId{1}, {.name = "t", .columns = {{"timestamp", ColumnType::timestamp_us}, {"host", ColumnType::symbol}}}));
  OpenBatch batch;
  batch.open(schema);
  batch.begin_row();
  batch.set_word({0}, 10);
  batch.set_symbol({1}, batch.add_symbol({1}, "a"));
  std::vector<std::byte> body;
  std::vector<BatchSymbols> symbols;
  batch.seal(body, symbols);
  const BatchView rows = BatchView::parse(body).value();
  const auto refusal = [&](std::vector<ResolvedSymbols> columns) {
    return std::string(engine::message_of(check_rows(rows, {.columns = std::move(columns), .fresh = {}}, *schema)));
  };
  const ResolvedSymbols sound{.column = host, .ids = {SymbolId{7}}};
  CHECK(refusal({sound}).empty());
  CHECK(refusal({}) == "column 1 has no symbols");
  CHECK(refusal({{.column = host, .ids = {}}}) == "column 1 names a symbol that is none");
  CHECK(refusal({sound, sound}) == "column 1 has symbols twice");
  CHECK(refusal({sound, {.column = timestamp, .ids = {}}}) == "column 0 has symbols and is none of symbols");
  CHECK(refusal({sound, {.column = ColumnId{9}, .ids = {}}}) == "column 9 has symbols and is not in the schema");
}

}  // namespace
}  // namespace storage
