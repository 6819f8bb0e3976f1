#include "storage/table/symbol_dictionary.h"

#include <vector>

#include "tests/catch.h"
#include "tests/sim/sim_machine.h"
#include "tests/storage/lane_owner.h"

namespace storage {
namespace {

TEST_CASE("symbol_dictionary: ids are dense and in order of first use") {
  SymbolDictionary dictionary(7);
  CHECK(dictionary.resolve("a") == SymbolId{0});
  CHECK(dictionary.resolve("") == SymbolId{1});
  CHECK(dictionary.resolve("a") == SymbolId{0});
  CHECK(dictionary.size() == 2);
  for (uint32_t i = 0; i < 10'000; ++i) CHECK(dictionary.resolve("s" + std::to_string(i)) == SymbolId{i + 2});
  CHECK(dictionary.text(SymbolId{0}) == "a");
  CHECK(dictionary.text(SymbolId{10'001}) == "s9999");
  CHECK(dictionary.memory_size() > 10'000 * 5);
}

TEST_CASE("symbol_dictionary: replay restores ids, and finds out when they do not fit") {
  SymbolDictionary dictionary(7);
  CHECK(dictionary.restore(SymbolId{0}, "a").ok());
  CHECK(dictionary.restore(SymbolId{1}, "b").ok());
  CHECK(dictionary.restore(SymbolId{0}, "a").ok());
  const auto code = [&dictionary](uint32_t id, std::string_view text) { return dictionary.restore(SymbolId{id}, text).code(); };
  CHECK(code(0, "b") == absl::StatusCode::kDataLoss);
  CHECK(code(3, "d") == absl::StatusCode::kDataLoss);
  CHECK(code(2, "a") == absl::StatusCode::kDataLoss);
  CHECK(code(2, std::string(symbol_size_max + 1, 'x')) == absl::StatusCode::kDataLoss);
  CHECK(dictionary.size() == 2);
  CHECK(dictionary.resolve("c") == SymbolId{2});
}

TEST_CASE("symbol_dictionary: two nodes keep the same symbols in different places, with the same ids") {
  std::vector<uint64_t> hashes;
  for (const uint64_t world_seed : {1, 2}) {
    sim::SimMachine machine(world_seed);
    tests::LaneOwner owner(machine.backend(), tests::Workload(1, {}).schema());
    SymbolDictionary& dictionary = owner.writer().dictionary(ColumnId{0});
    CHECK(dictionary.resolve("a") == SymbolId{0});
    CHECK(dictionary.resolve("b") == SymbolId{1});
    hashes.push_back(dictionary.hash_of("a"));
  }
  CHECK(hashes[0] != hashes[1]);
}

}  // namespace
}  // namespace storage
