// Lines of one sender become rows: parsed, judged against the table, appended to its open batch. A line that needs a table, a
// column or a batch that is not there yet parks the stream; the ask goes out, and the line is judged again when the answer is
// in. A stream that begins as another protocol does is ended, and nothing of it becomes a row.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include "engine/shard/shard.h"
#include "net/ingest/bad_line_log.h"
#include "net/ingest/ledger.h"
#include "net/ingest/receive_room.h"
#include "net/judge/row_judge.h"
#include "net/line/foreign_protocol.h"
#include "net/line/parser.h"
#include "storage/source/source.h"

namespace net {

struct IngestOptions {
  size_t connections_max = 10'000;   // TCP, on this shard; one more is closed at once
  bool disconnect_on_error = false;  // line.tcp.disconnect.on.error; TCP only
  bool log_bad_lines = true;         // line.log.message.on.error
  size_t line_size_max = size_t{16} << 20;
  size_t unfinished_size_max = size_t{256} << 20;  // memory of the shard's lines that are not whole, see ReceiveRoom
  bool create_tables = true;                       // line.auto.create.new.tables
  bool create_columns = true;                      // line.auto.create.new.columns
  engine::TimeUnit tcp_timestamp_unit = engine::TimeUnit::ns;           // line.tcp.timestamp: of timestamps without a suffix
  engine::TimeUnit udp_timestamp_unit = engine::TimeUnit::ns;           // line.udp.timestamp
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
  ReceiveRoom& room;
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
    disconnect,  // a bad line, and the options say so, or no lines at all
  };

  LineIngest(IngestContext& context, SenderRecord& record, LineIngestListener& listener);
  ~LineIngest() { context_.room.set_held(held_size_, 0); }

  // Takes consumed bytes off the front of `input`. After `parked` it is called again with what was left.
  Outcome consume(std::string_view& input);

  // What comes now is a datagram of its own, for the log.
  void begin_datagram(engine::SocketAddress peer);
  // The end of a datagram: what is there is a whole line.
  Outcome finish();

  // While it is parked: the line does not need the input any more. The rest of it is the caller's as before.
  void keep_line();

  // Memory of the line that is not whole, or parked.
  size_t held_size() const { return held_size_; }

  // The sender is gone: a parked line is dropped.
  void abandon();

  // An ask is out and refers to this object.
  bool is_waiting() const { return waiting_ == Waiting::table || waiting_ == Waiting::columns; }

 private:
  enum class Waiting : uint8_t { nothing, table, columns, room };

  void on_answer() override;
  void on_room() override;
  Outcome take(LineEvent event);
  void account() { context_.room.set_held(held_size_, parser_.memory_size()); }
  Outcome reject_stream(const ForeignProtocol& protocol, std::string_view input);
  // `ask_rejection`: why the ask of the line was rejected, if it was.
  Outcome settle_line(const absl::Status& ask_rejection);
  Outcome park(Waiting waiting);
  Outcome reject_for_limit(const absl::Status& ask_rejection);
  Outcome ask_for_table(const absl::Status& ask_rejection);
  Outcome ask_for_columns(const storage::SourceTable& table, const absl::Status& ask_rejection);
  static const JudgedCell* find_too_long(const JudgedRow& row);
  Outcome reject_symbol(const JudgedCell& cell, const storage::Schema& schema);
  Outcome append_row(storage::SourceTable& table, const JudgedRow& row);
  int64_t wall_clock(storage::ColumnType type) const;
  // `detail` composes what the log says of it, and is called when the log wants it.
  template <typename Line, typename Detail>
  Outcome reject(const Line& line, LineError error, Detail detail);
  template <typename Line, typename Detail>
  void log(const Line& line, LineError error, Detail detail);

  IngestContext& context_;
  SenderRecord& record_;
  LineIngestListener& listener_;
  const bool disconnect_on_error_;
  const engine::TimeUnit timestamp_unit_;  // of timestamps without a suffix
  engine::SocketAddress peer_;
  uint64_t origin_ = 0;  // offset in the parser's stream from which the log counts
  StreamBeginning beginning_;
  LineParser parser_;
  Waiting waiting_ = Waiting::nothing;
  size_t held_size_ = 0;
  bool line_parked_ = false;    // parser_.line() is to be judged again
  absl::Status parked_answer_;  // of the parked line's ask
  storage::TableAsk table_ask_;
  storage::ColumnsAsk columns_ask_;
};

}  // namespace net
