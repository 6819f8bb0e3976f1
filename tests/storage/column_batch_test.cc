// Sealing a batch and reading it back is the identity, for every type, with and without nulls; damage is refused.
#include "storage/batch/column_batch.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <map>
#include <optional>

#include "engine/base/bytes.h"
#include "engine/base/prng.h"
#include "storage/batch/batch_view.h"
#include "storage/batch/symbol_section.h"
#include "tests/catch.h"

namespace storage {
namespace {

SchemaRef make_test_schema() {
  const TableWish wish{.name = "t",
                       .partition_unit = PartitionUnit::day,
                       .designated = {0},
                       .columns = {{"timestamp", ColumnType::timestamp_us},
                                   {"long", ColumnType::int64},
                                   {"double", ColumnType::float64},
                                   {"flag", ColumnType::boolean},
                                   {"text", ColumnType::varchar},
                                   {"wide", ColumnType::long256},
                                   {"symbol", ColumnType::symbol}}};
  return std::make_shared<const Schema>(make_schema(TableId{7}, wish));
}

struct SealedBatch {
  std::vector<std::byte> body;
  std::vector<BatchSymbols> symbols;
};

SealedBatch seal(OpenBatch& batch) {
  SealedBatch sealed;
  batch.seal(sealed.body, sealed.symbols);
  return sealed;
}

const BatchColumn& column_of(const BatchView& view, ColumnType type) {
  const auto found = std::ranges::find(view.columns(), type, &BatchColumn::type);
  REQUIRE(found != view.columns().end());
  return *found;
}

ColumnVector decoded(const BatchColumn& column, uint32_t rows) {
  ColumnVector vector{.type = column.type};
  decode(column, rows, vector);
  REQUIRE(vector.places() == rows);
  return vector;
}

Long256 wide_at(const ColumnVector& vector, size_t row) { return engine::load<Long256>(vector.wide(row).data()); }

void set_long256(OpenBatch& batch, uint32_t column, const Long256& value) {
  batch.set_wide({column}, std::as_bytes(std::span(value)));
}

std::vector<uint64_t> words_of(const BatchView& view, ColumnType type) {
  return decoded(column_of(view, type), view.rows()).words;
}

TEST_CASE("column_batch: a sealed body gives back the values of every type") {
  const SchemaRef schema = make_test_schema();
  OpenBatch batch;
  batch.open(schema);
  const uint32_t btc = batch.add_symbol({6}, "BTC");
  const uint32_t eth = batch.add_symbol({6}, SymbolId{41});
  for (uint32_t row = 0; row < 3; ++row) {
    batch.begin_row();
    batch.set_word({0}, 1'000'000 + row);
    batch.set_word({1}, static_cast<uint64_t>(-5 + int64_t{row}));
    batch.set_word({2}, std::bit_cast<uint64_t>(0.5 * row));
    batch.set_word({3}, row % 2);
    batch.set_text({4}, std::string(row * 150, 'x'));
    set_long256(batch, 5, {row, 1, 2, 3});
    batch.set_symbol({6}, row == 1 ? eth : btc);
  }
  const SealedBatch sealed = seal(batch);
  const auto view = BatchView::parse(sealed.body);
  REQUIRE(view.ok());
  CHECK(view->rows() == 3);
  CHECK(view->timestamp_min() == 1'000'000);
  CHECK(view->timestamp_max() == 1'000'002);
  REQUIRE(view->columns().size() == 7);
  CHECK(words_of(*view, ColumnType::symbol) == std::vector<uint64_t>{btc, eth, btc});
  CHECK(column_of(*view, ColumnType::timestamp_us).encoding == BatchEncoding::for1);
  const std::vector<uint64_t> longs{static_cast<uint64_t>(-5), static_cast<uint64_t>(-4), static_cast<uint64_t>(-3)};
  CHECK(words_of(*view, ColumnType::int64) == longs);
  const std::vector<uint64_t> doubles{std::bit_cast<uint64_t>(0.0), std::bit_cast<uint64_t>(0.5), std::bit_cast<uint64_t>(1.0)};
  CHECK(words_of(*view, ColumnType::float64) == doubles);
  CHECK(words_of(*view, ColumnType::boolean) == std::vector<uint64_t>{0, 1, 0});
  const ColumnVector texts = decoded(column_of(*view, ColumnType::varchar), 3);
  CHECK(texts.sizes == std::vector<uint32_t>{0, 150, 300});
  CHECK(texts.text(2) == std::string(300, 'x'));
  CHECK(wide_at(decoded(column_of(*view, ColumnType::long256), 3), 2) == Long256{2, 1, 2, 3});
  REQUIRE(sealed.symbols.size() == 1);
  CHECK(sealed.symbols[0].text(sealed.symbols[0].entries[btc]) == "BTC");
  CHECK(sealed.symbols[0].entries[eth].id == SymbolId{41});
}

TEST_CASE("column_batch: gaps before, between and after values are nulls") {
  OpenBatch batch;
  batch.open(make_test_schema());
  for (uint32_t row = 0; row < 5; ++row) {
    batch.begin_row();
    batch.set_word({0}, row);
    if (row == 1 || row == 3) batch.set_word({1}, 1'000'000'000'000 + row);
    if (row == 2) set_long256(batch, 5, {9, 9, 9, 9});
    if (row == 0) batch.set_text({4}, "only");
  }
  const SealedBatch sealed = seal(batch);
  const auto view = BatchView::parse(sealed.body);
  REQUIRE(view.ok());
  const BatchColumn& longs = column_of(*view, ColumnType::int64);
  for (uint32_t row = 0; row < 5; ++row) CHECK(longs.present(row) == (row == 1 || row == 3));
  CHECK(longs.encoding == BatchEncoding::for1);  // nulls do not widen the range
  CHECK(words_of(*view, ColumnType::int64) == std::vector<uint64_t>{0, 1'000'000'000'001, 0, 1'000'000'000'003, 0});
  const BatchColumn& wide = column_of(*view, ColumnType::long256);
  CHECK_FALSE(wide.present(1));
  CHECK(wide_at(decoded(wide, 5), 2) == Long256{9, 9, 9, 9});
}

TEST_CASE("column_batch: a batch can be used again after sealing") {
  OpenBatch batch;
  batch.open(make_test_schema());
  for (int round = 0; round < 2; ++round) {
    batch.begin_row();
    batch.set_word({0}, 5);
    batch.set_text({4}, "again");
    const SealedBatch sealed = seal(batch);
    const auto view = BatchView::parse(sealed.body);
    REQUIRE(view.ok());
    CHECK(view->rows() == 1);
    CHECK(view->columns().size() == 2);
  }
}

// Random rows against a plain model of them.
TEST_CASE("column_batch: random batches equal a row-wise model") {
  engine::Prng prng(20261125);
  OpenBatch batch;
  const SchemaRef schema = make_test_schema();
  batch.open(schema);
  for (int round = 0; round < 200; ++round) {
    const auto rows = static_cast<uint32_t>(prng.between(1, 300));
    std::map<uint32_t, std::vector<std::optional<uint64_t>>> model;
    const uint64_t magnitude = uint64_t{1} << prng.below(64);
    for (uint32_t row = 0; row < rows; ++row) {
      batch.begin_row();
      for (const uint32_t column : {0U, 1U, 2U, 3U}) {
        std::optional<uint64_t> value;
        if (column == 0 || !prng.chance(1, 5)) value = column == 3 ? prng.below(2) : prng.below(magnitude) - magnitude / 2;
        if (value) batch.set_word({column}, *value);
        model[column].push_back(value);
      }
    }
    const SealedBatch sealed = seal(batch);
    const auto view = BatchView::parse(sealed.body);
    REQUIRE(view.ok());
    for (const BatchColumn& column : view->columns()) {
      const std::vector<uint64_t> words = decoded(column, view->rows()).words;
      for (uint32_t row = 0; row < rows; ++row) {
        const std::optional<uint64_t>& expected = model[column.id.value][row];
        REQUIRE(column.present(row) == expected.has_value());
        REQUIRE(words[row] == expected.value_or(0));
      }
    }
  }
}

// A table of many columns of every type; column 0 is designated.
SchemaRef make_wide_schema(uint32_t columns) {
  constexpr std::array types{ColumnType::int64,        ColumnType::float64, ColumnType::boolean, ColumnType::timestamp_us,
                             ColumnType::timestamp_ns, ColumnType::varchar, ColumnType::symbol,  ColumnType::long256};
  TableWish wish{.name = "t", .designated = {0}, .columns = {{"timestamp", ColumnType::timestamp_ns}}};
  for (uint32_t i = 1; i < columns; ++i) wish.columns.push_back({"c" + std::to_string(i), types[i % types.size()]});
  return std::make_shared<const Schema>(make_schema(TableId{7}, wish));
}

// Values of any size for some of the columns; what a batch is told of the row before it comes.
struct RandomRow {
  std::map<uint32_t, std::string> cells;  // a text, or one whose size says how large the value is
  size_t text_size = 0;

