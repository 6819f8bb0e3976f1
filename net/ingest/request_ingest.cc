#include "net/ingest/request_ingest.h"

#include <utility>

#include "engine/base/verify.h"
#include "net/judge/rejection_text.h"
#include "net/judge/timestamp_unit.h"

namespace net {

RequestIngest::RequestIngest(IngestContext& context, SenderRecord& record, const Options& options,
                             RequestIngestListener& listener)
    : context_(context),
      record_(record),
      options_(options),
      listener_(listener),
      parser_({.line_size_max = options.line_size_max, .report = options.report}),
      transaction_(&context.source.begin_transaction(record.sender, *this)),
      intake_({.shard = context.shard, .source = context.source, .judge = context.judge, .options = context.options}, *this) {
  VERIFY(!options.leaves_bad_lines_out || options.report == BadLineReport::at_line_end);
  intake_.write_to(transaction_);
}

RequestIngest::~RequestIngest() { context_.room.set_held(held_size_, 0); }

RequestIngest::Outcome RequestIngest::consume(std::string_view& input) {
  VERIFY(state_ != State::committing);
  if (state_ == State::over) return Outcome::failed;
  if (line_parked_) {
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

RequestIngest::Outcome RequestIngest::finish() {
  VERIFY(state_ != State::committing);
  if (state_ == State::over) return Outcome::failed;
  const bool has_line = line_parked_ || !std::exchange(is_finishing_, true);
  if (has_line) {
    const Outcome outcome = line_parked_ ? settle_line() : take(parser_.finish());
    if (outcome != Outcome::consumed) return outcome;
  }
  account();
  state_ = State::committing;
  transaction_->finish();
  return Outcome::consumed;
}

RequestIngest::Outcome RequestIngest::take(LineEvent event) {
  if (event == LineEvent::need_more) return Outcome::consumed;
  ++line_number_;
  if (event == LineEvent::line) return settle_line();
  const BadLine& bad = parser_.bad_line();
  return fail(bad, bad.error, line_detail(bad, {options_.line_size_max, "line.http.max.recv.buffer.size"}));
}

RequestIngest::Outcome RequestIngest::settle_line() {
  line_parked_ = false;
  const ParsedLine& line = parser_.line();
  const bool is_unit_known = options_.unit != engine::TimeUnit::unspecified;
  switch (intake_.take(line, is_unit_known ? options_.unit : guess_time_unit(line.timestamp))) {
    case RowIntake::Outcome::taken:
      return Outcome::consumed;
    case RowIntake::Outcome::parked:
      line_parked_ = true;
      return Outcome::parked;
    case RowIntake::Outcome::rejected:
      return fail(line, intake_.error(), intake_.describe(line));
  }
  UNREACHABLE("outcome of an intake");
}

template <typename Line>
RequestIngest::Outcome RequestIngest::fail(const Line& line, LineError error, std::string detail) {
  fault_ = {.error = error,
            .line = line_number_,
            .detail = std::move(detail),
            .original = std::string(line.raw.substr(0, original_size_max))};
  record_.sender.count_rejected();
  if (context_.options.log_bad_lines && context_.log.wants(error, context_.shard.reactor().now())) {
    context_.log.write({.transport = record_.transport,
                        .peer = record_.peer,
                        .error = error,
                        .detail = fault_.detail,
                        .raw = line.raw,
                        .offset = line.offset});
  }
  if (options_.leaves_bad_lines_out) {
    list_left_out();
    return Outcome::consumed;
  }
  state_ = State::over;
  std::exchange(transaction_, nullptr)->abandon();
  return Outcome::failed;
}

void RequestIngest::list_left_out() {
  if (left_out_.size() == left_out_listed_max) return;
  if (fault_.detail.size() > left_out_detail_size_max) fault_.detail.resize(left_out_detail_size_max);
  fault_.detail.shrink_to_fit();
  left_out_.push_back(std::exchange(fault_, {}));
}

void RequestIngest::on_settled(const absl::Status& status) {
  const State before = std::exchange(state_, State::over);
  VERIFY(before != State::over);
  transaction_ = nullptr;
  if (before == State::committing) return listener_.on_committed(status);
  VERIFY(!status.ok());
  rejection_ = status;
}

void RequestIngest::abandon() {
  intake_.abandon();
  line_parked_ = false;
  const State before = std::exchange(state_, State::over);
  if (before == State::over) return;
  if (before == State::committing) {
    std::exchange(transaction_, nullptr)->forget_listener();
  } else {
    std::exchange(transaction_, nullptr)->abandon();
  }
}

}  // namespace net
