#include "net/ddl/wish.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "engine/base/utf8.h"
#include "engine/base/verify.h"
#include "net/line/name_rules.h"

namespace net {
namespace {

using storage::ColumnIndex;
using storage::ColumnWish;
using storage::PartitionUnit;
using storage::Ttl;
using storage::TtlUnit;

std::string named(std::string_view what, std::string_view name) {
  return std::string(what).append(" [name=").append(name) + "]";
}

// Hours of a partition; 0 of one that has no fixed number of them.
uint32_t hours_of(PartitionUnit unit) {
  switch (unit) {
    case PartitionUnit::hour:
      return 1;
    case PartitionUnit::day:
      return 24;
    case PartitionUnit::week:
      return 168;
    default:
      return 0;
  }
}

// What a list of columns says of each name, folded.
using Indexes = std::map<std::string, ColumnIndex>;

DdlResult<Indexes> index_names(std::span<const DdlColumn> columns) {
  Indexes indexes;
  for (const DdlColumn& column : columns) {
    if (std::optional<DdlError> error = check_column_name(column.name)) return *std::move(error);
    const ColumnIndex index{static_cast<uint32_t>(indexes.size())};
    if (!indexes.emplace(storage::fold_name(column.name.text), index).second) {
      return DdlError{named("Duplicate column", column.name.text), column.name.position};
    }
    if (indexes.size() > storage::columns_max) {
      return DdlError{"a table has at most " + std::to_string(storage::columns_max) + " columns", column.name.position};
    }
  }
  return indexes;
}

std::optional<DdlError> add_designated(const CreateTable& statement, const Indexes& indexes, storage::TableWish& wish) {
  const auto found = indexes.find(storage::fold_name(statement.designated->text));
  if (found == indexes.end()) {
    return DdlError{named("invalid designated timestamp column", statement.designated->text), statement.designated->position};
  }
  const ColumnWish& column = wish.columns[found->second.value];
  if (!storage::is_timestamp(column.type)) {
    return DdlError{"TIMESTAMP column expected [actual=" + std::string(storage::type_name(column.type)) +
                        ", columnName=" + column.name + "]",
                    statement.designated->position};
  }
  wish.designated = found->second;
  return std::nullopt;
}

std::optional<DdlError> add_upsert_keys(const CreateTable& statement, const Indexes& indexes, storage::TableWish& wish) {
  if (statement.upsert_keys.empty()) return std::nullopt;
  for (const DdlName& key : statement.upsert_keys) {
    const auto found = indexes.find(storage::fold_name(key.text));
    if (found == indexes.end()) return DdlError{"deduplicate key column not found [column=" + key.text + "]", key.position};
    if (std::ranges::find(wish.upsert_keys, found->second) == wish.upsert_keys.end()) wish.upsert_keys.push_back(found->second);
  }
  if (std::ranges::find(wish.upsert_keys, wish.designated) != wish.upsert_keys.end()) return std::nullopt;
  return DdlError{"deduplicate key list must include dedicated timestamp column", statement.upsert_keys.front().position};
}

}  // namespace

std::optional<DdlError> check_table_name(const DdlName& name) {
  if (engine::is_valid_utf8(name.text) && is_valid_table_name(name.text)) return std::nullopt;
  return DdlError{named("invalid table name", name.text), name.position};
}

std::optional<DdlError> check_column_name(const DdlName& name) {
  if (engine::is_valid_utf8(name.text) && is_valid_column_name(name.text)) return std::nullopt;
  return DdlError{named("invalid column name", name.text), name.position};
}

DdlResult<std::vector<ColumnWish>> make_column_wishes(std::span<const DdlColumn> columns) {
  DdlResult<Indexes> indexes = index_names(columns);
  if (auto* error = std::get_if<DdlError>(&indexes)) return std::move(*error);
  std::vector<ColumnWish> wishes;
  for (const DdlColumn& column : columns) {
    wishes.push_back({.name = column.name.text, .type = column.type.full.type, .parameters = column.type.full.parameters});
  }
  return wishes;
}

DdlResult<storage::TableWish> make_table_wish(const CreateTable& statement) {
  VERIFY(statement.designated.has_value());
  if (std::optional<DdlError> error = check_table_name(statement.name)) return *std::move(error);
  DdlResult<std::vector<ColumnWish>> columns = make_column_wishes(statement.columns);
  if (auto* error = std::get_if<DdlError>(&columns)) return std::move(*error);
  storage::TableWish wish{.name = statement.name.text,
                          .partition_unit = statement.partition_unit.value_or(PartitionUnit::day),
                          .designated = {},
                          .columns = std::get<std::vector<ColumnWish>>(std::move(columns)),
                          .ttl = statement.ttl,
                          .upsert_keys = {}};
  const Indexes indexes = std::get<Indexes>(index_names(statement.columns));
  if (std::optional<DdlError> error = add_designated(statement, indexes, wish)) return *std::move(error);
  if (std::optional<DdlError> error = check_ttl(wish.ttl, wish.partition_unit, statement.ttl_position))
    return *std::move(error);
  if (std::optional<DdlError> error = add_upsert_keys(statement, indexes, wish)) return *std::move(error);
  return wish;
}

std::optional<DdlError> check_ttl(Ttl ttl, PartitionUnit unit, size_t position) {
  if (ttl.unit == TtlUnit::none) return std::nullopt;
  if (unit == PartitionUnit::none) return DdlError{"cannot set TTL on a non-partitioned table", position};
  const uint32_t hours = hours_of(unit);
  const bool is_whole =
      ttl.unit == TtlUnit::month ? unit != PartitionUnit::year || ttl.count % 12 == 0 : hours != 0 && ttl.count % hours == 0;
  if (is_whole) return std::nullopt;
  return DdlError{"TTL value must be an integer multiple of partition size", position};
}

}  // namespace net
