// What a query asks the shards before it runs: one question at a time, to all of them at once. So a query has at most one
// message under way to each shard.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/shard/mesh.h"
#include "net/ingest/ledger.h"
#include "net/route/messages.h"
#include "net/sql/table_provider.h"
#include "storage/route/messages.h"

namespace net {

class ShardAsks {
 public:
  // Shards 0 .. shard_count - 1 own tables.
  ShardAsks(engine::MeshEndpoint& endpoint, uint16_t shard_count);
  ShardAsks(const ShardAsks&) = delete;
  ShardAsks& operator=(const ShardAsks&) = delete;

  // Snapshots of all tables, or of one; `fresh`: with every row that is durable now.
  void ask_tables(std::optional<storage::TableId> table, bool fresh);
  void ask_connections();

  bool is_waiting() const { return missing_ != 0; }

  // When nothing is under way: what the last question was answered, by table id.
  std::vector<storage::TableSnapshot> take_tables();
  std::vector<ConnectionInfo> take_connections();

  // For messages of these two kinds, to whomever they belong.
  static void on_snapshot_answer(const engine::MeshMessage& message);
  static void on_ledger_answer(const engine::MeshMessage& message);

 private:
  // What is sent of it is the question: `Message`.
  template <typename Message>
  struct Ask : Message {
    ShardAsks* asker = nullptr;
  };
  using TablesAsk = Ask<storage::SnapshotAsk>;
  using ConnectionsAsk = Ask<LedgerAsk>;

  // Keeps a copy of the question for each shard in `asks`, and sends it.
  template <typename Message, typename Kind>
  void ask_all(const Message& question, Kind kind, std::vector<Ask<Message>>& asks);
  template <typename Message>
  static void on_answer(const engine::MeshMessage& message);

  engine::MeshEndpoint& endpoint_;
  uint16_t shard_count_;
  uint32_t missing_ = 0;  // answers
  std::vector<TablesAsk> tables_;
  std::vector<ConnectionsAsk> connections_;
};

}  // namespace net
