// A lane as its owner keeps it. Private to owner.cc and owner_lane.cc.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "storage/owner/owner.h"

namespace storage {

class Owner::Lane final : public LaneWriterListener {
 public:
  Lane(Owner& owner, SchemaRef schema);

  // Durable rows, or a durable schema, that wait to be applied.
  void add_rows(Txn txn, const RoutedBatch& batch);
  void add_schema(Txn txn, SchemaRef schema);

  // One step of what is due: apply, answer readers, checkpoint. Returns when it wants to be called again at the latest.
  engine::Instant serve(engine::Instant now);

  // Nothing is pending, dirty or asked: the lane can leave the active ones.
  bool quiet() const;

  // Gives back the memory that is kept for the next rows.
  void rest() { spare_ = RowBlock(); }

  void on_applied(LaneWriter& writer, RowBlock spent) override;
  void on_checkpointed(LaneWriter& writer) override;
  void on_failed(LaneWriter& writer, const absl::Status& status) override;

  struct Reader {
    SnapshotAsk* ask = nullptr;
    Txn target;  // has to be applied first
  };

  // A frame that the WAL keeps for this lane.
  struct Held {
    Txn txn;
    Lsn lsn;
  };

  std::unique_ptr<LaneWriter> writer;
  SchemaRef schema;  // the newest, perhaps not durable yet
  Lsn schema_lsn;    // its frame in this stream; none when it came from disk
  Txn last_txn;      // given
  Txn committed;     // durable
  std::deque<Held> held;
  std::vector<Reader> readers;
  bool is_active = false;
  bool checkpoint_wanted = false;

 private:
  bool apply_due(engine::Instant now) const;
  void start_apply(engine::Instant now);
  void answer_readers();
  void account(size_t before);

  Owner& owner_;
  RowBlock pending_;
  RowBlock spare_;  // an applied block's memory, for the next one
  engine::Instant pending_since_;
  engine::Instant applied_at_;
  size_t applying_size_ = 0;
  size_t applying_rows_ = 0;
};

}  // namespace storage
