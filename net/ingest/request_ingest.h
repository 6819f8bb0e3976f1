// The lines of one request: all of them become durable together, or none is stored. The first bad line ends it; what comes
// behind it is not looked at. Or, if that is what its client wants, bad lines are left out and told, and the others are all.
//
//   consume ... consume, finish -> lines taken -> committed: on_committed
//   a line waits for a table, a column, a batch -> parked: on_unparked, then the same call again
//   a bad line -> failed: fault() says which and why
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/ingest/line_ingest.h"
#include "net/ingest/line_reader.h"
#include "storage/source/transaction.h"

namespace net {

class RequestIngestListener {
 public:
  // After parked; after abandon() instead: nothing refers to the request any more.
  virtual void on_unparked() = 0;

  // Once, after finish() said consumed: all rows are durable, or, not ok, none is stored. Perhaps inside of finish(). What goes
  // wrong before that makes the next call fail.
  virtual void on_committed(const absl::Status& status) = 0;

 protected:
  ~RequestIngestListener() = default;
};

// Why a request failed, or a line of it was left out.
struct LineFault {
  LineError error = LineError::none;
  uint64_t line = 0;  // of those that are not empty, from 1
  std::string detail;
  std::string original;  // what was sent, its first bytes
};

class RequestIngest final : private RowIntakeListener, private storage::TransactionListener {
 public:
  enum class Outcome : uint8_t { consumed, parked, failed };

  struct Options {
    engine::TimeUnit unit{};  // of timestamps without a suffix; unspecified: each is guessed
    size_t line_size_max = 0;
    BadLineReport report = BadLineReport::at_detection;
    bool leaves_bad_lines_out = false;  // with at_line_end
  };

  static constexpr size_t original_size_max = 512;         // kept of a bad line
  static constexpr size_t left_out_listed_max = 100;       // lines; what is beyond is counted only
  static constexpr size_t left_out_detail_size_max = 512;  // of each

  // All outlive it.
  RequestIngest(IngestContext& context, SenderRecord& record, const Options& options, RequestIngestListener& listener);

  // Takes consumed bytes off the front of `input`. After `parked` it is called again with what was left.
  Outcome consume(std::string_view& input);

  // The end of the body: the last line needs no line end. The log notes what the request is; whose id is filled in here.
  Outcome finish(const storage::RequestNote& note);

  // After finish(): as it is noted.
  const storage::RequestNote& note() const { return note_; }

  // Instead: all of it is stored already, by an earlier request.
  void drop_repeated();

  // After `failed`: of a line, or, with LineError::none, rejection() says why.
  const LineFault& fault() const { return fault_; }
  const absl::Status& rejection() const { return rejection_; }

  // The first ones of the lines that were left out.
  const std::vector<LineFault>& left_out() const { return left_out_; }

  // Nobody waits for it any more. Rows that are not finished are given up; those that are go on to their commit.
  void abandon();

  // An ask is out and refers to this object.
  bool is_waiting() const { return reader_.is_waiting(); }

 private:
  enum class State : uint8_t { reading, committing, over };

  void on_settled() override { listener_.on_unparked(); }
  void on_settled(const absl::Status& status) override;
  // The reader's bad line: the end, or left out.
  Outcome reject_line();
  void list_left_out();

  IngestContext& context_;
  SenderRecord& record_;
  const Options options_;
  RequestIngestListener& listener_;
  State state_ = State::reading;
  storage::Transaction* transaction_;
  LineReader reader_;
  storage::RequestNote note_;
  LineFault fault_;
  std::vector<LineFault> left_out_;
  absl::Status rejection_;
};

}  // namespace net
