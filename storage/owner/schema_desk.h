// Who decides what a table is: the owner of its first lane. Answers leave when the schema that they tell of is durable.
#pragma once

#include "engine/shard/shard.h"
#include "storage/owner/commits.h"
#include "storage/owner/lanes.h"
#include "storage/route/messages.h"

namespace storage {

class SchemaDesk {
 public:
  SchemaDesk(engine::Shard& shard, Lanes& lanes, Commits& commits) : shard_(shard), lanes_(lanes), commits_(commits) {}

  // False: the WAL has no room, nothing has changed.
  bool try_ensure(TableAsk& ask);
  bool try_add_columns(ColumnsAsk& ask);

 private:
  engine::Shard& shard_;
  Lanes& lanes_;
  Commits& commits_;
};

}  // namespace storage
