#include "net/sql/create_statement.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/schema/full_type.h"

namespace net {
namespace {

// A name that is no word is quoted, as a keyword need not be where a column stands.
std::string column_name(const std::string& name) {
  const bool is_word = !name.empty() && !(name.front() >= '0' && name.front() <= '9') && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return is_word ? name : fmt::format("\"{}\"", name);
}

std::string ttl_clause(storage::Ttl ttl) {
  const storage::TtlText text = storage::describe(ttl);
  if (text.value == 0) return {};
  return fmt::format(" TTL {} {}{}", text.value, text.unit, text.value == 1 ? "" : "S");
}

std::string keys_clause(const storage::Schema& schema) {
  std::string keys;
  for (const storage::Column& column : schema.columns) {
    if (std::ranges::find(schema.upsert_keys, column.id) == schema.upsert_keys.end()) continue;
    if (!keys.empty()) keys += ',';
    keys += column_name(column.name);
  }
  return keys.empty() ? std::string() : fmt::format("\nDEDUP UPSERT KEYS({})", keys);
}

}  // namespace

std::string create_statement(const storage::Schema& schema) {
  std::string text = fmt::format("CREATE TABLE '{}' ( ", schema.name);
  for (const storage::Column& column : schema.columns) {
    text += &column == schema.columns.data() ? "\n\t" : ",\n\t";
    text += fmt::format("{} {}", column_name(column.name), storage::full_type_name(column.type, column.parameters));
  }
  text += fmt::format("\n) timestamp({}) PARTITION BY {}{}{};", column_name(schema.designated_column().name),
                      storage::partition_unit_name(schema.partition_unit), ttl_clause(schema.ttl), keys_clause(schema));
  return text;
}

}  // namespace net
