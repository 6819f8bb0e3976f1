#include "storage/source/symbol_cache.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/prng.h"
#include "tests/catch.h"

namespace storage {
namespace {

SchemaRef one_symbol_column() {
  TableWish wish;
  wish.name = "t";
  wish.columns = {{"timestamp", ColumnType::timestamp_us}, {"s", ColumnType::symbol}};
  return std::make_shared<const Schema>(make_schema(TableId{1}, wish));
}

// Texts that end where others go on, with zeros, of all sizes around the bounds of the packed form.
std::vector<std::string> difficult_texts() {
  std::vector<std::string> texts;
  engine::Prng prng(1);
  for (size_t size = 0; size < 40; ++size) {
    texts.emplace_back(size, 'a');
    texts.emplace_back(size, '\0');
    for (size_t i = 0; i < size; ++i) {
      std::string text(size, 'a');
      text[i] = 'b';
      texts.push_back(text);
      text[i] = '\xff';
      texts.push_back(text);
      std::string random;
      for (size_t k = 0; k < size; ++k) random += static_cast<char>(prng.below(256));
      texts.push_back(random);
    }
  }
  return texts;
}

TEST_CASE("symbol_cache: a text that is too large to keep travels each time, and takes no memory here") {
  SymbolCache cache(42);
  OpenBatch batch;
  batch.open(one_symbol_column());
  batch.begin_row();
  const std::string kept(SymbolCache::cached_size_max, 'x');
  const std::string large = kept + "x";
  CHECK(cache.local_index(batch, 1, {1}, kept) == 0);
  CHECK(cache.local_index(batch, 1, {1}, kept) == 0);
  CHECK(cache.local_index(batch, 1, {1}, large) == 1);
  CHECK(cache.local_index(batch, 1, {1}, large) == 2);
  cache.learn(large, SymbolId{7});
  CHECK(cache.size() == 1);
}

TEST_CASE("symbol_cache: a text has one local index in a batch, whatever its size, and another text another one") {
  SymbolCache cache(42);
  OpenBatch batch;
  const SchemaRef schema = one_symbol_column();
  for (const uint64_t serial : {1U, 2U}) {
    batch.open(schema);
    batch.begin_row();
    std::map<std::string, uint32_t> expected;
    for (int round = 0; round < 2; ++round) {
      for (const std::string& text : difficult_texts()) {
        const uint32_t index = cache.local_index(batch, serial, {1}, text);
        const auto [known, is_new] = expected.emplace(text, index);
        REQUIRE(known->second == index);
        if (is_new) REQUIRE(index == expected.size() - 1);
      }
    }
    CHECK(cache.size() == expected.size());
    batch.set_word({0}, 0);
    batch.set_symbol({1}, 0);
    std::vector<std::byte> body;
    std::vector<BatchSymbols> symbols;
    batch.seal(body, symbols);
    REQUIRE(symbols.size() == 1);
    REQUIRE(symbols[0].entries.size() == expected.size());
    for (const auto& [text, index] : expected) {
      const BatchSymbols::Entry& entry = symbols[0].entries[index];
      if (serial == 1) {
        REQUIRE(entry.sent_text);
        REQUIRE(symbols[0].text(entry) == text);
        cache.learn(text, SymbolId{index});
      } else {
        REQUIRE_FALSE(entry.sent_text);
        REQUIRE(entry.id == SymbolId{index});
      }
    }
  }
}

TEST_CASE("symbol_cache: it never holds more than its bound, and goes on when it starts anew") {
  SymbolCache cache(7);
  OpenBatch batch;
  batch.open(one_symbol_column());
  batch.begin_row();
  for (size_t i = 0; i < SymbolCache::entries_max + 10; ++i) cache.local_index(batch, 1, {1}, "s" + std::to_string(i));
  CHECK(cache.size() == 10);
}

}  // namespace
}  // namespace storage
