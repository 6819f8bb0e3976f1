#include "net/ingest/line_ingest.h"

#include <string>

#include "engine/base/verify.h"

namespace net {
namespace {

LineReader::Options reader_options(const IngestOptions& options, Transport transport, bool disconnects) {
  return {.line_size = {options.line_size_max, "line.tcp.max.recv.buffer.size"},
          .report = disconnects ? BadLineReport::at_detection : BadLineReport::at_line_end,
          .unit = transport == Transport::tcp ? options.tcp_timestamp_unit : options.udp_timestamp_unit};
}

}  // namespace

LineIngest::LineIngest(IngestContext& context, SenderRecord& record, LineIngestListener& listener)
    : context_(context),
      record_(record),
      listener_(listener),
      disconnect_on_error_(record.transport == Transport::tcp && context.options.disconnect_on_error),
      peer_(record.peer),
      reader_({.shard = context.shard, .source = context.source, .judge = context.judge, .options = context.options},
              context.room, reader_options(context.options, record.transport, disconnect_on_error_), *this) {
  reader_.intake().write_to(record.sender);
}

LineIngest::Outcome LineIngest::consume(std::string_view& input) {
  if (record_.transport == Transport::tcp && !beginning_.is_decided()) {
    const ForeignProtocol* const foreign = beginning_.look_at(input);
    if (foreign != nullptr) return reject_stream(*foreign, input);
  }
  while (true) {
    const LineReader::Outcome outcome = reader_.consume(input);
    if (outcome == LineReader::Outcome::consumed) return Outcome::consumed;
    if (outcome == LineReader::Outcome::parked) return Outcome::parked;
    if (reject_line() == Outcome::disconnect) return Outcome::disconnect;
  }
}

LineIngest::Outcome LineIngest::finish() {
  switch (reader_.finish()) {
    case LineReader::Outcome::consumed:
      return Outcome::consumed;
    case LineReader::Outcome::parked:
      return Outcome::parked;
    case LineReader::Outcome::bad:
      return reject_line();
  }
  UNREACHABLE("outcome of a reader");
}

void LineIngest::begin_datagram(engine::SocketAddress peer) {
  peer_ = peer;
  origin_ = reader_.stream_offset();
}

LineIngest::Outcome LineIngest::reject_stream(const ForeignProtocol& protocol, std::string_view input) {
  record_.sender.count_rejected();
  if (!context_.log.wants(LineError::foreign_protocol, context_.shard.reactor().now())) return Outcome::disconnect;
  const std::string detail =
      std::string(protocol.name) + " came to the port of the line protocol: " + std::string(protocol.advice);
  context_.log.write({.transport = record_.transport,
                      .peer = peer_,
                      .error = LineError::foreign_protocol,
                      .detail = detail,
                      .raw = input.substr(0, input.find_first_of("\r\n"))});
  return Outcome::disconnect;
}

LineIngest::Outcome LineIngest::reject_line() {
  record_.sender.count_rejected();
  const Outcome outcome = disconnect_on_error_ ? Outcome::disconnect : Outcome::consumed;
  if (!context_.options.log_bad_lines) return outcome;
  if (!context_.log.wants(reader_.error(), context_.shard.reactor().now())) return outcome;
  const std::string detail = reader_.detail();
  context_.log.write({.transport = record_.transport,
                      .peer = peer_,
                      .error = reader_.error(),
                      .detail = detail,
                      .raw = reader_.raw(),
                      .offset = reader_.offset() - origin_});
  return outcome;
}

}  // namespace net
