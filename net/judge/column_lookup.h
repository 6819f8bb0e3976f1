// Column names as senders spell them -> columns of one table. Most lines repeat the line before, so each place in a line
// remembers the spelling that stood there last: the common look-up is one comparison of bytes. Then come a hash of the exact
// bytes and, for spellings never met, the folded name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/text_hash.h"
#include "storage/schema/schema.h"

namespace net {

inline constexpr storage::ColumnIndex column_none{std::numeric_limits<uint32_t>::max()};

// Belongs to one thread.
class ColumnLookup {
 public:
  static constexpr size_t spellings_max = 2 * storage::columns_max;  // then they are forgotten
  static constexpr size_t places_max = storage::columns_max;         // later ones are looked up by hash

  explicit ColumnLookup(uint64_t hash_seed);

  // Must be called before find() whenever the table may have a new version.
  void follow(const storage::Schema& schema);

  // The column that `name` means, at `place` in its line, or column_none.
  storage::ColumnIndex find(std::string_view name, size_t place);

 private:
  template <typename Value>
  using Names = absl::flat_hash_map<std::string, Value, engine::TextHash, engine::TextEqual>;

  static constexpr uint32_t spelling_none = std::numeric_limits<uint32_t>::max();

  struct Spelling {
    std::string name;
    storage::ColumnIndex column = column_none;
  };

  uint32_t find_spelling(std::string_view name);

  uint32_t version_ = 0;
  std::vector<Spelling> spellings_;
  std::vector<uint32_t> places_;  // place in a line -> index in spellings_
  Names<uint32_t> by_spelling_;   // exact bytes -> index in spellings_
  Names<storage::ColumnIndex> by_folded_name_;
};

}  // namespace net
