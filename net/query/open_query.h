// A query that a reader has taken: asks the shards for what it will read, then computes its answer part by part. It never
// waits: run() does what can be done now, and gives way when time is up or a part is full.
//
//   starting --> asking --all answers here--> ready --part sent--> part_out --taken--> ready ... --last part sent--> done
//
// It is cancelled, or its time is over: in any state it ends as soon as nothing of it is under way. While a part is out and the
// time is over, what the query holds is given back at once; its taker gets a last, broken part when it comes for it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/shard/mesh.h"
#include "net/query/query.h"
#include "net/query/query_answer.h"
#include "net/query/shard_asks.h"
#include "net/sql/query_run.h"
#include "net/sql/spill.h"
#include "net/sql/table_provider.h"

namespace net {

// What queries share that run on the same thread.
struct ReaderRoom {
  engine::MeshEndpoint& endpoint;
  engine::FilePool& files;
  uint16_t shard_count;
  QueryLimits limits;
  engine::MeshReceiver& receiver;  // of messages that arrive while a query computes
  SpillFiles& spill;
};

class OpenQuery final : public TableProvider {
 public:
  OpenQuery(Query& query, ReaderRoom& room);

  const Query* query() const { return &query_; }

  // run() has something to do.
  bool is_runnable() const;
  void run(engine::Instant pause_at);

  void on_part_taken();
  void cancel() { is_cancelled_ = true; }

  // Gives back what it holds when its time is over.
  void expire(engine::Instant now);
  engine::Instant deadline() const { return deadline_; }
  bool is_waiting_for_taker() const { return state_ == State::part_out; }

  // Its last part is out, and the query no longer ours.
  bool is_done() const { return state_ == State::done; }

 private:
  enum class State : uint8_t { starting, asking, ready, part_out, done };

  // TableProvider, called by the query while it computes: all has been asked for before.
  absl::StatusOr<std::vector<storage::TableSnapshot>> list_tables() override;
  absl::StatusOr<storage::TableSnapshot> open_table(std::string_view name) override;
  absl::StatusOr<std::vector<ConnectionInfo>> list_connections() override { return connections_; }
  bool is_wanted() override;
  engine::FilePool& files() override { return room_.files; }
  SpillFiles* spill() override { return &room_.spill; }

  void move_to(State state);
  void start();
  void take_answers();
  void choose_tables(const std::vector<storage::TableSnapshot>& tables);
  void ask_next();
  void compute(engine::Instant pause_at);
  void send_part();
  void end_broken();
  void release();

  Query& query_;
  ReaderRoom& room_;
  State state_ = State::starting;
  bool is_cancelled_ = false;
  bool has_sent_ = false;
  engine::Instant deadline_;
  ShardAsks asks_;
  std::optional<std::vector<storage::TableId>> tables_to_ask_;  // none: which there are is not known yet
  bool asks_connections_ = false;
  bool asks_all_tables_ = false;
  std::map<std::string, storage::TableSnapshot, std::less<>> tables_;  // by folded name
  std::vector<ConnectionInfo> connections_;
  std::optional<QueryRun> run_;
  std::optional<QueryAnswer> answer_;
};

}  // namespace net
