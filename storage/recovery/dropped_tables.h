// Tables that are no more, as a start finds them: which they are, and what is left of them on disk (docs/ddl.md).
#pragma once

#include <map>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "storage/schema/schema.h"

namespace storage {

// The tables of a start, by id; dropped ones, too.
using TablesById = std::map<TableId, SchemaRef>;

// Where several tables have one name, all but the newest are dropped from now on, durably: a crash came between the frame that
// made the newest and the one that drops the older. Needs all of them checkpointed.
absl::Status drop_replaced_tables(engine::IoBackend& backend, TablesById& tables);

// The highest id that was ever given, or 0.
absl::StatusOr<TableId> find_last_table(engine::IoBackend& backend);

// Removes what is left of tables that are not among `tables`, which are by id. Nobody may need it any more: neither a frame of
// the log nor a reader. The directory with the highest id stays, empty, for find_last_table.
absl::Status remove_dropped_tables(engine::IoBackend& backend, const std::vector<SchemaRef>& tables);

}  // namespace storage
