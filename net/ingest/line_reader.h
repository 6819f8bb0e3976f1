// The bytes of one writer become rows: cut into lines, parsed, and taken in one by one. The loop of all who send lines; what
// becomes of a bad one is for its caller to say.
//
//   consume -> consumed ... finish -> consumed
//   a line waits for a table, a column, a batch -> parked: the listener's on_settled, then the same call again
//   a bad line -> bad: error() and the like say which and why; the same call again goes on behind it
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/ingest/receive_room.h"
#include "net/ingest/row_intake.h"
#include "net/judge/rejection_text.h"
#include "net/line/parser.h"

namespace net {

class LineReader {
 public:
  enum class Outcome : uint8_t {
    consumed,  // all of the input
    parked,    // the rest of the input stays with the caller, unchanged
    bad,
  };

  struct Options {
    LineSizeLimit line_size;
    BadLineReport report = BadLineReport::at_line_end;
    engine::TimeUnit unit{};  // of timestamps without a suffix; unspecified: each is guessed
  };

  // All outlive it.
  LineReader(const RowIntake::Context& context, ReceiveRoom& room, const Options& options, RowIntakeListener& listener);
  ~LineReader() { room_.set_held(held_size_, 0); }

  RowIntake& intake() { return intake_; }

  // Takes consumed bytes off the front of `input`.
  Outcome consume(std::string_view& input);

  // The end of a datagram or a body: what is there is a whole line.
  Outcome finish();

  // Of the bad line, until the next call.
  LineError error() const { return is_parsed_ ? intake_.error() : parser_.bad_line().error; }
  std::string detail() const;
  std::string_view raw() const { return is_parsed_ ? parser_.line().raw : parser_.bad_line().raw; }
  uint64_t offset() const { return is_parsed_ ? parser_.line().offset : parser_.bad_line().offset; }  // in the stream

  uint64_t line_count() const { return line_count_; }  // that are not empty, good and bad
  uint64_t stream_offset() const { return parser_.stream_offset(); }

  // While it is parked: the line does not need the input any more. The rest of it is the caller's as before.
  void keep_line();

  // Memory of the line that is not whole, or parked.
  size_t held_size() const { return held_size_; }

  // The writer is gone: a parked line is dropped.
  void abandon();

  // An ask is out and refers to this object.
  bool is_waiting() const { return intake_.is_waiting(); }

 private:
  Outcome take(LineEvent event);
  // Judges parser_.line() against what is known of its table now.
  Outcome settle_line();
  void account() { room_.set_held(held_size_, parser_.memory_size()); }

  ReceiveRoom& room_;
  const Options options_;
  LineParser parser_;
  RowIntake intake_;
  size_t held_size_ = 0;
  uint64_t line_count_ = 0;
  bool is_parked_ = false;  // parser_.line() is to be judged again
  bool is_parsed_ = false;  // the bad line: it is one for its table only
};

}  // namespace net
