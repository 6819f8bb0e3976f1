// The symbol section of a DATA frame: what is written is read back, damage is refused.
#include "storage/batch/symbol_section.h"

#include "engine/base/prng.h"
#include "tests/catch.h"

namespace storage {
namespace {

std::vector<std::byte> make_section() {
  std::vector<BatchSymbols> symbols(2);
  symbols[0].column = ColumnId{3};
  symbols[0].entries = {{.id = SymbolId{7}}, {.id = SymbolId{9}}};
  symbols[1].column = ColumnId{5};
  symbols[1].entries = {{.id = SymbolId{0}}};
  const std::vector<NewSymbol> fresh = {{ColumnId{3}, SymbolId{9}, "BTC-USD"}, {ColumnId{5}, SymbolId{0}, ""}};
  std::vector<std::byte> section;
  encode_symbol_section(symbols, fresh, section);
  return section;
}

TEST_CASE("symbol_section: ids and new texts come back") {
  const std::vector<std::byte> bytes = make_section();
  const auto section = decode_symbol_section(bytes);
  REQUIRE(section.ok());
  REQUIRE(section->columns.size() == 2);
  CHECK(section->columns[0].column == ColumnId{3});
  CHECK(section->columns[0].ids == std::vector<SymbolId>{SymbolId{7}, SymbolId{9}});
  REQUIRE(section->fresh.size() == 2);
  CHECK(section->fresh[0].text == "BTC-USD");
  CHECK(section->fresh[1].column == ColumnId{5});
  CHECK(section->fresh[1].text.empty());
}

TEST_CASE("symbol_section: a section that is cut or longer is refused") {
  std::vector<std::byte> bytes = make_section();
  for (size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(decode_symbol_section(std::span(bytes).first(size)).ok());
  bytes.push_back(std::byte{0});
  CHECK_FALSE(decode_symbol_section(bytes).ok());
}

TEST_CASE("symbol_section: flipped bits never lead outside the section") {
  engine::Prng prng(5);
  const std::vector<std::byte> whole = make_section();
  size_t refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::vector<std::byte> bytes = whole;
    bytes[prng.below(bytes.size())] ^= static_cast<std::byte>(1U << prng.below(8));
    refused += decode_symbol_section(bytes).ok() ? 0 : 1;
  }
  CHECK(refused > 500);
}

}  // namespace
}  // namespace storage
