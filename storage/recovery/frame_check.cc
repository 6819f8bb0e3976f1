#include "storage/recovery/frame_check.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace storage {
namespace {

absl::Status bad_column(ColumnId column, std::string_view what) {
  std::string message = "column ";
  return engine::data_loss(message.append(std::to_string(column.value)).append(" ").append(what));
}

using TypesById = absl::flat_hash_map<ColumnId, ColumnType>;

// The local symbol tables, by column.
using SymbolCounts = absl::flat_hash_map<ColumnId, size_t>;

absl::StatusOr<SymbolCounts> check_section(const SymbolSection& section, const TypesById& types) {
  SymbolCounts counts;
  for (const ResolvedSymbols& column : section.columns) {
    const auto type = types.find(column.column);
    if (type == types.end()) return bad_column(column.column, "has symbols and is not in the schema");
    if (!is_symbol(type->second)) return bad_column(column.column, "has symbols and is none of symbols");
    if (!counts.emplace(column.column, column.ids.size()).second) return bad_column(column.column, "has symbols twice");
  }
  return counts;
}

absl::Status check_symbols(const BatchColumn& column, uint32_t rows, const SymbolCounts& counts) {
  const auto count = counts.find(column.id);
  if (count == counts.end()) return bad_column(column.id, "has no symbols");
  ColumnVector values{.type = column.type};
  decode(column, rows, values);
  for (uint32_t row = 0; row < rows; ++row) {
    if (column.present(row) && values.words[row] >= count->second) return bad_column(column.id, "names a symbol that is none");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status check_rows(const BatchView& rows, const SymbolSection& section, const Schema& schema) {
  TypesById types;
  for (const Column& column : schema.columns) types.emplace(column.id, column.type);
  for (const Column& column : schema.dropped_columns) types.emplace(column.id, column.type);
  ASSIGN_OR_RETURN(const SymbolCounts counts, check_section(section, types));
  absl::flat_hash_set<ColumnId> seen;
  for (const BatchColumn& column : rows.columns()) {
    const auto type = types.find(column.id);
    if (type == types.end()) return bad_column(column.id, "is not in the schema");
    if (type->second != column.type) return bad_column(column.id, "is of another type in the schema");
    if (!seen.insert(column.id).second) return bad_column(column.id, "comes twice");
    if (is_symbol(column.type)) RETURN_IF_ERROR(check_symbols(column, rows.rows(), counts));
  }
  if (rows.designated().id != schema.designated_column().id) {
    return bad_column(rows.designated().id, "is the designated one, not that of the schema");
  }
  return absl::OkStatus();
}

}  // namespace storage
