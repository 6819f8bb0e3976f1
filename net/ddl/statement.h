// What a statement says that defines tables: names as they were typed, and where. Nothing here knows which tables there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "storage/schema/full_type.h"
#include "storage/schema/schema.h"
#include "storage/schema/ttl.h"

namespace net {

// Positions are bytes from the start of the text, of the first byte of what is meant, its quote included.
struct DdlError {
  std::string message;
  size_t position = 0;
};

struct DdlName {
  std::string text;
  size_t position = 0;
};

struct DdlType {
  storage::FullType full;
  size_t position = 0;
};

struct DdlColumn {
  DdlName name;
  DdlType type;
};

struct CreateTable {
  DdlName name;
  bool if_not_exists = false;
  std::vector<DdlColumn> columns{};
  std::optional<DdlName> designated{};
  std::optional<storage::PartitionUnit> partition_unit{};
  size_t partition_position = 0;
  storage::Ttl ttl{};
  size_t ttl_position = 0;
  std::vector<DdlName> upsert_keys{};
  bool bypasses_wal = false;  // asked for; there is no table without the log
};

struct DropTable {
  DdlName name;
  bool if_exists = false;
};

struct TruncateTable {
  std::vector<DdlName> names{};
  bool if_exists = false;
};

struct RenameTable {
  DdlName name;
  DdlName new_name;
};

struct AddColumns {
  std::vector<DdlColumn> columns{};
  bool if_not_exists = false;
};

struct DropColumns {
  std::vector<DdlName> names{};
};

struct RenameColumn {
  DdlName name;
  DdlName new_name;
};

struct ChangeType {
  DdlName name;
  DdlType type;
};

struct SetTtl {
  storage::Ttl ttl{};
  size_t position = 0;
};

// None: rows are not replaced any more.
struct SetUpsertKeys {
  std::vector<DdlName> keys{};
};

// What has no effect here, and is no mistake: capacities and caches of symbols, parameters of writers, RESUME WAL.
struct NoChange {};

using TableChange = std::variant<AddColumns, DropColumns, RenameColumn, ChangeType, SetTtl, SetUpsertKeys, NoChange>;

struct AlterTable {
  DdlName name;
  TableChange change{};
};

// SET, BEGIN, COMMIT, ROLLBACK: of a session, which nobody has here.
struct SessionStatement {};

using DdlStatement = std::variant<CreateTable, DropTable, TruncateTable, RenameTable, AlterTable, SessionStatement>;

}  // namespace net
