#include "net/ingest/line_ingest.h"

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"
#include "net/judge/refusal_text.h"
#include "storage/table/symbol_dictionary.h"

namespace net {

LineIngest::LineIngest(IngestContext& context, SenderRecord& record, LineIngestListener& listener)
    : context_(context),
      record_(record),
      listener_(listener),
      disconnect_on_error_(record.protocol == Protocol::tcp && context.options.disconnect_on_error),
      peer_(record.peer),
      parser_({.line_size_max = context.options.line_size_max,
               .report = disconnect_on_error_ ? BadLineReport::at_detection : BadLineReport::at_line_end}) {
  table_ask_.waiter = this;
  columns_ask_.waiter = this;
}

LineIngest::Outcome LineIngest::consume(std::string_view& input) {
  if (line_parked_) {
    const Outcome outcome = settle_line();
    if (outcome != Outcome::consumed) return outcome;
  }
  while (true) {
    const LineStep step = parser_.consume(input);
    input.remove_prefix(step.consumed);
    if (step.event == LineEvent::need_more) return keep_unfinished();
    const Outcome outcome = take(step.event);
    if (outcome != Outcome::consumed) return outcome;
  }
}

// A line that is not whole waits in memory, of which all senders together have so much. Small ones always have room.
LineIngest::Outcome LineIngest::keep_unfinished() {
  constexpr size_t small_size_max = size_t{64} << 10;
  const auto account = [this] {
    const size_t size = parser_.memory_size();
    context_.unfinished_size += size - unfinished_size_;
    unfinished_size_ = size;
  };
  account();
  if (context_.unfinished_size <= context_.options.unfinished_size_max || unfinished_size_ <= small_size_max) {
    return Outcome::consumed;
  }
  const LineEvent event = parser_.refuse_unfinished();
  account();
  return take(event);
}

void LineIngest::begin_datagram(engine::PeerAddress peer) {
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
      return refuse(bad, bad);
    }
  }
  UNREACHABLE("LineEvent");
}

// Judges parser_.line() against what is known of its table now.
LineIngest::Outcome LineIngest::settle_line() {
  line_parked_ = false;
  const ParsedLine& line = parser_.line();
  storage::SourceTable* table = context_.source.find(line.table);
  switch (context_.judge.judge(line, table == nullptr ? nullptr : table->schema().get())) {
    case Judgement::row:
      return append_row(*table, context_.judge.row());
    case Judgement::needs_table:
      return ask_for_table();
    case Judgement::needs_columns:
      return ask_for_columns(*table);
    case Judgement::refused: {
      return refuse(line, context_.judge.refusal());
    }
  }
  UNREACHABLE("Judgement");
}

LineIngest::Outcome LineIngest::park(Waiting waiting) {
  line_parked_ = true;
  waiting_ = waiting;
  return Outcome::parked;
}

LineIngest::Outcome LineIngest::ask_for_table() {
  if (!ask_refusal_.ok()) return refuse_by_limit();
  table_ask_.wish = context_.judge.table_wish();
  table_ask_.wish.partition_unit = context_.options.partition_unit;
  context_.source.ask_table(table_ask_);
  return park(Waiting::table);
}

LineIngest::Outcome LineIngest::ask_for_columns(const storage::SourceTable& table) {
  if (!ask_refusal_.ok()) return refuse_by_limit();
  const std::span<const storage::ColumnWish> wishes = context_.judge.column_wishes();
  columns_ask_.lane = table.lane();
  columns_ask_.wishes.assign(wishes.begin(), wishes.end());
  context_.source.ask_columns(columns_ask_);
  return park(Waiting::columns);
}

void LineIngest::on_answer() {
  VERIFY(is_waiting());
  ask_refusal_ = waiting_ == Waiting::table ? table_ask_.refusal : columns_ask_.refusal;
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

LineIngest::Outcome LineIngest::append_row(storage::SourceTable& table, const JudgedRow& row) {
  const storage::Schema& schema = *table.schema();
  for (const JudgedCell& cell : row.cells) {
    if (cell.type == storage::ColumnType::symbol && cell.text.size() > storage::symbol_size_max) {
      return refuse_text(LineError::symbol_too_long, "column " + schema.columns[cell.column].name + ": a symbol has at most " +
                                                         std::to_string(storage::symbol_size_max) + " bytes");
    }
  }
  const int64_t timestamp = row.has_timestamp ? row.timestamp : wall_clock(schema.designated_column().type);
  if (const storage::CrowdedPartition* crowded = table.find_refusing(timestamp)) {
    return refuse_text(LineError::limit_reached,
                       "table: " + schema.name + "; " + crowded->describe() + ", timestamp: " + std::to_string(timestamp));
  }
  storage::OpenBatch* batch = context_.source.begin_row(table, record_.sender, row.cells.size() + 1, parser_.line().raw.size());
  if (batch == nullptr) {
    context_.source.wait_for_room(*this);
    return park(Waiting::room);
  }
  batch->set_word(schema.designated, static_cast<uint64_t>(timestamp));
  for (const JudgedCell& cell : row.cells) {
    switch (cell.type) {
      case storage::ColumnType::symbol:
        batch->set_symbol(cell.column, context_.source.symbol(table, cell.column, cell.text));
        break;
      case storage::ColumnType::varchar:
        batch->set_text(cell.column, cell.text);
        break;
      case storage::ColumnType::long256:
        batch->set_long256(cell.column, cell.long256());
        break;
      default:
        batch->set_word(cell.column, cell.word);
    }
  }
  context_.source.finish_row(table);
  return Outcome::consumed;
}

int64_t LineIngest::wall_clock(storage::ColumnType type) const {
  constexpr int64_t ns_per_us = 1000;
  const int64_t ns = context_.shard.backend().wall_now().ns;
  return type == storage::ColumnType::timestamp_ns ? ns : ns / ns_per_us;
}

LineIngest::Outcome LineIngest::refuse_by_limit() {
  const absl::Status refusal = std::exchange(ask_refusal_, absl::OkStatus());
  return refuse_text(LineError::limit_reached, std::string(engine::message_of(refusal)));
}

LineIngest::Outcome LineIngest::refuse_text(LineError error, const std::string& detail) {
  count_refused(error);
  if (context_.options.log_bad_lines) log(parser_.line(), error, detail);
  return disconnect_on_error_ ? Outcome::disconnect : Outcome::consumed;
}

template <typename Line, typename Refusal>
LineIngest::Outcome LineIngest::refuse(const Line& line, const Refusal& refusal) {
  count_refused(refusal.error);
  if (context_.options.log_bad_lines) log(line, refusal.error, line_detail(refusal));
  return disconnect_on_error_ ? Outcome::disconnect : Outcome::consumed;
}

template <typename Line>
void LineIngest::log(const Line& line, LineError error, std::string_view detail) {
  context_.log.write({.protocol = record_.protocol,
                      .peer = peer_,
                      .error = error,
                      .detail = detail,
                      .raw = line.raw,
                      .offset = line.offset - origin_},
                     context_.shard.reactor().now());
}

void LineIngest::count_refused(LineError error) {
  record_.sender.count_rejected();
  ++record_.rejected_by_reason[static_cast<size_t>(error)];
}

}  // namespace net
