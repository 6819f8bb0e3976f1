#include "net/ingest/row_intake.h"

#include <algorithm>
#include <span>
#include <utility>

#include "engine/base/verify.h"
#include "net/judge/rejection_text.h"
#include "storage/table/symbol_dictionary.h"

namespace net {
namespace {

// Only asked of a line that is longer than a symbol may be.
const JudgedCell* find_too_long(const JudgedRow& row) {
  const auto found = std::ranges::find_if(row.cells, [](const JudgedCell& cell) {
    return storage::is_symbol(cell.type) && cell.text.size() > storage::symbol_size_max;
  });
  return found == row.cells.end() ? nullptr : &*found;
}

// What makes no column may go into one that is there: of a table, or of a version of it, that this shard has not heard of yet.
bool would_fit_old_column(LineError error) { return error == LineError::untyped_column || error == LineError::decimal_column; }

}  // namespace

RowIntake::RowIntake(const Context& context, RowIntakeListener& listener) : context_(context), listener_(listener) {
  table_ask_.waiter = this;
  columns_ask_.waiter = this;
}

RowIntake::Outcome RowIntake::take(const ParsedLine& line, engine::TimeUnit unit) {
  VERIFY(waiting_ == Waiting::nothing);
  storage::SourceTable* table = context_.source.find(line.table);
  switch (context_.judge.judge(line, table == nullptr ? nullptr : table->schema().get(), unit)) {
    case Judgement::row:
      return append(*table, context_.judge.row(), line.raw.size());
    case Judgement::needs_table:
      return ask_for_table(std::exchange(answer_, absl::OkStatus()));
    case Judgement::needs_columns:
      return ask_for_columns(*table, std::exchange(answer_, absl::OkStatus()));
    case Judgement::rejected:
      if (answer_.ok() && table_ask_.schema == nullptr && would_fit_old_column(context_.judge.rejection().error)) {
        return ask_whether_there_is(line.table);
      }
      return reject({.error = context_.judge.rejection().error, .limit = {}});
  }
  UNREACHABLE("Judgement");
}

RowIntake::Outcome RowIntake::park(Waiting waiting) {
  waiting_ = waiting;
  return Outcome::parked;
}

RowIntake::Outcome RowIntake::reject(Rejection rejection) {
  rejection_ = std::move(rejection);
  answer_ = absl::OkStatus();
  table_ask_.schema = nullptr;
  return Outcome::rejected;
}

// Once for a line: the schema in the ask says that it was answered.
RowIntake::Outcome RowIntake::ask_whether_there_is(std::string_view table) {
  table_ask_.may_create = false;
  table_ask_.wish = {};
  table_ask_.wish.name = table;
  context_.source.ask_table(table_ask_);
  return park(Waiting::table);
}

RowIntake::Outcome RowIntake::ask_for_table(const absl::Status& answer) {
  if (answer.code() == absl::StatusCode::kNotFound) return reject({.error = LineError::creation_disabled, .limit = {}});
  if (!answer.ok()) return reject({.error = LineError::limit_reached, .limit = answer});
  table_ask_.may_create = context_.options.create_tables && context_.options.create_columns;
  table_ask_.wish = context_.judge.table_wish();
  table_ask_.wish.partition_unit = context_.options.partition_unit;
  context_.source.ask_table(table_ask_);
  return park(Waiting::table);
}

RowIntake::Outcome RowIntake::ask_for_columns(const storage::SourceTable& table, const absl::Status& answer) {
  if (!answer.ok()) return reject({.error = LineError::limit_reached, .limit = answer});
  if (!context_.options.create_columns) {
    return reject({.error = LineError::creation_disabled, .limit = {}, .table = &table});
  }
  const std::span<const storage::ColumnWish> wishes = context_.judge.column_wishes();
  columns_ask_.lane = table.lane();
  columns_ask_.wishes.assign(wishes.begin(), wishes.end());
  context_.source.ask_columns(columns_ask_);
  return park(Waiting::columns);
}

void RowIntake::on_answer() {
  VERIFY(is_waiting());
  answer_ = waiting_ == Waiting::table ? table_ask_.rejection : columns_ask_.rejection;
  waiting_ = Waiting::nothing;
  listener_.on_settled();
}

void RowIntake::on_room() {
  waiting_ = Waiting::nothing;
  listener_.on_settled();
}

void RowIntake::abandon() {
  if (!is_waiting()) table_ask_.schema = nullptr;
  if (waiting_ != Waiting::room) return;
  waiting_ = Waiting::nothing;
  context_.source.forget(*this);
}

void RowIntake::set_cell(storage::OpenBatch& batch, storage::OpenPlace& place, const JudgedCell& cell) {
  if (storage::is_symbol(cell.type)) {
    return batch.set_symbol(cell.column, context_.source.symbol(place, cell.column, cell.text));
  }
  const storage::Kind kind = storage::kind_of(cell.type);
  if (storage::is_word(kind)) {
    batch.set_word(cell.column, cell.word);
  } else if (kind == storage::Kind::texts) {
    batch.set_text(cell.column, cell.text);
  } else {
    batch.set_wide(cell.column, cell.wide());
  }
}

RowIntake::Outcome RowIntake::append(storage::SourceTable& table, const JudgedRow& row, size_t text_size) {
  const storage::Schema& schema = *table.schema();
  if (text_size > storage::symbol_size_max) [[unlikely]] {
    if (const JudgedCell* cell = find_too_long(row)) {
      return reject({.error = LineError::symbol_too_long, .limit = {}, .table = &table, .cell = cell});
    }
  }
  const int64_t timestamp = row.has_timestamp ? row.timestamp : wall_clock(schema.designated_column().type);
  if (table.find_rejecting(timestamp) != nullptr) {
    return reject({.error = LineError::limit_reached, .limit = {}, .table = &table, .timestamp = timestamp});
  }
  const bool is_shared = transaction_ == nullptr;
  storage::OpenPlace& place = is_shared ? table.place() : transaction_->place(table);
  storage::Sender* const sender = is_shared ? sender_ : nullptr;
  storage::OpenBatch* batch = context_.source.begin_row(place, sender, row.cells.size() + 1, text_size);
  if (batch == nullptr) {
    context_.source.wait_for_room(*this);
    return park(Waiting::room);
  }
  batch->set_word(schema.designated, static_cast<uint64_t>(timestamp));
  for (const JudgedCell& cell : row.cells) set_cell(*batch, place, cell);
  context_.source.finish_row(place);
  answer_ = absl::OkStatus();
  table_ask_.schema = nullptr;
  return Outcome::taken;
}

int64_t RowIntake::wall_clock(storage::ColumnType type) const {
  return context_.shard.backend().wall_now().ns / engine::ns_per(storage::unit_of(type));
}

std::string RowIntake::describe_creation(const ParsedLine& line) const {
  if (rejection_.table != nullptr) {
    return "table: " + rejection_.table->schema()->name + ", column: " + context_.judge.column_wishes().front().name +
           " does not exist, creating new columns is disabled";
  }
  return "table: " + std::string(line.table) +
         (context_.options.create_tables ? ", cannot create table, creating new columns is disabled"
                                         : "; table does not exist, creating new tables is disabled");
}

std::string RowIntake::describe(const ParsedLine& line) const {
  if (rejection_.error == LineError::creation_disabled) return describe_creation(line);
  if (!rejection_.limit.ok()) return std::string(engine::message_of(rejection_.limit));
  if (rejection_.table == nullptr) return line_detail(context_.judge.rejection());
  const storage::Schema& schema = *rejection_.table->schema();
  if (rejection_.cell != nullptr) {
    return "column " + schema.column(rejection_.cell->column).name + ": a symbol of " +
           std::to_string(rejection_.cell->text.size()) + " bytes, at most " + std::to_string(storage::symbol_size_max) +
           " are taken, a limit that no setting changes";
  }
  const storage::CrowdedPartition* const crowded = rejection_.table->find_rejecting(rejection_.timestamp);
  VERIFY(crowded != nullptr);
  return "table: " + schema.name + "; " + crowded->describe() + ", timestamp: " + std::to_string(rejection_.timestamp);
}

}  // namespace net