  RandomRow(engine::Prng& prng, const Schema& schema) {
    const bool is_wide = prng.chance(1, 40);
    const uint64_t count =
        prng.between(0, is_wide ? schema.columns.size() - 1 : std::min<size_t>(schema.columns.size() - 1, 5));
    for (uint64_t i = 0; i < count; ++i) {
      const auto column = static_cast<uint32_t>(prng.between(1, schema.columns.size() - 1));
      const uint64_t size = prng.chance(1, 50) ? prng.below(70'000) : prng.below(12);
      cells[column] = std::string(size, static_cast<char>('a' + prng.below(26)));
    }
    for (const auto& [column, text] : cells) text_size += text.size();
  }

  void add_to(OpenBatch& batch, engine::Prng& prng) const {
    batch.begin_row();
    batch.set_word({0}, prng.next());
    for (const auto& [column, text] : cells) {
      switch (batch.schema()->columns[column].type) {
        case ColumnType::varchar:
          batch.set_text({column}, text);
          break;
        case ColumnType::long256:
          set_long256(batch, column, {prng.next(), 1, 2, 3});
          break;
        case ColumnType::symbol:
          batch.set_symbol({column},
                           prng.chance(1, 3) ? batch.add_symbol({column}, SymbolId{1}) : batch.add_symbol({column}, text));
          break;
        case ColumnType::boolean:
          batch.set_word({column}, text.size() % 2);
          break;
        default:
          batch.set_word({column}, prng.next() >> prng.below(64));
      }
    }
  }
};

// Of the section, as large as an owner that knows no symbol makes it.
size_t section_size(std::vector<BatchSymbols>& symbols) {
  std::vector<NewSymbol> fresh;
  uint32_t id = 0;
  for (BatchSymbols& column : symbols) {
    for (BatchSymbols::Entry& entry : column.entries) {
      entry.id = SymbolId{id++};
      if (entry.sent_text) fresh.push_back({.column = column.column, .id = entry.id, .text = column.text(entry)});
    }
  }
  std::vector<std::byte> section;
  encode_symbol_section(symbols, fresh, section);
  return section.size();
}

TEST_CASE(
    "column_batch: a sealed batch is never larger than it said, and no row takes it beyond a limit that it was asked about") {
  engine::Prng prng(4);
  OpenBatch batch;
  for (int round = 0; round < 300; ++round) {
    batch.open(make_wide_schema(prng.chance(1, 3) ? 1900 : static_cast<uint32_t>(prng.between(2, 60))));
    const size_t limit = prng.between(1, batch_size_max);
    const uint64_t rows = prng.between(1, prng.chance(1, 4) ? batch_rows_max : 200);
    while (batch.rows() < rows) {
      const RandomRow row(prng, *batch.schema());
      const bool has_room = batch.has_room(row.cells.size() + 1, row.text_size, limit);
      if (batch.rows() > 0 && !has_room) break;
      row.add_to(batch, prng);
      if (has_room) REQUIRE(batch.size_max() <= limit);
      if (batch.rows() == 1) REQUIRE(batch.size_max() <= row_size_max(row.text_size));
    }
    const size_t bound = batch.size_max();
    SealedBatch sealed = seal(batch);
    REQUIRE(sealed.body.size() + section_size(sealed.symbols) <= bound);
  }
}

// Early is allowed for rows unlike each other only: batches of equal rows are as large as the cache of the owner likes them.
TEST_CASE("column_batch: rows that are alike fill a batch, whatever their types") {
  for (const uint32_t columns : {2U, 9U, 21U, 200U, 2000U}) {
    OpenBatch batch;
    batch.open(make_wide_schema(columns));
    while (batch.rows() < batch_rows_max && batch.size_max() < batch_size_full) {
      REQUIRE(batch.has_room(columns, 20, batch_size_max));
      batch.begin_row();
      for (uint32_t column = 0; column < columns; ++column) {
        if (batch.schema()->columns[column].type == ColumnType::long256) continue;
        batch.set_word({column}, batch.rows());
      }
    }
    CHECK(batch.size_max() < 2 * batch_size_full);
    seal(batch);
  }
}

// A long text in another place of each row, and rows of many columns among rows of few.
TEST_CASE("column_batch: a batch that was large keeps no more than a bound for the next rows") {
  OpenBatch batch;
  std::vector<std::byte> body;
  std::vector<BatchSymbols> symbols;
  for (uint32_t round = 0; round < 100; ++round) {
    batch.open(make_wide_schema(1900));
    batch.begin_row();
    batch.set_word({0}, 1);
    for (uint32_t column = 1; column < 8 * round; column += 8) batch.set_word({column}, 1);
    batch.set_text({8 * round + 5}, std::string(200'000, 'x'));
    REQUIRE(batch.memory_size() > 200'000);
    batch.seal(body, symbols);
    REQUIRE(batch.memory_size() <= open_batch_kept_max);
  }
}

TEST_CASE("column_batch: a damaged body is refused or read within its bounds") {
  OpenBatch batch;
  batch.open(make_test_schema());
  for (uint32_t row = 0; row < 20; ++row) {
    batch.begin_row();
    batch.set_word({0}, row);
    batch.set_text({4}, "text");
    if (row % 3 == 0) set_long256(batch, 5, {row, 0, 0, 0});
  }
  const SealedBatch sealed = seal(batch);
  CHECK_FALSE(BatchView::parse({}).ok());
  for (size_t size = 0; size < sealed.body.size(); ++size) {
    CHECK_FALSE(BatchView::parse(std::span(sealed.body).first(size)).ok());
  }
  engine::Prng prng(7);
  size_t refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::vector<std::byte> damaged = sealed.body;
    damaged[prng.below(damaged.size())] ^= static_cast<std::byte>(1U << prng.below(8));
    const auto view = BatchView::parse(damaged);
    if (!view.ok()) {
      ++refused;
      continue;
    }
    for (const BatchColumn& column : view->columns()) decoded(column, view->rows());
  }
  CHECK(refused > 100);
}

}  // namespace
}  // namespace storage
