// What can be changed of a table that exists, and the schema that comes of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/status.h"
#include "storage/schema/schema.h"

namespace storage {

struct AddColumns {
  std::vector<ColumnWish> wishes{};
  bool must_be_new = false;  // otherwise those that are there are left as they are
};

struct DropColumns {
  std::vector<std::string> names{};
};

struct RenameColumn {
  std::string name;
  std::string new_name;
};

struct SetTtl {
  Ttl ttl{};
};

struct SetUpsertKeys {
  std::vector<std::string> names{};  // none: rows replace none any more
};

struct RenameTable {
  std::string new_name;
};

struct DropTable {};

// All rows go: a new table takes the place and the name of the old one.
struct TruncateTable {
  TableId successor{};
};

using TableChange =
    std::variant<AddColumns, DropColumns, RenameColumn, SetTtl, SetUpsertKeys, RenameTable, DropTable, TruncateTable>;

// Why a schema is not changed, and which of the names in the change is to blame, in their order.
struct ChangeRefusal {
  absl::Status status;
  size_t name = 0;
};

// The next version; the same version when there is nothing to change. Nothing: `refusal` says why.
std::optional<Schema> changed(const Schema& schema, const TableChange& change, ChangeRefusal& refusal);

// Rows that were judged by the older version must not come behind the newer one: every source forgets the table first.
bool needs_barrier(const TableChange& change);

}  // namespace storage
