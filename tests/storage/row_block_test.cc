#include "storage/apply/row_block.h"

#include <array>
#include <functional>
#include <string>

#include "storage/batch/column_batch.h"
#include "tests/catch.h"

namespace storage {
namespace {

SchemaRef schema() {
  static const auto shared =
      std::make_shared<const Schema>(make_schema(TableId{1}, {.name = "t",
                                                              .designated = {0},
                                                              .columns = {{"t", ColumnType::timestamp_us},
                                                                          {"s", ColumnType::symbol},
                                                                          {"l", ColumnType::int64},
                                                                          {"v", ColumnType::varchar},
                                                                          {"b", ColumnType::boolean}}}));
  return shared;
}

// Appends one batch; `fill` sets the cells of each of its rows.
void append(RowBlock& block, Txn txn, const std::vector<int64_t>& timestamps,
            const std::function<void(OpenBatch&, size_t row)>& fill, const std::vector<ResolvedSymbols>& resolved = {}) {
  OpenBatch batch;
  batch.open(schema());
  for (size_t row = 0; row < timestamps.size(); ++row) {
    batch.begin_row();
    batch.set_word({0}, static_cast<uint64_t>(timestamps[row]));
    fill(batch, row);
  }
  std::vector<std::byte> body;
  std::vector<BatchSymbols> symbols;
  batch.seal(body, symbols);
  block.append(txn, BatchView::parse(body).value(), resolved);
}

const BlockColumn& column(const RowBlock& block, uint32_t id) {
  for (const BlockColumn& column : block.columns()) {
    if (column.id == ColumnId{id}) return column;
  }
  FAIL("no column " << id);
  return block.columns().front();
}

TEST_CASE("row_block: a column without nulls keeps no bits; the first null brings them") {
  RowBlock block;
  append(block, Txn{1}, {1, 2}, [](OpenBatch& batch, size_t row) { batch.set_word({2}, row); });
  CHECK(column(block, 2).values.present.empty());
  append(block, Txn{2}, {3, 4}, [](OpenBatch& batch, size_t row) {
    if (row == 1) batch.set_word({2}, 9);
  });
  CHECK(column(block, 2).values.present == std::vector<uint8_t>{1, 1, 0, 1});
  CHECK(column(block, 2).values.words == std::vector<uint64_t>{0, 1, 0, 9});
}

TEST_CASE("row_block: batches without a column leave nulls, booleans are false") {
  RowBlock block;
  append(block, Txn{1}, {1}, [](OpenBatch& batch, size_t) {
    batch.set_word({4}, 1);
    batch.set_text({3}, "abc");
  });
  append(block, Txn{1}, {2, 3}, [](OpenBatch&, size_t) {});
  append(block, Txn{2}, {4}, [](OpenBatch& batch, size_t) { batch.set_text({3}, "de"); });
  CHECK(column(block, 3).values.places() == 2);
  CHECK(column(block, 3).row_end() == 4);
  block.complete_columns();
  CHECK(column(block, 4).values.places() == 1);  // too few to be padded
  CHECK(column(block, 4).values.present.empty());
  CHECK(column(block, 3).values.sizes == std::vector<uint32_t>{3, 0, 0, 2});
  CHECK(column(block, 3).values.bytes == "abcde");
  CHECK(column(block, 3).values.text(3) == "de");
  CHECK(column(block, 3).values.present == std::vector<uint8_t>{1, 0, 0, 1});
}

// One row of many columns, then many rows of one: 2.2 GB for 3 MB sent, when each column had a place for each row.
TEST_CASE("row_block: a block takes memory by what came, not by rows times columns, and gives back what is much") {
  TableWish wish{.name = "wide", .designated = {0}, .columns = {{"t", ColumnType::timestamp_us}}};
  constexpr uint32_t columns = 1000;
  constexpr std::array types{ColumnType::int64, ColumnType::varchar, ColumnType::boolean, ColumnType::float64};
  for (uint32_t i = 1; i < columns; ++i) wish.columns.push_back({"c" + std::to_string(i), types[i % types.size()]});
  const auto wide = std::make_shared<const Schema>(make_schema(TableId{1}, wish));
  RowBlock block;
  std::vector<std::byte> body;
  std::vector<BatchSymbols> symbols;
  OpenBatch batch;
  for (uint64_t txn = 1; txn <= 100; ++txn) {
    batch.open(wide);
    const uint32_t rows = txn % 50 == 1 ? 1 : batch_rows_max;
    for (uint32_t row = 0; row < rows; ++row) {
      batch.begin_row();
      batch.set_word({0}, txn);
      for (uint32_t i = 1; rows == 1 && i < columns; ++i) {
        if (types[i % types.size()] == ColumnType::varchar) {
          batch.set_text({i}, "text");
        } else {
          batch.set_word({i}, 1);
        }
      }
    }
    batch.seal(body, symbols);
    block.append(Txn{txn}, BatchView::parse(body).value(), {});
  }
  CHECK(block.rows() > 200'000);
  CHECK(block.memory_size() < 3 << 20);
  CHECK(block.capacity() <= 2 * block.memory_size() + (64 << 10));
  block.complete_columns();
  CHECK(block.capacity() < 6 << 20);
  block.clear();

  batch.open(wide);
  batch.begin_row();
  batch.set_word({0}, 1);
  batch.set_text({1}, std::string(RowBlock::memory_kept_max + 1, 'x'));
  batch.seal(body, symbols);
  block.append(Txn{1}, BatchView::parse(body).value(), {});
  CHECK(block.capacity() > RowBlock::memory_kept_max);
  block.clear();
  CHECK(block.capacity() <= RowBlock::memory_kept_max);
}

TEST_CASE("row_block: local symbols become ids") {
  RowBlock block;
  const auto fill = [](OpenBatch& batch, size_t row) {
    if (row == 0) {
      batch.add_symbol({1}, SymbolId{40});
      batch.add_symbol({1}, SymbolId{50});
    }
    if (row != 1) batch.set_symbol({1}, row == 0 ? 1 : 0);
  };
  append(block, Txn{1}, {1, 2, 3}, fill, {{ColumnId{1}, {SymbolId{40}, SymbolId{50}}}});
  CHECK(column(block, 1).values.words == std::vector<uint64_t>{50, 0, 40});
}

TEST_CASE("row_block: commits and order") {
  RowBlock block;
  const auto nothing = [](OpenBatch&, size_t) {};
  append(block, Txn{3}, {1, 5}, nothing);
  append(block, Txn{3}, {5}, nothing);
  CHECK(block.in_order());
  append(block, Txn{7}, {4, 6}, nothing);
  CHECK_FALSE(block.in_order());
  REQUIRE(block.commits().size() == 2);
  CHECK(block.commits()[0].row_end == 3);
  CHECK(block.commits()[1].txn == Txn{7});
  CHECK(block.commits()[1].row_end == 5);
  CHECK(block.last_txn() == Txn{7});
  block.advance(Txn{9});  // a schema change has no rows
  CHECK(block.rows() == 5);
  CHECK(block.last_txn() == Txn{9});
  block.clear();
  CHECK(block.empty());
  CHECK(block.columns().empty());
  append(block, Txn{1}, {1}, nothing);
  CHECK(block.in_order());
  CHECK(block.rows() == 1);
}

}  // namespace
}  // namespace storage
