// A reader thread: runs queries, one after the other, over snapshots that it asks the owners for, with a backend of its own for
// the files. It never touches a shard's memory; while it waits for an answer or for the client, it goes on draining its ring.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/shard/loop.h"
#include "engine/shard/mesh.h"
#include "net/ingest/ledger.h"
#include "net/query/query.h"
#include "net/route/messages.h"
#include "net/sql/engine.h"
#include "net/sql/table_provider.h"

namespace net {

class QueryReader final : public engine::Loop, public engine::MeshReceiver, public TableProvider {
 public:
  // Shards 0 .. shard_count - 1 own tables.
  QueryReader(engine::ShardMesh& mesh, engine::ShardId id, engine::IoBackend& backend, uint16_t shard_count);

  // Loop.
  void run_once() override;
  engine::IoBackend& backend() override { return backend_; }

  // TableProvider, called by the query that runs.
  absl::StatusOr<std::vector<ListedTable>> list_tables() override;
  absl::StatusOr<storage::TableSnapshot> open_table(std::string_view name) override;
  absl::StatusOr<std::vector<ConnectionInfo>> list_connections() override;
  bool is_wanted() override;

 private:
  struct Waiting {
    Query* query = nullptr;
    bool cancelled = false;
  };

  class PartReply;

  void on_message(engine::ShardId from, const engine::MeshMessage& message) override;
  void on_go_on(const QueryGoOn& go_on);
  void run(const Waiting& waiting);
  void turn();
  absl::Status send_part(std::string_view text);
  void send_last(bool is_broken);
  absl::StatusOr<std::vector<storage::TableSnapshot>> ask_owners(const storage::SnapshotAsk& pattern);

  engine::MeshEndpoint& endpoint_;
  engine::IoBackend& backend_;
  uint16_t shard_count_;
  SqlEngine sql_;
  std::deque<Waiting> waiting_;
  Query* running_ = nullptr;
  uint32_t answers_missing_ = 0;                                   // to the asks that are out
  bool part_out_ = false;                                          // the HTTP side has a part of the running query
  bool cancelled_ = false;                                         // it does not want another one
  std::optional<std::map<std::string, storage::TableId>> tables_;  // by folded name, as the running query first saw them
};

}  // namespace net
