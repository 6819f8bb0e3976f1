#include "storage/schema/schema.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "engine/base/byte_stream.h"
#include "engine/base/utf8.h"
#include "engine/base/verify.h"
#include "storage/schema/case_folding.h"
#include "storage/schema/full_type.h"

namespace storage {

namespace {

using engine::ByteReader;
using engine::ByteWriter;
using engine::CodePoint;

constexpr std::array<std::string_view, 6> unit_names{"NONE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR"};

constexpr size_t name_size_max = 4096;  // far above what a line may name
constexpr size_t column_record_size_min = 12;

// Which parts a record has, and what it says of its table.
enum class Parts : uint8_t { none = 0, keys = 1, dropped_columns = 2, dropped_table = 4, all = 7 };

constexpr uint8_t operator|(uint8_t bits, Parts part) { return static_cast<uint8_t>(bits | static_cast<uint8_t>(part)); }
constexpr bool has(uint8_t bits, Parts part) { return (bits & static_cast<uint8_t>(part)) != 0; }

uint8_t parts_of(const Schema& schema) {
  uint8_t bits = 0;
  if (!schema.upsert_keys.empty()) bits = bits | Parts::keys;
  if (!schema.dropped_columns.empty()) bits = bits | Parts::dropped_columns;
  if (schema.is_dropped) bits = bits | Parts::dropped_table;
  return bits;
}

void put_name(ByteWriter& writer, std::string_view name) {
  VERIFY_LE(name.size(), name_size_max);  // else nobody could read it back
  writer.put(static_cast<uint32_t>(name.size()));
  writer.put_bytes(engine::as_bytes(name));
}

std::string take_name(ByteReader& reader) {
  const size_t size = reader.take_count<uint32_t>(name_size_max, 1, "size of a name");
  return std::string(engine::as_text(reader.take_bytes(size)));
}

void put_column(ByteWriter& writer, const Column& column) {
  writer.put(column.id.value);
  writer.put(column.type);
  writer.put(column.parameters.size);
  writer.put(column.parameters.scale);
  writer.put_zeros(1);
  put_name(writer, column.name);
}

Column take_column(ByteReader& reader) {
  Column column;
  column.id.value = reader.take<uint32_t>();
  reader.check(column.id.value < UINT32_MAX, "column id", UINT32_MAX, column.id.value, "less than ");
  const auto type = reader.take<uint8_t>();
  reader.check(is_column_type(type), "column type", column_types.size(), type, "1 to ");
  column.type = static_cast<ColumnType>(type);
  column.parameters.size = reader.take<uint8_t>();
  column.parameters.scale = reader.take<uint8_t>();
  if (reader.ok()) {
    const bool fit = are_parameters(column.type, column.parameters);
    reader.check(fit, "parameter of a column type", type, column.parameters.size, "one of type ");
  }
  reader.take_bytes(1);
  column.name = take_name(reader);
  return column;
}

void take_columns(ByteReader& reader, size_t count, std::vector<Column>& columns) {
  columns.reserve(count);
  for (size_t i = 0; i < count && reader.ok(); ++i) columns.push_back(take_column(reader));
}

void take_upsert_keys(ByteReader& reader, Schema& schema) {
  const size_t count = reader.take_count<uint32_t>(columns_max, sizeof(uint32_t), "upsert keys");
  reader.check(count > 0, "upsert keys", 0, count, "more than ");
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    const ColumnId key{reader.take<uint32_t>()};
    const bool is_column = std::ranges::find(schema.columns, key, &Column::id) != schema.columns.end();
    reader.check(is_column, "upsert key, id of a column", schema.columns.size(), key.value, "one of ");
    schema.upsert_keys.push_back(key);
  }
}

// What every schema that we made keeps to, and the rest of the program relies on.
void check_columns(ByteReader& reader, const Schema& schema) {
  absl::flat_hash_set<uint32_t> ids;
  absl::flat_hash_set<std::string> names;
  for (const Column& column : schema.columns) {
    reader.check(ids.insert(column.id.value).second, "second column of id", 1, column.id.value, "only ");
    reader.check(names.insert(fold_name(column.name)).second, "second column of a name, id", 1, column.id.value, "only ");
  }
  for (const Column& column : schema.dropped_columns) {
    reader.check(ids.insert(column.id.value).second, "second column of id", 1, column.id.value, "only ");
  }
  reader.check(ids.size() <= columns_max, "columns with dropped ones", columns_max, ids.size(), "at most ");
  const size_t count = schema.columns.size();
  if (!reader.check(schema.designated.value < count, "designated column", count, schema.designated.value, "less than ")) return;
  const ColumnType type = schema.designated_column().type;
  const auto found = static_cast<uint64_t>(type);
  reader.check(is_timestamp(type), "type of the designated column", found, found, "a timestamp, not ");
}

}  // namespace

