#include "net/ingest/line_reader.h"

#include "engine/base/verify.h"
#include "net/judge/timestamp_unit.h"

namespace net {

LineReader::LineReader(const RowIntake::Context& context, ReceiveRoom& room, const Options& options,
                       RowIntakeListener& listener)
    : room_(room),
      options_(options),
      parser_({.line_size_max = options.line_size.size_max, .report = options.report}),
      intake_(context, listener) {}

LineReader::Outcome LineReader::consume(std::string_view& input) {
  if (is_parked_) {
    const Outcome outcome = settle_line();
    if (outcome != Outcome::consumed) return outcome;
  }
  while (true) {
    const LineStep step = parser_.consume(input);
    input.remove_prefix(step.consumed);
    if (step.event == LineEvent::need_more) {
      account();
      return Outcome::consumed;
    }
    const Outcome outcome = take(step.event);
    if (outcome != Outcome::consumed) return outcome;
  }
}

LineReader::Outcome LineReader::finish() {
  const Outcome outcome = is_parked_ ? settle_line() : take(parser_.finish());
  if (outcome == Outcome::consumed) account();
  return outcome;
}

LineReader::Outcome LineReader::take(LineEvent event) {
  if (event == LineEvent::need_more) return Outcome::consumed;
  ++line_count_;
  if (event == LineEvent::line) return settle_line();
  is_parsed_ = false;
  return Outcome::bad;
}

LineReader::Outcome LineReader::settle_line() {
  is_parked_ = false;
  const ParsedLine& line = parser_.line();
  const bool is_unit_known = options_.unit != engine::TimeUnit::unspecified;
  switch (intake_.take(line, is_unit_known ? options_.unit : guess_time_unit(line.timestamp))) {
    case RowIntake::Outcome::taken:
      return Outcome::consumed;
    case RowIntake::Outcome::parked:
      is_parked_ = true;
      return Outcome::parked;
    case RowIntake::Outcome::rejected:
      is_parsed_ = true;
      return Outcome::bad;
  }
  UNREACHABLE("outcome of an intake");
}

std::string LineReader::detail() const {
  return is_parsed_ ? intake_.describe(parser_.line()) : line_detail(parser_.bad_line(), options_.line_size);
}

void LineReader::keep_line() {
  VERIFY(is_parked_);
  parser_.keep_line();
  account();
}

void LineReader::abandon() {
  is_parked_ = false;
  intake_.abandon();
}

}  // namespace net
