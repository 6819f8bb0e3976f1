// The one judge of table names. Lives on shard 0, in memory: name -> table id and owner. A name that is new gets the next id
// and the shard that owns least; the table itself is created by its owner, whose WAL makes it durable before any row of it.
// Changes of tables pass here on their way to the owner and back, so that a name is free again exactly when what freed it is
// durable (docs/ddl.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/text_hash.h"
#include "engine/shard/shard.h"
#include "storage/route/messages.h"
#include "storage/route/outbox.h"

namespace storage {

class Catalog final : public engine::Service {
 public:
  // `shard` is shard 0; owners are the shards 0 .. owner_count - 1.
  Catalog(engine::Shard& shard, uint16_t owner_count, uint64_t hash_seed);

  // Start-up: a table that exists. Returns the shard that shall own its lane 0.
  engine::ShardId add(TableId table, std::string_view name);
  // Start-up: the ids up to this one are not given again.
  void note_given(TableId table);

  const char* name() const override { return "catalog"; }
  bool on_turn(engine::Instant now) override;
  void on_message(engine::ShardId from, const engine::MeshMessage& message) override;

 private:
  struct Entry {
    TableId table;
    engine::ShardId owner;
  };

  engine::ShardId least_loaded() const;
  void on_table_ask(TableAsk& ask);
  void on_change_ask(ChangeAsk& ask);
  void on_change_done(ChangeAsk& ask);
  bool reserve_name(ChangeAsk& ask, const std::string& new_name);
  void forget(TableId table);
  void answer(ChangeAsk& ask);

  engine::Shard& shard_;
  absl::flat_hash_map<std::string, Entry, engine::TextHash, engine::TextEqual> tables_;  // by folded name
  std::vector<uint32_t> owned_;                                                          // tables of each shard
  uint32_t next_table_ = 1;
  Outbox outbox_;  // FIFO among all asks, so that an owner hears of a new table from the ask that named it first
};

}  // namespace storage
