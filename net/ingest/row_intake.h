// Rows in, whoever sends them and by whatever protocol: a line is judged against its table and appended where the rows of its
// writer gather: with those of the shard's other senders, or in a request that commits as a whole. A line that needs a table, a
// column or a batch that is not there yet is parked: the ask goes out, and the line is judged again when the answer is in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/shard/shard.h"
#include "net/ingest/options.h"
#include "net/judge/row_judge.h"
#include "net/line/parsed_line.h"
#include "storage/source/source.h"
#include "storage/source/transaction.h"

namespace net {

class RowIntakeListener {
 public:
  // The parked line is settled: take() it again. After abandon(): nothing is waited for any more.
  virtual void on_settled() = 0;

 protected:
  ~RowIntakeListener() = default;
};

// Belongs to one writer, and to its shard.
class RowIntake final : private storage::AskWaiter, private storage::RoomWaiter {
 public:
  enum class Outcome : uint8_t {
    taken,
    parked,    // the line stays with the caller until on_settled
    rejected,  // error() and describe() say why, until the next call
  };

  // What all writers of a shard share.
  struct Context {
    engine::Shard& shard;
    storage::Source& source;
    RowJudge& judge;
    const IngestOptions& options;
  };

  RowIntake(const Context& context, RowIntakeListener& listener);

  // Whose rows come from now on. It outlives them.
  void write_to(storage::Sender& sender) { sender_ = &sender; }
  void write_to(storage::Transaction* transaction) { transaction_ = transaction; }

  // `unit` is that of a timestamp without a suffix.
  Outcome take(const ParsedLine& line, engine::TimeUnit unit);

  LineError error() const { return rejection_.error; }
  std::string describe(const ParsedLine& line) const;

  // The writer is gone: a parked line is dropped.
  void abandon();

  // An ask is out and refers to this object.
  bool is_waiting() const { return waiting_ == Waiting::table || waiting_ == Waiting::columns; }

 private:
  enum class Waiting : uint8_t { nothing, table, columns, room };

  // Which of the reasons it was, and what the text needs.
  struct Rejection {
    LineError error = LineError::none;
    absl::Status limit;                           // as the owner or the catalog said
    const storage::SourceTable* table = nullptr;  // of those below
    const JudgedCell* cell = nullptr;             // a symbol that is too long
    int64_t timestamp = 0;                        // else: whose partition takes no row any more
  };

  void on_answer() override;
  void on_room() override;
  Outcome park(Waiting waiting);
  Outcome reject(Rejection rejection);
  Outcome ask_whether_there_is(std::string_view table);
  Outcome ask_for_table(const absl::Status& answer);
  Outcome ask_for_columns(const storage::SourceTable& table, const absl::Status& answer);
  Outcome append(storage::SourceTable& table, const JudgedRow& row, size_t text_size);
  void set_cell(storage::OpenBatch& batch, storage::OpenPlace& place, const JudgedCell& cell);
  int64_t wall_clock(storage::ColumnType type) const;
  std::string describe_creation(const ParsedLine& line) const;

  const Context context_;
  RowIntakeListener& listener_;
  storage::Sender* sender_ = nullptr;
  storage::Transaction* transaction_ = nullptr;  // where there is one, rows are not the sender's
  Waiting waiting_ = Waiting::nothing;
  absl::Status answer_;  // to the ask of the parked line
  Rejection rejection_;
  storage::TableAsk table_ask_;
  storage::ColumnsAsk columns_ask_;
};

}  // namespace net
