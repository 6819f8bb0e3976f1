// A table's columns, at one version. A Schema never changes once it is shared: a change makes the next version. Adding columns
// keeps the id and the position of every older one, so that batches that were built for an older version stay valid; other
// changes wait until there are no such batches (docs/ddl.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/base/verify.h"
#include "storage/schema/column_type.h"
#include "storage/schema/ids.h"
#include "storage/schema/ttl.h"

namespace storage {

inline constexpr size_t columns_max = 2000;  // per table, with dropped ones; SQLite, which answers queries, has no more
inline constexpr size_t tables_max = 10'000;

// Values are stored in schema files. NONE puts all rows into one partition.
enum class PartitionUnit : uint8_t { none = 0, hour = 1, day = 2, week = 3, month = 4, year = 5 };

// QuestDB's name: NONE, HOUR, DAY, WEEK, MONTH, YEAR.
std::string_view partition_unit_name(PartitionUnit unit);

// Accepts the name in any case.
absl::StatusOr<PartitionUnit> parse_partition_unit(std::string_view name);

struct Column {
  ColumnId id;
  ColumnType type{};
  std::string name;  // first spelling; compares case-insensitively
  TypeParameters parameters{};

  friend bool operator==(const Column&, const Column&) = default;
};

struct Schema {
  TableId table;
  uint32_t version = 1;
  PartitionUnit partition_unit = PartitionUnit::day;
  ColumnIndex designated;  // the timestamp that orders rows
  std::string name;        // first spelling; compares case-insensitively
  std::vector<Column> columns;
  Ttl ttl{};
  std::vector<ColumnId> upsert_keys{};    // a row replaces an earlier one that has the same values in these; none: no row does
  std::vector<Column> dropped_columns{};  // whose ids stay taken, and whose values may still be in the log and in runs
  bool is_dropped = false;                // the table: nobody sees it any more, and what it left is removed

  const Column& column(ColumnIndex index) const {
    VERIFY_DEBUG(index.value < columns.size());
    return columns[index.value];
  }
  const Column& designated_column() const { return column(designated); }

  friend bool operator==(const Schema&, const Schema&) = default;
};

using SchemaRef = std::shared_ptr<const Schema>;

// A column that a line asks for.
struct ColumnWish {
  std::string name;
  ColumnType type{};
  TypeParameters parameters{};
};

// The schema of a table that does not exist yet. `columns` holds the designated timestamp too.
struct TableWish {
  std::string name;
  PartitionUnit partition_unit = PartitionUnit::day;
  ColumnIndex designated;
  std::vector<ColumnWish> columns;
  Ttl ttl{};
  std::vector<ColumnIndex> upsert_keys{};  // of the columns; with the designated one, or none at all
};

Schema make_schema(TableId table, const TableWish& wish);

// The next version, with those of `wishes` whose folded names `schema` does not have yet; the same version when it has them
// all. Resource-exhausted beyond columns_max.
absl::StatusOr<Schema> with_columns(const Schema& schema, std::span<const ColumnWish> wishes);

// The same with another TTL, or with other upsert keys, names of columns in any case; the same version when it has just these.
// Invalid-argument: there is no such column, or the designated one is not among them.
Schema with_ttl(const Schema& schema, Ttl ttl);
absl::StatusOr<Schema> with_upsert_keys(const Schema& schema, std::span<const std::string> keys);

std::optional<ColumnIndex> find_column(const Schema& schema, std::string_view name);

// Names compare by this: simple case folding of every code point, as QuestDB compares.
std::string fold_name(std::string_view name);

// One self-delimiting record, the same in CREATE and SCHEMA frames and in schema files (docs/tables.md):
//
// record := | version u32 | table u32 | designated u32 | column_count u32 | unit u8 | ttl_unit u8 | parts u8 | reserved u8 |
//            name_size u32 | name | column... | ttl | keys | dropped |
// column := | id u32 | type u8 | size u8 | scale u8 | reserved u8 | name_size u32 | name |        all little-endian, unpadded
//           size and scale are the parameters of the type
// ttl     := | ttl_count u32 |                     where ttl_unit is not 0
// keys    := | key_count u32 | column id u32... |  where `parts` has bit 0
// dropped := | column_count u32 | column... |      where it has bit 1; bit 2: the table is dropped
std::vector<std::byte> encode_schema(const Schema& schema);

// The largest record of a table whose names have at most `name_size` bytes.
constexpr size_t schema_size_max(size_t name_size) { return 36 + name_size + columns_max * (16 + name_size); }

// Takes bytes that nobody vouches for: every count and size is checked before use. `where` opens error messages.
absl::StatusOr<Schema> decode_schema(std::span<const std::byte> bytes, std::string_view where);

}  // namespace storage
