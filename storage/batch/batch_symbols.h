// What the symbol columns of a batch mean: tables that travel beside its body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/schema/ids.h"

namespace storage {

// The local table of one symbol column: entry i is what index i in the body means.
struct BatchSymbols {
  struct Entry {
    SymbolId id = symbol_none;  // symbol_none: the owner has not resolved it yet
    bool sent_text = false;     // the source did not know the id, `texts` says what it is
    uint32_t text_offset = 0;
    uint32_t text_size = 0;
  };

  ColumnId column;
  std::vector<Entry> entries;
  std::string texts;

  size_t memory_size() const { return entries.capacity() * sizeof(Entry) + texts.capacity(); }
  std::string_view text(const Entry& entry) const { return std::string_view(texts).substr(entry.text_offset, entry.text_size); }
};

// Ids of a batch's local symbols: for the symbol column `column`, local index i means ids[i].
struct ResolvedSymbols {
  ColumnId column;
  std::vector<SymbolId> ids;
};

}  // namespace storage
