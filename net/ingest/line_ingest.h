// Lines of one TCP or UDP sender become rows: parsed, and taken in by the RowIntake, with those of the shard's other senders. A
// bad line is counted and logged. A stream that begins as another protocol does is ended, and nothing of it becomes a row.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/shard/shard.h"
#include "net/auth/users.h"
#include "net/ingest/bad_line_log.h"
#include "net/ingest/ledger.h"
#include "net/ingest/line_reader.h"
#include "net/ingest/options.h"
#include "net/ingest/receive_room.h"
#include "net/judge/row_judge.h"
#include "net/line/foreign_protocol.h"
#include "storage/source/source.h"

namespace storage {

class RepeatDesk;

}  // namespace storage

namespace net {

class LeftRequests;

// What all senders of a shard share. Belongs to the shard.
struct IngestContext {
  engine::Shard& shard;
  storage::Source& source;
  Ledger& ledger;
  BadLineLog& log;
  RowJudge& judge;
  const IngestOptions& options;
  ReceiveRoom& room;
  storage::RepeatDesk& repeats;
  LeftRequests& left_requests;
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

  // Takes consumed bytes off the front of `input`. After `parked` it is called again with what was left.
  Outcome consume(std::string_view& input);

  // What comes now is a datagram of its own, for the log.
  void begin_datagram(engine::SocketAddress peer);
  // The end of a datagram: what is there is a whole line.
  Outcome finish();

  // While it is parked: the line does not need the input any more. The rest of it is the caller's as before.
  void keep_line() { reader_.keep_line(); }

  // Memory of the line that is not whole, or parked.
  size_t held_size() const { return reader_.held_size(); }

  // The sender is gone: a parked line is dropped.
  void abandon() { reader_.abandon(); }

  // An ask is out and refers to this object.
  bool is_waiting() const { return reader_.is_waiting(); }

 private:
  void on_settled() override { listener_.on_settled(); }
  Outcome reject_stream(const ForeignProtocol& protocol, std::string_view input);
  // The reader's bad line: counted, told, and passed over or not.
  Outcome reject_line();

  IngestContext& context_;
  SenderRecord& record_;
  LineIngestListener& listener_;
  const bool disconnect_on_error_;
  engine::SocketAddress peer_;
  uint64_t origin_ = 0;  // offset in the stream from which the log counts
  StreamBeginning beginning_;
  LineReader reader_;
};

}  // namespace net
