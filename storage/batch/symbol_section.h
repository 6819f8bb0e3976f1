// The owner's part of a DATA frame: what the local symbol indices of the body mean.
//
// section := | column_count u32 | column...                                            little-endian, unpadded
// column  := | column u32 | entry_count u32 | text_count u32 | ids u32 x entry_count | text x text_count |
// text    := | id u32 | size u32 | bytes |          for every id that is new in this frame, in ascending order
// Ids are given in WAL order and a new id's text stands in the frame that first uses it, so any surviving prefix of a lane's
// frames can be read without the dictionary files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "storage/batch/batch_symbols.h"

namespace storage {

// A symbol that a frame introduces.
struct NewSymbol {
  ColumnId column;
  SymbolId id;
  std::string_view text;
};

// In bytes.
struct SymbolSectionSizes {
  static constexpr size_t section = sizeof(uint32_t);
  static constexpr size_t column = 3 * sizeof(uint32_t);
  static constexpr size_t symbol = 3 * sizeof(uint32_t);  // its id; a new one's id again and its size, before its text
};

// What the section takes when all symbols are new.
size_t symbol_section_size_max(std::span<const BatchSymbols> symbols);

// Replaces `section`. Every entry of `symbols` is resolved; `fresh` holds the new ones, by column in the order of `symbols`.
void encode_symbol_section(std::span<const BatchSymbols> symbols, std::span<const NewSymbol> fresh,
                           std::vector<std::byte>& section);

struct SymbolSection {
  std::vector<ResolvedSymbols> columns;
  std::vector<NewSymbol> fresh;  // texts point into the section's bytes
};

// Takes bytes from a disk: every count is checked before use.
absl::StatusOr<SymbolSection> decode_symbol_section(std::span<const std::byte> section);

}  // namespace storage
