// What shards say to each other about tables. A message carries one pointer; the object behind it is lent to the receiver and
// comes home with the answer, so nobody frees what another one allocated. Rings are FIFO: what a source sent to an owner
// arrives in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/status.h"
#include "engine/shard/shard.h"
#include "storage/batch/column_batch.h"
#include "storage/route/sender.h"
#include "storage/schema/ids.h"
#include "storage/schema/request_note.h"
#include "storage/schema/schema.h"
#include "storage/schema/table_change.h"
#include "storage/table/crowding.h"
#include "storage/table/snapshot.h"

namespace storage {

using engine::make_message;

// Grouped by the service that receives them.
enum class MessageKind : uint16_t {
  table_ask = 0,    // source -> Catalog (shard 0): TableAsk by name; again from an owner that does not have that table
  change_ask,       // source -> Catalog: ChangeAsk by name
  change_done,      // Owner -> Catalog: ChangeAsk, durable or rejected
  table_not_made,   // Owner -> Catalog: TableId that was given and is no table
  batch,            // source -> Owner: RoutedBatch to commit, or a part of a request
  table_ensure,     // Catalog -> Owner: TableAsk with id and owner; creates the table when it is new
  columns_ask,      // source -> Owner: ColumnsAsk
  request_ask,      // source -> Owner: RequestAsk
  change,           // Catalog -> Owner: ChangeAsk with id and owner
  seal_answer,      // Source -> Owner: SealAsk; no batch of that source is behind it
  change_durable,   // Owner -> itself: ChangeAsk whose frame, or what it had to wait for, is durable
  snapshot_ask,     // reader -> Owner: SnapshotAsk
  batch_home,       // Owner -> Source: durable or rejected
  table_answer,     // Owner or Catalog -> Source
  columns_answer,   // Owner -> Source
  request_answer,   // Owner -> Source
  request_hurry,    // Owner -> Source: RequestHurry; the log is full of rows behind its parts
  change_answer,    // Catalog -> Source
  seal_ask,         // Owner -> Source: SealAsk
  snapshot_answer,  // Owner -> reader
  repeat_ask,       // RepeatDesk -> RepeatDesk: RepeatAsk
  note_news,        // RepeatDesk -> RepeatDesk: NoteNews
  repeat_answer,    // RepeatDesk -> RepeatDesk
};

inline constexpr engine::MessageKinds catalog_kinds =
    engine::kinds_between(MessageKind::table_ask, MessageKind::table_not_made);
inline constexpr engine::MessageKinds owner_kinds = engine::kinds_between(MessageKind::batch, MessageKind::snapshot_ask);
inline constexpr engine::MessageKinds source_kinds = engine::kinds_between(MessageKind::batch_home, MessageKind::seal_ask);
inline constexpr engine::MessageKinds snapshot_reader_kinds =
    engine::kinds_between(MessageKind::snapshot_answer, MessageKind::snapshot_answer);
inline constexpr engine::MessageKinds repeat_kinds = engine::kinds_between(MessageKind::repeat_ask, MessageKind::repeat_answer);
inline constexpr uint16_t storage_kind_count = static_cast<uint16_t>(MessageKind::repeat_answer) + 1;

// Of what one source can have out, beside its batches: the room that is reserved for it in each ring.
inline constexpr uint32_t asks_out_max = 64;

// Of what an endpoint owes another beside the answers to those: a SealAsk, and a change_durable to itself.
inline constexpr uint32_t change_returns_max = 2;

// How many rows of one sender a batch carries.
struct BatchShare {
  Sender* sender = nullptr;
  uint64_t interval = 0;
  uint32_t rows = 0;
};

class Transaction;

// A batch with its way: gathered and sealed by the source, logged by the owner, and home again. Belongs to the source's
// pool.
struct RoutedBatch {
  engine::ShardId source;
  LaneId lane;

  OpenBatch open;
  std::vector<BatchShare> shares;      // of the shard's senders
  Transaction* transaction = nullptr;  // or all of it is this request's, and there are no shares
  RequestId request;                   // of which it is a part, and means nothing before that commits; number 0: none
  uint32_t part = 0;                   // which one in the lane, from 1
  RequestNote note;                    // of a request that it is all of

