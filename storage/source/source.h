// The source side of a shard: the tables it has heard of, the batches it gathers, and what is out. Rows of all senders of a
// shard for one lane gather in one batch, which is sealed when the turn ends or it is full, sent to its owner, and comes home
// durable. A request, whose rows commit as a whole, has batches of its own (transaction.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/text_hash.h"
#include "engine/shard/shard.h"
#include "storage/route/messages.h"
#include "storage/source/symbol_cache.h"

namespace storage {

class SourceTable;
struct RequestHurry;
class Transaction;
class TransactionListener;

// Where the rows of one table gather: those of the shard's senders together, or those of one request. Belongs to the source.
struct OpenPlace {
  SourceTable* table = nullptr;
  Transaction* transaction = nullptr;  // null: the senders'
  RoutedBatch* batch = nullptr;        // open
  uint64_t serial = 0;                 // of the open batch among those of the table
};

// A table as one source knows it. Its schema may be older than the owner's; it is never newer.
class SourceTable {
 public:
  SourceTable(engine::ShardId owner, SchemaRef schema, uint64_t hash_seed);

  const SchemaRef& schema() const { return schema_; }
  engine::ShardId owner() const { return owner_; }
  LaneId lane() const { return {.table = schema_->table, .lane = lane_first}; }

  // Of the shard's senders.
  OpenPlace& place() { return place_; }

  // The partition that takes no row of this time, or null.
  const CrowdedPartition* find_rejecting(int64_t timestamp) const { return storage::find_rejecting(crowded_, timestamp); }

 private:
  friend class Source;

  engine::ShardId owner_;
  SchemaRef schema_;
  std::vector<std::unique_ptr<SymbolCache>> symbols_;  // by ColumnIndex; null where the column is no symbol
  OpenPlace place_;
  uint64_t serial_ = 0;  // of the batch that was opened last
  CrowdedRef crowded_;   // as the last batch that came home says
};

// Told when a batch came home for which it waited.
class RoomWaiter {
 public:
  virtual void on_room() = 0;

 protected:
  ~RoomWaiter() = default;
};

struct SourceOptions {
  uint32_t batches_max = 128;          // open and out
  uint32_t rows_max = batch_rows_max;  // of a batch; it is sealed when either is reached
  size_t size_full = batch_size_full;
  size_t size_max = batch_size_max;  // it is sealed before a row that might pass this; a single row may
};

class Source final : public engine::Service {
 public:
  Source(engine::Shard& shard, const SourceOptions& options, uint64_t hash_seed);
  ~Source();

  // The table of that name in any case, or null: ask for it.
  SourceTable* find(std::string_view name);
  // By its id; null when this source never asked for it.
  const SourceTable* find(TableId table) const;

  // Lends `ask` until its waiter is called; then find() knows the table unless the ask was rejected.
  void ask_table(TableAsk& ask);
  // Likewise; then schema() of the table has the columns.
  void ask_columns(ColumnsAsk& ask);
  // Likewise. What changes columns or names makes every source forget the table first: ask for it again.
  void ask_change(ChangeAsk& ask);

  // A request of `sender` begins. It stays until it is settled: finished or abandoned, and nothing of it is out. The sender
  // outlives that; the listener, too, unless it takes leave (transaction.h).
  Transaction& begin_transaction(Sender& sender, TransactionListener& listener);

  // Begins a row of at most so many cells and bytes of text in the place's open batch: of `sender`, which is null where the
  // place is a request's. Null when every batch is out: wait_for_room, then try again.
  OpenBatch* begin_row(OpenPlace& place, Sender* sender, size_t cells, size_t text_size);
  uint32_t symbol(OpenPlace& place, ColumnIndex column, std::string_view text);
  void finish_row(OpenPlace& place);

  // After begin_row returned null: one call of on_room, when there is a batch. Who waits longest is called first.
  void wait_for_room(RoomWaiter& waiter);
  void forget(RoomWaiter& waiter);

  // The reason of the last rejected batch, for the log; ok when there was none since the last call.
  absl::Status take_rejection();

  uint64_t rows_rejected() const { return rows_rejected_; }  // with the batches that came home rejected
  bool settled() const { return free_.size() == batches_.size() && asks_out_ == 0 && asks_.empty() && transactions_.empty(); }

  // Start-up: by which requests are named that this shard takes.
  void set_stream(StreamId stream) { stream_ = stream; }

  const char* name() const override { return "source"; }
  bool on_turn(engine::Instant now) override;
  void on_message(engine::ShardId from, const engine::MeshMessage& message) override;

 private:
  friend class Transaction;

  void share(RoutedBatch& batch, Sender& sender);
  void seal(OpenPlace& place);
  void seal_early(OpenPlace& place);
  // Lends `ask` until its waiter is called.
  void ask_request(engine::ShardId owner, RequestAsk& ask);
  void set_schema(SourceTable& table, SchemaRef schema);
  void give_up(const RequestHurry& hurry);
  void on_batch_home(RoutedBatch& batch);
  void serve_waiters();
  void on_table(TableAsk& ask);
  void on_columns(ColumnsAsk& ask);
  void on_change(ChangeAsk& ask);
  void on_seal_ask(SealAsk& ask);
  void answer_seals();
  void seal_all(SourceTable& table);
  void learn_symbols(SourceTable& table, const RoutedBatch& batch);
  void send_ask(engine::ShardId target, const engine::MeshMessage& message);
  void ask_done();

  struct WaitingAsk {
    engine::ShardId target;
    engine::MeshMessage message;
  };

  engine::Shard& shard_;
  SourceOptions options_;
  const uint64_t hash_seed_;
  absl::flat_hash_map<TableId, std::unique_ptr<SourceTable>> tables_;
  absl::flat_hash_map<std::string, SourceTable*, engine::TextHash, engine::TextEqual> spellings_;  // as sent
  absl::flat_hash_map<std::string, SourceTable*, engine::TextHash, engine::TextEqual> folded_;
  std::vector<std::unique_ptr<RoutedBatch>> batches_;
  std::vector<RoutedBatch*> free_;
  std::vector<OpenPlace*> open_;          // with a batch that holds rows
  std::vector<Sender*> touched_;          // with rows since the last turn
  std::deque<RoomWaiter*> room_waiters_;  // none while a batch is free, but inside of serve_waiters
  std::deque<WaitingAsk> asks_;           // beyond asks_out_max
  StreamId stream_;
  uint64_t next_request_ = 1;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Transaction>> transactions_;  // by number; not settled
  std::vector<std::unique_ptr<Transaction>> settled_;                         // destroyed at the end of the turn
  std::vector<std::unique_ptr<SourceTable>> forgotten_;                       // that requests still refer to
  std::vector<SealAsk*> seals_;                                               // that wait for requests; one of each owner
  uint32_t asks_out_ = 0;
  absl::Status rejection_;
  uint64_t rows_rejected_ = 0;
};

}  // namespace storage
