#include "net/ingest/request_ingest.h"

#include <utility>

#include "engine/base/verify.h"
#include "net/ingest/left_requests.h"

namespace net {

RequestIngest::RequestIngest(IngestContext& context, SenderRecord& record, const Options& options,
                             RequestIngestListener& listener)
    : context_(context),
      record_(record),
      options_(options),
      listener_(listener),
      transaction_(&context.source.begin_transaction(record.sender, *this)),
      reader_({.shard = context.shard, .source = context.source, .judge = context.judge, .options = context.options},
              context.room,
              {.line_size = {options.line_size_max, "line.http.max.recv.buffer.size"},
               .report = options.report,
               .unit = options.unit},
              *this) {
  VERIFY(!options.leaves_bad_lines_out || options.report == BadLineReport::at_line_end);
  reader_.intake().write_to(transaction_);
}

RequestIngest::Outcome RequestIngest::consume(std::string_view& input) {
  VERIFY(state_ != State::committing);
  if (state_ == State::over) return Outcome::failed;
  while (true) {
    const LineReader::Outcome outcome = reader_.consume(input);
    if (outcome == LineReader::Outcome::consumed) return Outcome::consumed;
    if (outcome == LineReader::Outcome::parked) return Outcome::parked;
    if (reject_line() == Outcome::failed) return Outcome::failed;
  }
}

RequestIngest::Outcome RequestIngest::finish(const storage::RequestNote& note) {
  VERIFY(state_ != State::committing);
  if (state_ == State::over) return Outcome::failed;
  const LineReader::Outcome outcome = reader_.finish();
  if (outcome == LineReader::Outcome::parked) return Outcome::parked;
  if (outcome == LineReader::Outcome::bad && reject_line() == Outcome::failed) return Outcome::failed;
  state_ = State::committing;
  note_ = note;
  note_.request = transaction_->id();
  transaction_->finish(note_);
  return Outcome::consumed;
}

RequestIngest::Outcome RequestIngest::reject_line() {
  fault_ = {.error = reader_.error(),
            .line = reader_.line_count(),
            .detail = reader_.detail(),
            .original = std::string(reader_.raw().substr(0, original_size_max))};
  record_.sender.count_rejected();
  if (context_.options.log_bad_lines && context_.log.wants(fault_.error, context_.shard.reactor().now())) {
    context_.log.write({.transport = record_.transport,
                        .peer = record_.peer,
                        .error = fault_.error,
                        .detail = fault_.detail,
                        .raw = reader_.raw(),
                        .offset = reader_.offset()});
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

void RequestIngest::drop_repeated() {
  VERIFY(state_ != State::committing);
  reader_.abandon();
  if (std::exchange(state_, State::over) == State::over) return;
  std::exchange(transaction_, nullptr)->abandon_repeated();
}

void RequestIngest::abandon() {
  reader_.abandon();
  const State before = std::exchange(state_, State::over);
  if (before == State::over) return;
  if (before == State::committing) {
    context_.left_requests.keep(*std::exchange(transaction_, nullptr), note_);
  } else {
    std::exchange(transaction_, nullptr)->abandon();
  }
}

}  // namespace net
