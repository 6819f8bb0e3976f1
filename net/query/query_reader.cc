#include "net/query/query_reader.h"

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"
#include "net/ingest/bad_line_log.h"
#include "net/query/exec_json.h"

namespace net {

// Sends the answer to the HTTP side part by part.
class QueryReader::PartReply final : public ExecReply {
 public:
  explicit PartReply(QueryReader& reader) : reader_(reader) {}

  absl::Status begin(ExecStatus status) override {
    reader_.running_->status = static_cast<uint16_t>(status);
    return absl::OkStatus();
  }
  absl::Status write(std::string_view chunk) override { return reader_.send_part(chunk); }
  absl::Status end() override { return absl::OkStatus(); }

 private:
  QueryReader& reader_;
};

QueryReader::QueryReader(engine::ShardMesh& mesh, engine::ShardId id, engine::IoBackend& backend, uint16_t shard_count)
    : endpoint_(mesh.endpoint(id)), backend_(backend), shard_count_(shard_count), sql_(*this) {
  mesh.attach(id, backend);
}

void QueryReader::run_once() {
  if (waiting_.empty()) turn();
  if (waiting_.empty()) return;
  const Waiting waiting = waiting_.front();
  waiting_.pop_front();
  run(waiting);
}

// Takes what has arrived; waits when nothing has.
void QueryReader::turn() {
  endpoint_.wake_peers();
  if (endpoint_.drain(*this) != 0 || !endpoint_.fall_asleep()) return;
  engine::IoResult none;
  const size_t count = backend_.reap({&none, 1}, engine::instant_never);
  VERIFY_EQ(count, 0U);  // its files are read with blocking calls
  endpoint_.wake_up();
}

void QueryReader::run(const Waiting& waiting) {
  running_ = waiting.query;
  cancelled_ = waiting.cancelled;
  bool is_broken = true;
  if (!cancelled_) {
    PartReply reply(*this);
    is_broken = !answer_exec(sql_, running_->text, reply).ok();
  }
  send_last(is_broken);
  running_ = nullptr;
  tables_.reset();
}

bool QueryReader::is_wanted() {
  endpoint_.drain(*this);
  return !cancelled_;
}

// One part at a time: the next one waits until the client has taken this one.
absl::Status QueryReader::send_part(std::string_view text) {
  if (cancelled_) return engine::make_status(absl::StatusCode::kCancelled, "the client is gone");
  running_->part.assign(text);
  part_out_ = true;
  endpoint_.send_return(running_->http_shard, make_message(MessageKind::query_part, running_));
  while (part_out_) turn();
  return cancelled_ ? engine::make_status(absl::StatusCode::kCancelled, "the client is gone") : absl::OkStatus();
}

void QueryReader::send_last(bool is_broken) {
  running_->part.clear();
  running_->is_last = true;
  running_->is_broken = is_broken;
  endpoint_.send_return(running_->http_shard, make_message(MessageKind::query_part, running_));
  endpoint_.wake_peers();
}

void QueryReader::on_message(engine::ShardId, const engine::MeshMessage& message) {
  if (message.kind == static_cast<uint16_t>(storage::MessageKind::snapshot_answer)) {
    --answers_missing_;
    return;
  }
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::query:
      waiting_.push_back({.query = message.as<Query*>()});
      return;
    case MessageKind::query_go_on:
      return on_go_on(message.as<QueryGoOn>());
    case MessageKind::ledger_answer:
      --answers_missing_;
      return;
    default:
      UNREACHABLE("message kind of a reader");
  }
}

// A query that has ended may still be cancelled: the message was under way. Its memory is another query's only after that.
void QueryReader::on_go_on(const QueryGoOn& go_on) {
  if (go_on.query == running_) {
    if (go_on.part_taken) part_out_ = false;
    cancelled_ |= go_on.cancelled;
    return;
  }
  const auto found = std::ranges::find(waiting_, go_on.query, &Waiting::query);
  if (found != waiting_.end()) found->cancelled = true;
}

absl::StatusOr<std::vector<storage::TableSnapshot>> QueryReader::ask_owners(const storage::SnapshotAsk& pattern) {
  std::vector<storage::SnapshotAsk> asks(shard_count_, pattern);
  for (uint16_t i = 0; i < shard_count_; ++i) {
    asks[i].reader = endpoint_.id();
    const bool sent =
        endpoint_.try_send(engine::ShardId{i}, storage::make_message(storage::MessageKind::snapshot_ask, &asks[i]));
    VERIFY(sent);  // one query at a time has one ask per shard out
    ++answers_missing_;
  }
  while (answers_missing_ != 0) turn();
  std::vector<storage::TableSnapshot> tables;
  for (storage::SnapshotAsk& ask : asks) std::ranges::move(ask.tables, std::back_inserter(tables));
  std::ranges::sort(tables, {}, [](const storage::TableSnapshot& table) { return table.schema->table; });
  return tables;
}

absl::StatusOr<std::vector<ListedTable>> QueryReader::list_tables() {
  ASSIGN_OR_RETURN(std::vector<storage::TableSnapshot> tables, ask_owners({.fresh = true}));
  std::vector<ListedTable> listed;
  for (storage::TableSnapshot& table : tables) listed.push_back({.snapshot = std::move(table), .rows_pending = 0});
  return listed;
}

absl::StatusOr<storage::TableSnapshot> QueryReader::open_table(std::string_view name) {
  if (!tables_) {
    ASSIGN_OR_RETURN(const std::vector<storage::TableSnapshot> tables, ask_owners({.fresh = false}));
    tables_.emplace();
    for (const storage::TableSnapshot& table : tables) {
      tables_->emplace(storage::fold_name(table.schema->name), table.schema->table);
    }
  }
  const auto found = tables_->find(storage::fold_name(name));
  if (found == tables_->end()) return engine::not_found("table does not exist");
  ASSIGN_OR_RETURN(std::vector<storage::TableSnapshot> fresh, ask_owners({.table = found->second, .fresh = true}));
  if (fresh.empty()) return engine::not_found("table does not exist");
  return std::move(fresh.front());
}

absl::StatusOr<std::vector<ConnectionInfo>> QueryReader::list_connections() {
  std::vector<LedgerAsk> asks(shard_count_);
  for (uint16_t i = 0; i < shard_count_; ++i) {
    asks[i].reader = endpoint_.id();
    const bool sent = endpoint_.try_send(engine::ShardId{i}, make_message(MessageKind::ledger_ask, &asks[i]));
    VERIFY(sent);
    ++answers_missing_;
  }
  while (answers_missing_ != 0) turn();
  std::vector<ConnectionInfo> connections;
  for (const LedgerAsk& ask : asks) {
    for (const LedgerRow& row : ask.rows) {
      connections.push_back({.id = row.id,
                             .protocol = std::string(protocol_name(row.protocol)),
                             .peer = to_string(row.peer),
                             .open = row.is_open,
                             .opened = row.opened,
                             .rows_durable = row.rows_durable,
                             .rows_rejected = row.rows_rejected,
                             .rows_pending = row.rows_pending,
                             .bytes_received = row.bytes_received});
    }
  }
  return connections;
}

}  // namespace net