std::string_view partition_unit_name(PartitionUnit unit) {
  const auto index = static_cast<size_t>(unit);
  VERIFY_LT(index, unit_names.size());
  return unit_names[index];
}

absl::StatusOr<PartitionUnit> parse_partition_unit(std::string_view name) {
  const std::string folded = fold_name(name);
  for (size_t i = 0; i < unit_names.size(); ++i) {
    if (fold_name(unit_names[i]) == folded) return static_cast<PartitionUnit>(i);
  }
  std::string message = "partition unit: expected NONE, HOUR, DAY, WEEK, MONTH or YEAR, found ";
  return engine::invalid_argument(message.append(name));
}

Schema make_schema(TableId table, const TableWish& wish) {
  VERIFY_LT(wish.designated.value, wish.columns.size());
  VERIFY_LE(wish.columns.size(), columns_max);
  VERIFY(is_timestamp(wish.columns[wish.designated.value].type));
  Schema schema;
  schema.table = table;
  schema.partition_unit = wish.partition_unit;
  schema.designated = wish.designated;
  schema.name = wish.name;
  for (const ColumnWish& column : wish.columns) {
    VERIFY(are_parameters(column.type, column.parameters));
    const ColumnId id{static_cast<uint32_t>(schema.columns.size())};
    schema.columns.push_back({id, column.type, column.name, column.parameters});
  }
  schema.ttl = wish.ttl;
  for (const ColumnIndex key : wish.upsert_keys) schema.upsert_keys.push_back(schema.column(key).id);
  return schema;
}

absl::StatusOr<Schema> with_columns(const Schema& schema, std::span<const ColumnWish> wishes) {
  absl::flat_hash_set<std::string> names;
  uint32_t id_next = 0;
  for (const Column& column : schema.columns) {
    names.insert(fold_name(column.name));
    id_next = std::max(id_next, column.id.value + 1);
  }
  for (const Column& column : schema.dropped_columns) id_next = std::max(id_next, column.id.value + 1);
  Schema next = schema;
  for (const ColumnWish& wish : wishes) {
    if (!names.insert(fold_name(wish.name)).second) continue;
    if (next.columns.size() + next.dropped_columns.size() == columns_max) {
      std::string message = "table ";
      message.append(schema.name).append(": has the most columns a table may have, ").append(std::to_string(columns_max));
      return engine::resource_exhausted(message);
    }
    VERIFY(are_parameters(wish.type, wish.parameters));
    next.columns.push_back({ColumnId{id_next++}, wish.type, wish.name, wish.parameters});
  }
  if (next.columns.size() != schema.columns.size()) ++next.version;
  VERIFY_LE(next.columns.size() + next.dropped_columns.size(), columns_max);
  return next;
}

Schema with_ttl(const Schema& schema, Ttl ttl) {
  Schema next = schema;
  if (next.ttl != ttl) ++next.version;
  next.ttl = ttl;
  return next;
}

absl::StatusOr<Schema> with_upsert_keys(const Schema& schema, std::span<const std::string> keys) {
  Schema next = schema;
  next.upsert_keys.clear();
  for (const std::string& key : keys) {
    const std::optional<ColumnIndex> column = find_column(schema, key);
    if (!column) return engine::invalid_argument("deduplicate key column not found [column=" + key + "]");
    const ColumnId id = schema.column(*column).id;
    if (std::ranges::find(next.upsert_keys, id) == next.upsert_keys.end()) next.upsert_keys.push_back(id);
  }
  if (!keys.empty() && std::ranges::find(next.upsert_keys, schema.designated_column().id) == next.upsert_keys.end()) {
    return engine::invalid_argument("deduplicate key list must include dedicated timestamp column");
  }
  if (next.upsert_keys != schema.upsert_keys) ++next.version;
  return next;
}

