#include "storage/batch/symbol_section.h"

#include <utility>

#include "engine/base/byte_stream.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "storage/schema/schema.h"

namespace storage {
namespace {

void put_text(engine::ByteWriter& writer, const NewSymbol& symbol) {
  writer.put(symbol.id.value);
  writer.put(static_cast<uint32_t>(symbol.text.size()));
  writer.put_bytes(engine::as_bytes(symbol.text));
}

}  // namespace

size_t symbol_section_size_max(std::span<const BatchSymbols> symbols) {
  size_t size = SymbolSectionSizes::section;
  for (const BatchSymbols& column : symbols) {
    size += SymbolSectionSizes::column + column.entries.size() * SymbolSectionSizes::symbol + column.texts.size();
  }
  return size;
}

void encode_symbol_section(std::span<const BatchSymbols> symbols, std::span<const NewSymbol> fresh,
                           std::vector<std::byte>& section) {
  engine::ByteWriter writer(std::move(section));  // whose memory is used again
  writer.put(static_cast<uint32_t>(symbols.size()));
  size_t next_fresh = 0;
  for (const BatchSymbols& column : symbols) {
    size_t fresh_end = next_fresh;
    while (fresh_end < fresh.size() && fresh[fresh_end].column == column.column) ++fresh_end;
    VERIFY_LE(fresh_end - next_fresh, column.entries.size());
    if (engine::sabotaged("symbol_text_left_out")) next_fresh = fresh_end;
    writer.put(column.column.value);
    writer.put(static_cast<uint32_t>(column.entries.size()));
    writer.put(static_cast<uint32_t>(fresh_end - next_fresh));
    for (const BatchSymbols::Entry& entry : column.entries) {
      VERIFY(entry.id != symbol_none);
      writer.put(entry.id.value);
    }
    for (const size_t first = next_fresh; next_fresh < fresh_end; ++next_fresh) {
      VERIFY(next_fresh == first || fresh[next_fresh - 1].id < fresh[next_fresh].id);
      put_text(writer, fresh[next_fresh]);
    }
  }
  VERIFY_EQ(next_fresh, fresh.size());
  section = writer.take();
  VERIFY_LE(section.size(), symbol_section_size_max(symbols));
}

absl::StatusOr<SymbolSection> decode_symbol_section(std::span<const std::byte> bytes) {
  engine::ByteReader reader(bytes, "symbol section");
  SymbolSection section;
  const size_t column_count = reader.take_count<uint32_t>(columns_max, 3 * sizeof(uint32_t), "symbol columns");
  for (size_t i = 0; i < column_count && reader.ok(); ++i) {
    ResolvedSymbols column{.column = ColumnId{reader.take<uint32_t>()}, .ids = {}};
    const auto entry_count = reader.take<uint32_t>();
    const auto text_count = reader.take<uint32_t>();
    if (!reader.check(entry_count <= reader.left() / sizeof(uint32_t), "ids", reader.left() / sizeof(uint32_t), entry_count,
                      "at most ")) {
      break;
    }
    reader.check(text_count <= entry_count, "texts of new symbols", entry_count, text_count, "at most ");
    column.ids.reserve(entry_count);
    for (uint32_t k = 0; k < entry_count; ++k) column.ids.push_back(SymbolId{reader.take<uint32_t>()});
    for (uint32_t k = 0; k < text_count && reader.ok(); ++k) {
      const SymbolId id{reader.take<uint32_t>()};
      const std::string_view text = engine::as_text(reader.take_bytes(reader.take<uint32_t>()));
      section.fresh.push_back({.column = column.column, .id = id, .text = text});
    }
    section.columns.push_back(std::move(column));
  }
  reader.check(reader.left() == 0, "bytes behind the last column", 0, reader.left());
  RETURN_IF_ERROR(reader.status());
  return section;
}

}  // namespace storage