  // Sealed.
  uint32_t rows = 0;
  std::vector<std::byte> body;
  uint32_t body_crc = 0;
  std::vector<BatchSymbols> symbols;  // the owner fills in the ids, the source learns them

  // The owner's.
  Txn txn;
  absl::Status rejection;  // not ok: a limit was reached, none of the rows is stored
  CrowdedRef crowded;      // of the lane
};

// Whoever waits for the answer to an ask.
class AskWaiter {
 public:
  virtual void on_answer() = 0;

 protected:
  ~AskWaiter() = default;
};

// Which table is this, and create it when it is new. Belongs to the source.
struct TableAsk {
  engine::ShardId source;
  AskWaiter* waiter = nullptr;
  TableWish wish;
  bool may_create = true;    // false: a table that is new is rejected with not-found
  bool must_be_new = false;  // a table that exists is rejected with already-exists

  TableId table;           // shard 0
  bool is_new = false;     // shard 0: the id was given for this ask, its owner creates the table
  engine::ShardId owner;   // shard 0
  SchemaRef schema;        // owner; durable
  absl::Status rejection;  // not ok: there is no such table, and why
};

// Add these columns. Belongs to the source.
struct ColumnsAsk {
  engine::ShardId source;
  AskWaiter* waiter = nullptr;
  LaneId lane;
  std::vector<ColumnWish> wishes;

  SchemaRef schema;  // owner; durable, has all of the wishes' names. Null: the table was changed meanwhile, find it again
  absl::Status rejection;
};

// What becomes of a request's parts at one owner, which has got all of them before. Belongs to the source.
struct RequestAsk {
  enum class Step : uint8_t {
    commit,    // rows of all lanes here; the answer comes when that is durable
    conclude,  // every other owner has committed: this one's decision need not be kept any longer
    abandon,   // the parts never were
  };

  struct Lane {
    LaneId lane;
    uint32_t parts = 0;
  };

  engine::ShardId source;
  AskWaiter* waiter = nullptr;
  RequestId request;
  Step step{};
  std::vector<Lane> lanes;
  bool is_shared = false;  // of a commit: lanes that are not in `lanes` take part, and all of their parts are durable
  bool decides = false;    // for all lanes, as the first commit of a request does
  RequestNote note;        // of the commit that decides

  size_t lanes_done = 0;   // the owner's
  absl::Status rejection;  // of a commit, not ok: a part was rejected, and nothing is committed
};

// Does a request come again? Belongs to who asks.
struct RepeatAsk {
  enum class Verdict : uint8_t {
    fresh,    // no; a key is claimed from now on
    running,  // the other one has not ended
    stored,   // yes; of a content that was in doubt, which it is no longer
  };

  engine::ShardId source;
  AskWaiter* waiter = nullptr;
  engine::Hash128 hash;
  bool is_key = false;  // else of a content

  Verdict verdict{};
  RequestNote stored;
};

// What has become of a request. Travels by value.
enum class NoteStep : uint8_t {
  begun,     // without a key: its client is perhaps gone, and it has not ended
  stored,    // it has a key, or it was begun
  dropped,   // likewise: it is not stored, or its client hears of it
  in_doubt,  // without a key: stored, and its client may not know
};

struct NoteNews {
  RequestNote note;
  NoteStep step{};
};

// Change a table that exists. Belongs to the source.
struct ChangeAsk {
  engine::ShardId source;
  AskWaiter* waiter = nullptr;
  std::string table;  // its name
  TableChange change;

  TableId id;              // shard 0
  engine::ShardId owner;   // shard 0
  SchemaRef schema;        // owner; durable
  std::string freed_name;  // owner: of a renamed table, what means it no more
  // Not-found: there is no such table. Already-exists: its new name is taken. Else `name` of the change is to blame.
  ChangeRefusal rejection;
};

// Forget this table, when what is open of it is sealed. Belongs to the owner.
struct SealAsk {
  engine::ShardId owner;
  TableId table;
};

// The tables that a shard owns, or one of them. Belongs to the reader.
struct SnapshotAsk {
  engine::ShardId reader;
  std::optional<TableId> table;  // none: all
  bool fresh = false;            // what is durable now is applied first

  uint32_t lanes_waiting = 0;         // the owner's
  std::vector<TableSnapshot> tables;  // by id
};

}  // namespace storage
