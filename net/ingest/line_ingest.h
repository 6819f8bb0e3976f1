// Lines of one TCP or UDP sender become rows: parsed, and taken in by the RowIntake, with those of the shard's other senders. A
// bad line is counted and logged. A stream that begins as another protocol does is ended, and nothing of it becomes a row.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/shard/shard.h"
#include "net/auth/users.h"
#include "net/ingest/bad_line_log.h"
#include "net/ingest/ledger.h"
#include "net/ingest/options.h"
#include "net/ingest/receive_room.h"
#include "net/ingest/row_intake.h"
#include "net/judge/row_judge.h"
#include "net/line/foreign_protocol.h"
#include "net/line/parser.h"
#include "storage/source/source.h"

namespace net {

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

class LineIngest final : private RowIntakeListener {
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
  bool is_waiting() const { return intake_.is_waiting(); }

 private:
  void on_settled() override { listener_.on_settled(); }
  Outcome take(LineEvent event);
  void account() { context_.room.set_held(held_size_, parser_.memory_size()); }
  Outcome reject_stream(const ForeignProtocol& protocol, std::string_view input);
  // Judges parser_.line() against what is known of its table now.
  Outcome settle_line();
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
  size_t held_size_ = 0;
  bool line_parked_ = false;  // parser_.line() is to be judged again
  RowIntake intake_;
};

}  // namespace net
