#include "storage/batch/symbol_section.h"

#include <string>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "storage/sabotage.h"

namespace storage {
namespace {

void put_word(std::vector<std::byte>& target, uint32_t word) {
  const size_t start = target.size();
  target.resize(start + sizeof(word));
  engine::store(target.data() + start, word);
}

void put_text(std::vector<std::byte>& target, const NewSymbol& symbol) {
  put_word(target, symbol.id.value);
  put_word(target, static_cast<uint32_t>(symbol.text.size()));
  const std::span<const std::byte> bytes = engine::as_bytes(symbol.text);
  target.insert(target.end(), bytes.begin(), bytes.end());
}

// Takes words and texts off the front; remembers whether there were enough bytes.
class SectionCursor {
 public:
  explicit SectionCursor(std::span<const std::byte> bytes) : rest_(bytes) {}

  uint32_t word() {
    if (rest_.size() < sizeof(uint32_t)) {
      broken_ = true;
      return 0;
    }
    const auto value = engine::load<uint32_t>(rest_.data());
    rest_ = rest_.subspan(sizeof(uint32_t));
    return value;
  }

  std::string_view text(uint32_t size) {
    if (rest_.size() < size) {
      broken_ = true;
      return {};
    }
    const std::string_view value = engine::as_text(rest_.first(size));
    rest_ = rest_.subspan(size);
    return value;
  }

  bool has_words(uint64_t count) const { return count * sizeof(uint32_t) <= rest_.size(); }
  bool broken() const { return broken_; }
  bool done() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
  bool broken_ = false;
};

absl::Status bad_section(std::string_view what) { return engine::data_loss(std::string("symbol section: ").append(what)); }

}  // namespace

void encode_symbol_section(std::span<const BatchSymbols> symbols, std::span<const NewSymbol> fresh,
                           std::vector<std::byte>& section) {
  section.clear();
  put_word(section, static_cast<uint32_t>(symbols.size()));
  size_t next_fresh = 0;
  for (const BatchSymbols& column : symbols) {
    size_t fresh_end = next_fresh;
    while (fresh_end < fresh.size() && fresh[fresh_end].column == column.column) ++fresh_end;
    if (sabotaged(Sabotage::symbol_text_left_out)) next_fresh = fresh_end;
    put_word(section, column.column.value);
    put_word(section, static_cast<uint32_t>(column.entries.size()));
    put_word(section, static_cast<uint32_t>(fresh_end - next_fresh));
    for (const BatchSymbols::Entry& entry : column.entries) {
      VERIFY(entry.id != symbol_none);
      put_word(section, entry.id.value);
    }
    for (; next_fresh < fresh_end; ++next_fresh) put_text(section, fresh[next_fresh]);
  }
  VERIFY_EQ(next_fresh, fresh.size());
}

absl::StatusOr<SymbolSection> decode_symbol_section(std::span<const std::byte> bytes) {
  SectionCursor cursor(bytes);
  SymbolSection section;
  const uint32_t column_count = cursor.word();
  if (cursor.broken() || column_count > columns_max) return bad_section("column count out of range");
  for (uint32_t i = 0; i < column_count; ++i) {
    ResolvedSymbols column{.column = ColumnId{cursor.word()}, .ids = {}};
    const uint32_t entry_count = cursor.word();
    const uint32_t text_count = cursor.word();
    if (cursor.broken() || !cursor.has_words(entry_count)) return bad_section("ids beyond the end");
    if (text_count > entry_count) return bad_section("more texts than entries");
    column.ids.reserve(entry_count);
    for (uint32_t k = 0; k < entry_count; ++k) column.ids.push_back(SymbolId{cursor.word()});
    for (uint32_t k = 0; k < text_count; ++k) {
      const SymbolId id{cursor.word()};
      const std::string_view text = cursor.text(cursor.word());
      if (cursor.broken()) return bad_section("text beyond the end");
      section.fresh.push_back({.column = column.column, .id = id, .text = text});
    }
    section.columns.push_back(std::move(column));
  }
  if (!cursor.done()) return bad_section("bytes behind the last column");
  return section;
}

}  // namespace storage