std::optional<ColumnIndex> find_column(const Schema& schema, std::string_view name) {
  const std::string folded = fold_name(name);
  for (uint32_t i = 0; i < schema.columns.size(); ++i) {
    if (fold_name(schema.columns[i].name) == folded) return ColumnIndex{i};
  }
  return std::nullopt;
}

std::string fold_name(std::string_view name) {
  std::string folded;
  folded.reserve(name.size());
  while (!name.empty()) {
    const CodePoint code_point = engine::decode_utf8(name);
    if (code_point.size == 0) {
      folded += name.front();  // compares as the byte it is
      name.remove_prefix(1);
      continue;
    }
    engine::append_utf8(folded, fold_case(code_point.value));
    name.remove_prefix(code_point.size);
  }
  return folded;
}

std::vector<std::byte> encode_schema(const Schema& schema) {
  VERIFY_LE(schema.columns.size(), columns_max);
  VERIFY_LT(schema.designated.value, schema.columns.size());
  VERIFY(is_timestamp(schema.designated_column().type));
  ByteWriter writer;
  writer.put(schema.version);
  writer.put(schema.table.value);
  writer.put(schema.designated.value);
  writer.put(static_cast<uint32_t>(schema.columns.size()));
  writer.put(schema.partition_unit);
  writer.put(schema.ttl.unit);
  writer.put(parts_of(schema));
  writer.put_zeros(1);
  put_name(writer, schema.name);
  for (const Column& column : schema.columns) put_column(writer, column);
  if (schema.ttl.unit != TtlUnit::none) writer.put(schema.ttl.count);
  if (!schema.upsert_keys.empty()) {
    writer.put(static_cast<uint32_t>(schema.upsert_keys.size()));
    for (const ColumnId key : schema.upsert_keys) writer.put(key.value);
  }
  if (!schema.dropped_columns.empty()) {
    writer.put(static_cast<uint32_t>(schema.dropped_columns.size()));
    for (const Column& column : schema.dropped_columns) put_column(writer, column);
  }
  return writer.take();
}

absl::StatusOr<Schema> decode_schema(std::span<const std::byte> bytes, std::string_view where) {
  ByteReader reader(bytes, where);
  Schema schema;
  schema.version = reader.take<uint32_t>();
  schema.table.value = reader.take<uint32_t>();
  schema.designated.value = reader.take<uint32_t>();
  const size_t column_count = reader.take_count<uint32_t>(columns_max, column_record_size_min, "columns");
  const auto unit = reader.take<uint8_t>();
  reader.check(unit < unit_names.size(), "partition unit", unit_names.size(), unit, "less than ");
  schema.partition_unit = static_cast<PartitionUnit>(unit);
  const auto ttl_unit = reader.take<uint8_t>();
  reader.check(ttl_unit <= static_cast<uint8_t>(TtlUnit::month), "unit of the TTL", 3, ttl_unit, "less than ");
  schema.ttl.unit = static_cast<TtlUnit>(ttl_unit);
  const auto parts = reader.take<uint8_t>();
  reader.check(parts <= static_cast<uint8_t>(Parts::all), "parts of the schema", static_cast<uint8_t>(Parts::all), parts,
               "at most ");
  schema.is_dropped = has(parts, Parts::dropped_table);
  reader.take_bytes(1);
  schema.name = take_name(reader);
  take_columns(reader, column_count, schema.columns);
  if (schema.ttl.unit != TtlUnit::none) schema.ttl.count = reader.take<uint32_t>();
  if (has(parts, Parts::keys)) take_upsert_keys(reader, schema);
  if (has(parts, Parts::dropped_columns)) {
    take_columns(reader, reader.take_count<uint32_t>(columns_max, column_record_size_min, "dropped columns"),
                 schema.dropped_columns);
  }
  if (reader.ok()) check_columns(reader, schema);
  reader.check(reader.left() == 0, "bytes after the schema", 0, reader.left());
  RETURN_IF_ERROR(reader.status());
  return schema;
}

}  // namespace storage
