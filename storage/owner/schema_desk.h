// Who decides what a table is: the owner of its first lane. Answers leave when the schema that they tell of is durable.
#pragma once

#include "engine/shard/shard.h"
#include "storage/owner/commits.h"
#include "storage/owner/lanes.h"
#include "storage/route/messages.h"
#include "storage/route/outbox.h"

namespace storage {

class SchemaDesk {
 public:
  SchemaDesk(engine::Shard& shard, Lanes& lanes, Commits& commits, Outbox& outbox)
      : shard_(shard), lanes_(lanes), commits_(commits), outbox_(outbox) {}

  // False: the WAL has no room, nothing has changed.
  bool try_ensure(TableAsk& ask);
  bool try_add_columns(ColumnsAsk& ask);

 private:
  bool try_create(TableAsk& ask);

  engine::Shard& shard_;
  Lanes& lanes_;
  Commits& commits_;
  Outbox& outbox_;
};

}  // namespace storage
