#include "net/query/shard_asks.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "engine/base/verify.h"
#include "net/ingest/bad_line_log.h"

namespace net {

ShardAsks::ShardAsks(engine::MeshEndpoint& endpoint, uint16_t shard_count) : endpoint_(endpoint), shard_count_(shard_count) {}

template <typename Message, typename Kind>
void ShardAsks::ask_all(const Message& question, Kind kind, std::vector<Ask<Message>>& asks) {
  VERIFY_EQ(missing_, 0U);
  asks.assign(shard_count_, {question, this});
  for (uint16_t i = 0; i < shard_count_; ++i) {
    Message& ask = asks[i];
    ask.reader = endpoint_.id();
    endpoint_.send_reserved(engine::ShardId{i}, make_message(kind, &ask));  // one of every query (node.cc)
    ++missing_;
  }
}

template <typename Message>
void ShardAsks::on_answer(const engine::MeshMessage& message) {
  ShardAsks& asker = *static_cast<Ask<Message>*>(message.as<Message*>())->asker;
  VERIFY_GT(asker.missing_, 0U);
  --asker.missing_;
}

void ShardAsks::ask_tables(std::optional<storage::TableId> table, bool fresh) {
  storage::SnapshotAsk question;
  question.table = table;
  question.fresh = fresh;
  ask_all(question, storage::MessageKind::snapshot_ask, tables_);
}

void ShardAsks::ask_connections() { ask_all(LedgerAsk(), MessageKind::ledger_ask, connections_); }

void ShardAsks::on_snapshot_answer(const engine::MeshMessage& message) { on_answer<storage::SnapshotAsk>(message); }

void ShardAsks::on_ledger_answer(const engine::MeshMessage& message) { on_answer<LedgerAsk>(message); }

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
                             .transport = std::string(transport_name(row.transport)),
                             .peer = row.peer.to_string(),
                             .open = row.is_open,
                             .opened = row.opened,
                             .rows_durable = row.rows_durable,
                             .rows_rejected = row.rows_rejected,
                             .rows_repeated = row.rows_repeated,
                             .rows_pending = row.rows_pending,
                             .requests_repeated = row.requests_repeated,
                             .bytes_received = row.bytes_received});
    }
  }
  connections_.clear();
  return connections;
}

}  // namespace net
