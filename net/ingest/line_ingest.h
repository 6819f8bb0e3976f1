// Lines of one sender become rows: parsed, judged against the table, appended to its open batch. A line that needs a table, a
// column or a batch that is not there yet parks the stream; the ask goes out, and the line is judged again when the answer is
// in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/shard/shard.h"
#include "net/ingest/bad_line_log.h"
#include "net/ingest/ledger.h"
#include "net/judge/row_judge.h"
#include "net/line/parser.h"
#include "storage/source/source.h"

namespace net {

class TcpConnection;

struct IngestOptions {
  size_t connections_max = 10'000;   // TCP, on this shard; one more is closed at once
  bool disconnect_on_error = false;  // line.tcp.disconnect.on.error; TCP only
  bool log_bad_lines = true;         // line.log.message.on.error
  size_t line_size_max = size_t{16} << 20;
  size_t unfinished_size_max = size_t{256} << 20;                       // memory of all lines of the shard that are not whole
  storage::PartitionUnit partition_unit = storage::PartitionUnit::day;  // line.default.partition.by
};

// What all senders of a shard share. Belongs to the shard.
struct IngestContext {
  engine::Shard& shard;
  storage::Source& source;
  Ledger& ledger;
  BadLineLog& log;
  RowJudge& judge;
  const IngestOptions& options;
  std::vector<TcpConnection*> starved;  // wait for a receive buffer
  size_t unfinished_size = 0;           // memory of lines that are not whole
};

class LineIngestListener {
 public:
  // The parked line is settled: consume the rest. After abandon(): nothing is waited for any more.
  virtual void on_settled() = 0;

 protected:
  ~LineIngestListener() = default;
};

class LineIngest final : public storage::AskWaiter, public storage::RoomWaiter {
 public:
  enum class Outcome : uint8_t {
    consumed,    // all of the input
    parked,      // the rest of the input stays with the caller, unchanged, until on_settled
    disconnect,  // a bad line, and the options say so
  };

  LineIngest(IngestContext& context, SenderRecord& record, LineIngestListener& listener);
  ~LineIngest() { context_.unfinished_size -= unfinished_size_; }

  // Takes consumed bytes off the front of `input`. After `parked` it is called again with what was left.
  Outcome consume(std::string_view& input);

  // What comes now is a datagram of its own, for the log.
  void begin_datagram(engine::PeerAddress peer);
  // The end of a datagram: what is there is a whole line.
  Outcome finish();

  // The sender is gone: a parked line is dropped.
  void abandon();

  // An ask is out and refers to this object.
  bool is_waiting() const { return waiting_ == Waiting::table || waiting_ == Waiting::columns; }

 private:
  enum class Waiting : uint8_t { nothing, table, columns, room };

  void on_answer() override;
  void on_room() override;
  Outcome take(LineEvent event);
  Outcome keep_unfinished();
  Outcome settle_line();
  Outcome park(Waiting waiting);
  Outcome ask_for_table();
  Outcome ask_for_columns(const storage::SourceTable& table);
  Outcome append_row(storage::SourceTable& table, const JudgedRow& row);
  int64_t wall_clock(storage::ColumnType type) const;
  template <typename Line, typename Refusal>
  Outcome refuse(const Line& line, const Refusal& refusal);
  Outcome refuse_text(LineError error, const std::string& detail);
  template <typename Line>
  void log(const Line& line, LineError error, std::string_view detail);
  Outcome refuse_by_limit();
  void count_refused(LineError error);

  IngestContext& context_;
  SenderRecord& record_;
  LineIngestListener& listener_;
  const bool disconnect_on_error_;
  engine::PeerAddress peer_;
  uint64_t origin_ = 0;  // offset in the parser's stream from which the log counts
  LineParser parser_;
  Waiting waiting_ = Waiting::nothing;
  size_t unfinished_size_ = 0;
  bool line_parked_ = false;  // parser_.line() is to be judged again
  absl::Status ask_refusal_;  // of the parked line's ask
  storage::TableAsk table_ask_;
  storage::ColumnsAsk columns_ask_;
};

}  // namespace net
