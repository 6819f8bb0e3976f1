#include "tools/inspect/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "engine/base/byte_stream.h"
#include "engine/io/blocking.h"
#include "net/sql/timestamp_text.h"
#include "storage/table/file_names.h"
#include "storage/table/manifest_format.h"

namespace tools {
namespace {

using storage::BatchColumn;
using storage::ColumnType;

constexpr size_t dictionary_size_max = size_t{1} << 30;
constexpr size_t symbols_max = size_t{1} << 24;  // of a column; the texts of those beyond are not kept

// Numbers that JSON has no way to write are texts.
Record double_value(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

Record word_value(ColumnType type, uint64_t word) {
  switch (type) {
    case ColumnType::boolean:
      return word != 0;
    case ColumnType::float64:
      return double_value(std::bit_cast<double>(word));
    case ColumnType::timestamp_us:
    case ColumnType::timestamp_ns:
      return timestamp_text(static_cast<int64_t>(word), type);
    default:
      return static_cast<int64_t>(word);
  }
}

std::vector<Record> text_values(const BatchColumn& column, uint32_t rows) {
  std::vector<uint32_t> lengths;
  std::string bytes;
  storage::decode_texts(column, rows, lengths, bytes);
  std::vector<Record> values;
  size_t start = 0;
  for (uint32_t row = 0; row < rows; ++row) {
    values.emplace_back(bytes.substr(start, lengths[row]));
    start += lengths[row];
  }
  return values;
}

std::vector<Record> wide_values(const BatchColumn& column, uint32_t rows) {
  std::vector<storage::Long256> wide;
  storage::decode_wide(column, rows, wide);
  std::vector<Record> values;
  for (const storage::Long256& words : wide) {
    std::string text = "0x";
    for (size_t i = words.size(); i-- > 0;) text += hex(words[i], 16);
    values.emplace_back(text);
  }
  return values;
}

// The committed texts of a dictionary; fewer, or none, when they cannot be read.
std::vector<std::string> read_dictionary(engine::IoBackend& backend, storage::LaneId lane, storage::ColumnId column) {
  const std::string manifest_path = storage::lane_manifest_path(lane);
  const std::string path = storage::dictionary_path(lane, column);
  std::vector<std::string> texts;
  const auto manifest_bytes = engine::read_file(backend, manifest_path, storage::manifest_size_max);
  if (!manifest_bytes.ok()) return texts;
  const auto manifest = storage::decode_lane_manifest(*manifest_bytes, manifest_path);
  const auto bytes = engine::read_file(backend, path, dictionary_size_max);
  if (!manifest.ok() || !bytes.ok()) return texts;
  const auto extent = std::ranges::find(manifest->dictionaries, column, &storage::DictionaryExtent::column);
  if (extent == manifest->dictionaries.end()) return texts;
  engine::ByteReader reader(*bytes, path);
  while (reader.left() != 0 && texts.size() < std::min<size_t>(extent->count, symbols_max)) {
    const std::string_view text = engine::as_text(reader.take_bytes(reader.take<uint32_t>()));
    if (reader.ok()) texts.emplace_back(text);
  }
  return texts;
}

}  // namespace

std::string timestamp_text(int64_t timestamp, ColumnType type) {
  std::array<char, net::timestamp_text_size_max> buffer;
  const engine::TimeUnit unit = type == ColumnType::timestamp_ns ? engine::TimeUnit::ns : engine::TimeUnit::us;
  return std::string(net::format_timestamp(timestamp, unit, buffer));
}

FrameRows::Names FrameRows::names_of(const storage::Schema& schema) {
  Names names;
  for (const storage::Column& column : schema.columns) names.emplace(column.id, column.name);
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
                                      const BatchColumn& column, const storage::SymbolSection& section) {
  if (column.type == ColumnType::varchar) return text_values(column, batch.rows());
  if (column.type == ColumnType::long256) return wide_values(column, batch.rows());
  std::vector<uint64_t> words;
  storage::decode_words(column, batch.rows(), words);
  std::vector<Record> values;
  if (column.type != ColumnType::symbol) {
    for (const uint64_t word : words) values.push_back(word_value(column.type, word));
    return values;
  }
  const auto resolved = std::ranges::find(section.columns, column.id, &storage::ResolvedSymbols::column);
  const Texts& known = texts(frame.lane, column.id);
  for (const uint64_t word : words) {
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
    const std::string title = name == known.end() ? fmt::format("column_{}", column.id.value) : name->second;
    std::vector<Record> cells = values(frame, batch, column, section);
    for (uint32_t row = 0; row < batch.rows(); ++row) {
      rows[row]["values"][title] = column.present(row) ? std::move(cells[row]) : Record(nullptr);
    }
  }
  return rows;
}

}  // namespace tools
