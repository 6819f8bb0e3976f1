// Changes of tables that exist, one after the other. What takes columns or names away waits until no row is on its way that was
// judged by the old schema (docs/ddl.md):
//
//   idle -> settling: what was answered about the table is durable -> sealing: every source has forgotten it
//        -> appending: the frame finds room in the log -> durable -> idle, and the catalog hears of it
//
// Asks about the table that come meanwhile wait here, and are asked again when it is over.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "engine/shard/shard.h"
#include "storage/owner/commits.h"
#include "storage/owner/lanes.h"
#include "storage/route/messages.h"
#include "storage/route/outbox.h"

namespace storage {

class ChangeDesk {
 public:
  ChangeDesk(engine::Shard& shard, uint16_t source_count, Lanes& lanes, Commits& commits, Outbox& outbox);

  void take(ChangeAsk& ask);
  // Behind every batch that the source sent before.
  void on_seal_answer(const SealAsk& ask);
  void on_durable(const ChangeAsk& ask);

  // True: the ask is kept until the change of its table is over.
  bool try_keep(TableAsk& ask);
  bool try_keep(ColumnsAsk& ask);

  // What can be done now. Once a turn: nobody says when the log has room again.
  void serve();

  bool is_idle() const { return state_ == State::idle && changes_.empty(); }

 private:
  enum class State : uint8_t { idle, settling, sealing, appending, durable };

  ChangeAsk& change() { return *changes_.front(); }
  bool is_changing(TableId table) const { return state_ != State::idle && changes_.front()->id == table && has_barrier_; }

  void move_to(State state);
  void begin();
  void seal();
  void append();
  bool try_append_successor(const Schema& schema);
  void await(Lsn lsn, State state);
  void refuse(ChangeRefusal refusal);
  void free_name(const Schema& schema, const RenameTable& rename);
  void end();

  engine::Shard& shard_;
  const uint16_t source_count_;
  Lanes& lanes_;
  Commits& commits_;
  Outbox& outbox_;
  State state_ = State::idle;
  bool has_barrier_ = false;
  std::deque<ChangeAsk*> changes_;  // the first one is under way; bounded by the asks that sources may have out
  std::string name_before_;         // of the table that is changed
  SealAsk seal_;                    // lent to every source while sealing
  uint32_t seals_out_ = 0;
  std::vector<TableAsk*> table_asks_;  // that are kept, likewise
  std::vector<ColumnsAsk*> columns_asks_;
};

}  // namespace storage
