#include "net/ingest/line_ingest.h"

#include "engine/base/verify.h"
#include "net/judge/rejection_text.h"

namespace net {

LineIngest::LineIngest(IngestContext& context, SenderRecord& record, LineIngestListener& listener)
    : context_(context),
      record_(record),
      listener_(listener),
      disconnect_on_error_(record.transport == Transport::tcp && context.options.disconnect_on_error),
      timestamp_unit_(record.transport == Transport::tcp ? context.options.tcp_timestamp_unit
                                                         : context.options.udp_timestamp_unit),
      peer_(record.peer),
      parser_({.line_size_max = context.options.line_size_max,
               .report = disconnect_on_error_ ? BadLineReport::at_detection : BadLineReport::at_line_end}),
      intake_({.shard = context.shard, .source = context.source, .judge = context.judge, .options = context.options}, *this) {
  intake_.write_to(record.sender);
}

LineIngest::Outcome LineIngest::consume(std::string_view& input) {
  if (record_.transport == Transport::tcp && !beginning_.is_decided()) {
    const ForeignProtocol* const foreign = beginning_.look_at(input);
    if (foreign != nullptr) return reject_stream(*foreign, input);
  }
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

void LineIngest::keep_line() {
  VERIFY(line_parked_);
  parser_.keep_line();
  account();
}

LineIngest::Outcome LineIngest::reject_stream(const ForeignProtocol& protocol, std::string_view input) {
  record_.sender.count_rejected();
  ParsedLine beginning;
  beginning.raw = input.substr(0, input.find_first_of("\r\n"));
  log(beginning, LineError::foreign_protocol,
      [&] { return std::string(protocol.name) + " came to the port of the line protocol: " + std::string(protocol.advice); });
  return Outcome::disconnect;
}

void LineIngest::begin_datagram(engine::SocketAddress peer) {
  peer_ = peer;
  origin_ = parser_.stream_offset();
}

LineIngest::Outcome LineIngest::finish() {
  if (line_parked_) return settle_line();
  return take(parser_.finish());
}

LineIngest::Outcome LineIngest::take(LineEvent event) {
  switch (event) {
    case LineEvent::need_more:
      return Outcome::consumed;
    case LineEvent::line:
      return settle_line();
    case LineEvent::bad_line: {
      const BadLine& bad = parser_.bad_line();
      return reject(bad, bad.error, [&] {
        return line_detail(bad, {context_.options.line_size_max, "line.tcp.max.recv.buffer.size"});
      });
    }
  }
  UNREACHABLE("LineEvent");
}

LineIngest::Outcome LineIngest::settle_line() {
  line_parked_ = false;
  const ParsedLine& line = parser_.line();
  switch (intake_.take(line, timestamp_unit_)) {
    case RowIntake::Outcome::taken:
      return Outcome::consumed;
    case RowIntake::Outcome::parked:
      line_parked_ = true;
      return Outcome::parked;
    case RowIntake::Outcome::rejected:
      return reject(line, intake_.error(), [&] { return intake_.describe(line); });
  }
  UNREACHABLE("outcome of an intake");
}

void LineIngest::abandon() {
  line_parked_ = false;
  intake_.abandon();
}

template <typename Line, typename Detail>
LineIngest::Outcome LineIngest::reject(const Line& line, LineError error, Detail detail) {
  record_.sender.count_rejected();
  if (context_.options.log_bad_lines) log(line, error, detail);
  return disconnect_on_error_ ? Outcome::disconnect : Outcome::consumed;
}

template <typename Line, typename Detail>
void LineIngest::log(const Line& line, LineError error, Detail detail) {
  if (!context_.log.wants(error, context_.shard.reactor().now())) return;
  const auto& composed = detail();  // a text, or a view of one that is there
  context_.log.write({.transport = record_.transport,
                      .peer = peer_,
                      .error = error,
                      .detail = composed,
                      .raw = line.raw,
                      .offset = line.offset - origin_});
}

}  // namespace net
