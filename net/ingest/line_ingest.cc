#include "net/ingest/line_ingest.h"

#include <algorithm>
#include <span>
#include <utility>

#include "engine/base/verify.h"
#include "net/judge/rejection_text.h"
#include "storage/table/symbol_dictionary.h"

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
               .report = disconnect_on_error_ ? BadLineReport::at_detection : BadLineReport::at_line_end}) {
  table_ask_.waiter = this;
  columns_ask_.waiter = this;
}

LineIngest::Outcome LineIngest::consume(std::string_view& input) {
  if (record_.transport == Transport::tcp && !beginning_.is_decided()) {
    const ForeignProtocol* const foreign = beginning_.look_at(input);
    if (foreign != nullptr) return reject_stream(*foreign, input);
  }
  if (line_parked_) {
    const Outcome outcome = settle_line(std::exchange(parked_answer_, absl::OkStatus()));
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
  if (line_parked_) return settle_line(std::exchange(parked_answer_, absl::OkStatus()));
  return take(parser_.finish());
}

LineIngest::Outcome LineIngest::take(LineEvent event) {
  switch (event) {
    case LineEvent::need_more:
      return Outcome::consumed;
    case LineEvent::line:
      return settle_line(absl::OkStatus());
    case LineEvent::bad_line: {
      const BadLine& bad = parser_.bad_line();
      return reject(bad, bad.error, [&] { return line_detail(bad, context_.options.line_size_max); });
    }
  }
  UNREACHABLE("LineEvent");
}

// Judges parser_.line() against what is known of its table now.
LineIngest::Outcome LineIngest::settle_line(const absl::Status& ask_rejection) {
  line_parked_ = false;
  const ParsedLine& line = parser_.line();
  storage::SourceTable* table = context_.source.find(line.table);
  switch (context_.judge.judge(line, table == nullptr ? nullptr : table->schema().get(), timestamp_unit_)) {
    case Judgement::row:
      return append_row(*table, context_.judge.row());
    case Judgement::needs_table:
      return ask_for_table(ask_rejection);
    case Judgement::needs_columns:
      return ask_for_columns(*table, ask_rejection);
    case Judgement::rejected:
      return reject(line, context_.judge.rejection().error, [&] { return line_detail(context_.judge.rejection()); });
  }
  UNREACHABLE("Judgement");
}

LineIngest::Outcome LineIngest::park(Waiting waiting) {
  line_parked_ = true;
  waiting_ = waiting;
  return Outcome::parked;
}

LineIngest::Outcome LineIngest::reject_for_limit(const absl::Status& ask_rejection) {
  return reject(parser_.line(), LineError::limit_reached, [&] { return engine::message_of(ask_rejection); });
}

LineIngest::Outcome LineIngest::ask_for_table(const absl::Status& ask_rejection) {
  const IngestOptions& options = context_.options;
  if (ask_rejection.code() == absl::StatusCode::kNotFound) {
    return reject(parser_.line(), LineError::creation_disabled, [&] {
      return "table: " + std::string(parser_.line().table) +
             (options.create_tables ? ", cannot create table, creating new columns is disabled"
                                    : "; table does not exist, creating new tables is disabled");
    });
  }
  if (!ask_rejection.ok()) return reject_for_limit(ask_rejection);
  table_ask_.may_create = options.create_tables && options.create_columns;
  table_ask_.wish = context_.judge.table_wish();
  table_ask_.wish.partition_unit = context_.options.partition_unit;
  context_.source.ask_table(table_ask_);
  return park(Waiting::table);
}

LineIngest::Outcome LineIngest::ask_for_columns(const storage::SourceTable& table, const absl::Status& ask_rejection) {
  if (!ask_rejection.ok()) return reject_for_limit(ask_rejection);
  const std::span<const storage::ColumnWish> wishes = context_.judge.column_wishes();
  if (!context_.options.create_columns) {
    return reject(parser_.line(), LineError::creation_disabled, [&] {
      return "table: " + table.schema()->name + ", column: " + wishes.front().name +
             " does not exist, creating new columns is disabled";
    });
  }
  columns_ask_.lane = table.lane();
  columns_ask_.wishes.assign(wishes.begin(), wishes.end());
  context_.source.ask_columns(columns_ask_);
  return park(Waiting::columns);
}

void LineIngest::on_answer() {
  VERIFY(is_waiting());
  parked_answer_ = waiting_ == Waiting::table ? table_ask_.rejection : columns_ask_.rejection;
  waiting_ = Waiting::nothing;
  listener_.on_settled();
}

void LineIngest::on_room() {
  waiting_ = Waiting::nothing;
  listener_.on_settled();
}

void LineIngest::abandon() {
  line_parked_ = false;
  if (waiting_ != Waiting::room) return;
  waiting_ = Waiting::nothing;
  context_.source.forget(*this);
}

// Only asked of a line that is longer than a symbol may be.
const JudgedCell* LineIngest::find_too_long(const JudgedRow& row) {
  const auto found = std::ranges::find_if(row.cells, [](const JudgedCell& cell) {
    return storage::is_symbol(cell.type) && cell.text.size() > storage::symbol_size_max;
  });
  return found == row.cells.end() ? nullptr : &*found;
}

LineIngest::Outcome LineIngest::reject_symbol(const JudgedCell& cell, const storage::Schema& schema) {
  return reject(parser_.line(), LineError::symbol_too_long, [&] {
    return "column " + schema.column(cell.column).name + ": a symbol of " + std::to_string(cell.text.size()) +
           " bytes, at most " + std::to_string(storage::symbol_size_max) + " are taken, a limit that no setting changes";
  });
}

LineIngest::Outcome LineIngest::append_row(storage::SourceTable& table, const JudgedRow& row) {
  const storage::Schema& schema = *table.schema();
  if (parser_.line().raw.size() > storage::symbol_size_max) [[unlikely]] {
    if (const JudgedCell* cell = find_too_long(row)) return reject_symbol(*cell, schema);
  }
  const int64_t timestamp = row.has_timestamp ? row.timestamp : wall_clock(schema.designated_column().type);
  if (const storage::CrowdedPartition* crowded = table.find_rejecting(timestamp)) {
    return reject(parser_.line(), LineError::limit_reached, [&] {
      return "table: " + schema.name + "; " + crowded->describe() + ", timestamp: " + std::to_string(timestamp);
    });
  }
  storage::OpenBatch* batch = context_.source.begin_row(table, record_.sender, row.cells.size() + 1, parser_.line().raw.size());
  if (batch == nullptr) {
    context_.source.wait_for_room(*this);
    return park(Waiting::room);
  }
  batch->set_word(schema.designated, static_cast<uint64_t>(timestamp));
  for (const JudgedCell& cell : row.cells) {
    if (storage::is_symbol(cell.type)) {
      batch->set_symbol(cell.column, context_.source.symbol(table, cell.column, cell.text));
      continue;
    }
    const storage::Kind kind = storage::kind_of(cell.type);
    if (storage::is_word(kind)) {
      batch->set_word(cell.column, cell.word);
    } else if (kind == storage::Kind::texts) {
      batch->set_text(cell.column, cell.text);
    } else {
      batch->set_wide(cell.column, cell.wide().span());
    }
  }
  context_.source.finish_row(table);
  return Outcome::consumed;
}

int64_t LineIngest::wall_clock(storage::ColumnType type) const {
  return context_.shard.backend().wall_now().ns / engine::ns_per(storage::unit_of(type));
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
