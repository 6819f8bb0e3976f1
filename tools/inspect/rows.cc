#include "tools/inspect/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "engine/base/bytes.h"
#include "engine/io/blocking.h"
#include "net/sql/stored_value.h"
#include "net/sql/timestamp_text.h"
#include "storage/read/dictionary_reader.h"
#include "storage/table/file_names.h"
#include "storage/table/manifest_format.h"

namespace tools {
namespace {

using storage::BatchColumn;
using storage::ColumnType;

constexpr size_t symbols_max = size_t{1} << 24;  // of a column; the texts of those beyond are not kept

// Numbers that JSON has no way to write are texts.
Record double_value(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

Record record_of(storage::FullType type, net::StoredValue value) {
  switch (net::form_of(type.type)) {
    case net::ValueForm::boolean:
      return value.word != 0;
    case net::ValueForm::integer:
      return net::integer_of(type.type, value);
    case net::ValueForm::real:
    case net::ValueForm::real32:
      return double_value(net::real_of(type.type, value));
    case net::ValueForm::text:
    case net::ValueForm::json:
      break;
  }
  std::string text;
  net::append_value(text, type, value);
  return net::form_of(type.type) == net::ValueForm::json ? Record::parse(text) : Record(std::move(text));
}

// The committed texts of a dictionary; fewer, or none, when they cannot be read.
std::vector<std::string> read_dictionary(engine::IoBackend& backend, storage::LaneId lane, storage::ColumnId column) {
  const std::string manifest_path = storage::lane_manifest_path(lane);
  std::vector<std::string> texts;
  const auto manifest_bytes = engine::read_file(backend, manifest_path, storage::manifest_size_max);
  if (!manifest_bytes.ok()) return texts;
  const auto manifest = storage::decode_lane_manifest(*manifest_bytes, manifest_path);
  if (!manifest.ok()) return texts;
  const auto extent = std::ranges::find(manifest->dictionaries, column, &storage::DictionaryExtent::column);
  if (extent == manifest->dictionaries.end()) return texts;
  constexpr size_t files_max = 2;  // of a dictionary
  engine::FilePool files(backend, files_max);
  storage::DictionaryReader reader(files, lane, column, &*extent);
  const auto count = static_cast<uint32_t>(std::min<size_t>(extent->count, symbols_max));
  if (count == 0 || !reader.read_up_to(storage::SymbolId{count - 1}).ok()) return texts;
  for (uint32_t id = 0; id < count; ++id) texts.emplace_back(reader.text(storage::SymbolId{id}));
  return texts;
}

}  // namespace

std::string timestamp_text(int64_t timestamp, ColumnType type) {
  std::array<char, net::timestamp_text_size_max> buffer;
  return std::string(net::format_timestamp(timestamp, storage::unit_of(type), buffer));
}

FrameRows::Names FrameRows::names_of(const storage::Schema& schema) {
  Names names;
  for (const storage::Column& column : schema.columns) names.emplace(column.id, Named{column.name, column.parameters});
  return names;
}

const FrameRows::Names& FrameRows::names(storage::TableId table) {
  const auto [entry, is_new] = names_.try_emplace(table);
  if (is_new && source_.in_database) {
    const std::string path = storage::schema_path(table);
    const auto bytes = engine::read_file(*source_.backend, path, storage::manifest_size_max);
    if (bytes.ok()) {
      if (const auto schema = storage::decode_schema_file(*bytes, path); schema.ok()) entry->second = names_of(*schema);
    }
  }
  return entry->second;
}

FrameRows::Texts& FrameRows::texts(storage::LaneId lane, storage::ColumnId column) {
  const auto [entry, is_new] = texts_.try_emplace({lane, column});
  if (is_new && source_.in_database) entry->second = read_dictionary(*source_.backend, lane, column);
  return entry->second;
}

void FrameRows::learn(storage::LaneId lane, const storage::SymbolSection& section) {
  for (const storage::NewSymbol& symbol : section.fresh) {
    Texts& known = texts(lane, symbol.column);
    if (symbol.id.value >= symbols_max) continue;
    if (known.size() <= symbol.id.value) known.resize(symbol.id.value + size_t{1});
    known[symbol.id.value] = symbol.text;
  }
}

std::vector<Record> FrameRows::values(const storage::WalFrame& frame, const storage::BatchView& batch,
                                      const BatchColumn& column, storage::TypeParameters parameters,
                                      const storage::SymbolSection& section) {
  storage::ColumnVector vector{.type = column.type};
  storage::decode(column, batch.rows(), vector);
  std::vector<Record> values;
  if (!storage::is_symbol(column.type)) {
    for (uint32_t row = 0; row < batch.rows(); ++row) {
      if (!column.present(row)) {
        values.emplace_back(nullptr);
        continue;
      }
      net::StoredValue value{.word = vector.words[row], .bytes = {}};
      if (vector.kind() == storage::Kind::texts) value.bytes = vector.text(row);
      if (vector.kind() != storage::Kind::texts && !storage::is_word(vector.kind())) {
        value.bytes = engine::as_text(vector.wide(row));
      }
      values.push_back(record_of({column.type, parameters}, value));
    }
    return values;
  }
  const auto resolved = std::ranges::find(section.columns, column.id, &storage::ResolvedSymbols::column);
  const Texts& known = texts(frame.lane, column.id);
  for (const uint64_t word : vector.words) {
    if (resolved == section.columns.end() || word >= resolved->ids.size()) {
      values.emplace_back("?");
      continue;
    }
    const uint32_t id = resolved->ids[word].value;
    values.emplace_back(id < known.size() ? known[id] : fmt::format("#{}", id));
  }
  return values;
}

absl::StatusOr<std::vector<Record>> FrameRows::rows(const storage::WalFrame& frame) {
  ASSIGN_OR_RETURN(const storage::SymbolSection section, storage::decode_symbol_section(frame.head));
  ASSIGN_OR_RETURN(const storage::BatchView batch, storage::BatchView::parse(frame.body));
  learn(frame.lane, section);
  const Names& known = names(frame.lane.table);
  std::vector<Record> rows;
  for (uint32_t row = 0; row < batch.rows(); ++row) {
    rows.push_back({{"lsn", frame.lsn.value}, {"row", row}, {"values", Record::object()}});
  }
  for (const BatchColumn& column : batch.columns()) {
    const auto name = known.find(column.id);
    const bool is_known = name != known.end();
    const std::string title = is_known ? name->second.name : fmt::format("column_{}", column.id.value);
    std::vector<Record> cells =
        values(frame, batch, column, is_known ? name->second.parameters : storage::TypeParameters{}, section);
    for (uint32_t row = 0; row < batch.rows(); ++row) {
      rows[row]["values"][title] = column.present(row) ? std::move(cells[row]) : Record(nullptr);
    }
  }
  return rows;
}

}  // namespace tools
