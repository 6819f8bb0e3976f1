#include "net/query/shard_asks.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "engine/base/verify.h"
#include "net/ingest/bad_line_log.h"

namespace net {

ShardAsks::ShardAsks(engine::MeshEndpoint& endpoint, uint16_t shard_count) : endpoint_(endpoint), shard_count_(shard_count) {}

void ShardAsks::send(uint16_t shard, const engine::MeshMessage& message) {
  endpoint_.send_reserved(engine::ShardId{shard}, message);  // one of every query (node.cc)
  ++missing_;
}

void ShardAsks::on_answer() {
  VERIFY_GT(missing_, 0U);
  --missing_;
}

void ShardAsks::ask_tables(std::optional<storage::TableId> table, bool fresh) {
  VERIFY_EQ(missing_, 0U);
  tables_.assign(shard_count_, {});
  for (uint16_t i = 0; i < shard_count_; ++i) {
    TablesAsk& ask = tables_[i];
    ask.reader = endpoint_.id();
    ask.table = table;
    ask.fresh = fresh;
    ask.asker = this;
    send(i, storage::make_message(storage::MessageKind::snapshot_ask, static_cast<storage::SnapshotAsk*>(&ask)));
  }
}

void ShardAsks::ask_connections() {
  VERIFY_EQ(missing_, 0U);
  connections_.assign(shard_count_, {});
  for (uint16_t i = 0; i < shard_count_; ++i) {
    ConnectionsAsk& ask = connections_[i];
    ask.reader = endpoint_.id();
    ask.asker = this;
    send(i, make_message(MessageKind::ledger_ask, static_cast<LedgerAsk*>(&ask)));
  }
}

void ShardAsks::on_snapshot_answer(const engine::MeshMessage& message) {
  static_cast<TablesAsk*>(message.as<storage::SnapshotAsk*>())->asker->on_answer();
}

void ShardAsks::on_ledger_answer(const engine::MeshMessage& message) {
  static_cast<ConnectionsAsk*>(message.as<LedgerAsk*>())->asker->on_answer();
}

std::vector<storage::TableSnapshot> ShardAsks::take_tables() {
  VERIFY_EQ(missing_, 0U);
  std::vector<storage::TableSnapshot> tables;
  for (TablesAsk& ask : tables_) std::ranges::move(ask.tables, std::back_inserter(tables));
  tables_.clear();
  std::ranges::sort(tables, {}, [](const storage::TableSnapshot& table) { return table.schema->table; });
  return tables;
}

std::vector<ConnectionInfo> ShardAsks::take_connections() {
  VERIFY_EQ(missing_, 0U);
  std::vector<ConnectionInfo> connections;
  for (const ConnectionsAsk& ask : connections_) {
    for (const LedgerRow& row : ask.rows) {
      connections.push_back({.id = row.id,
                             .protocol = std::string(protocol_name(row.protocol)),
                             .peer = row.peer.to_string(),
                             .open = row.is_open,
                             .opened = row.opened,
                             .rows_durable = row.rows_durable,
                             .rows_rejected = row.rows_rejected,
                             .rows_pending = row.rows_pending,
                             .bytes_received = row.bytes_received});
    }
  }
  connections_.clear();
  return connections;
}

}  // namespace net
