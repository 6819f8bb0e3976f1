#include "net/query/query_answer.h"

#include <algorithm>
#include <span>

#include "engine/base/verify.h"
#include "net/query/exec_json.h"
#include "net/query/exp_csv.h"

namespace net {
namespace {

// Bytes of a text that are written at a time: at most six times as many, so that a part keeps to its size.
constexpr size_t text_piece_size_max = 4096;
constexpr size_t number_size_max = 64;  // of a cell that is no text, and of what stands between cells
static_assert(answer_part_size + 6 * text_piece_size_max + number_size_max <= answer_part_size_max);

size_t size_of(std::span<const SqlCell> row) {
  size_t size = 0;
  for (const SqlCell& cell : row) size += cell.text.size();
  return size;
}

}  // namespace

QueryAnswer::QueryAnswer(QueryRun& run, RowRange rows, const AnswerForm& form)
    : run_(run), rows_(rows), format_(form.kind == AnswerForm::Kind::csv ? make_exp_csv(form) : make_exec_json()) {}

QueryAnswer::Progress QueryAnswer::fill(std::string& part, engine::Instant pause_at) {
  VERIFY(!is_broken_);
  for (;;) {
    drain_head(part);
    if (part.size() >= answer_part_size) {
      VERIFY_LE(part.size(), answer_part_size_max);
      has_left_ = true;
      return Progress::part;
    }
    switch (state_) {
      case State::start:
        begin(part);
        break;
      case State::rows:
        if (run_.now() >= pause_at) return Progress::paused;
        take_row(part);
        break;
      case State::cells:
        write_cells(part);
        break;
      case State::end:
        return Progress::last;
    }
    if (is_broken_) return Progress::broken;
  }
}

void QueryAnswer::drain_head(std::string& part) {
  if (head_.empty() || part.size() >= answer_part_size) return;
  const size_t size = std::min(head_.size() - head_written_, answer_part_size - part.size());
  part.append(head_, head_written_, size);
  head_written_ += size;
  if (head_written_ < head_.size()) return;
  head_.clear();
  head_written_ = 0;
}

// The types of columns that are computed are known with the first row.
void QueryAnswer::begin(std::string& part) {
  const absl::StatusOr<bool> has_row = run_.next();
  if (!has_row.ok()) return fail(part, has_row.status());
  head_ = format_->make_front(run_);
  if (!*has_row || rows_.is_empty()) return write_end();
  row_ = 1;
  state_ = row_ >= rows_.first ? State::cells : State::rows;
}

void QueryAnswer::take_row(std::string& part) {
  if (row_ >= rows_.last) return write_end();
  const absl::StatusOr<bool> has_row = run_.next();
  if (!has_row.ok()) return fail(part, has_row.status());
  if (!*has_row) return write_end();
  ++row_;
  if (row_ >= rows_.first) state_ = State::cells;
}

// As much of the row as the part has room for.
void QueryAnswer::write_cells(std::string& part) {
  const std::span<const SqlCell> row = run_.row();
  if (cell_ == 0 && cell_written_ == 0) {
    if (const size_t size = size_of(row); size > answer_row_size_max) {
      return fail(part, engine::resource_exhausted("a row of an answer has at most " + std::to_string(answer_row_size_max) +
                                                   " bytes, row " + std::to_string(row_) + " has " + std::to_string(size) +
                                                   ": ask for less of it"));
    }
  }
  while (cell_ < row.size()) {
    if (part.size() >= answer_part_size) return;
    if (write_cell(part, row[cell_])) ++cell_;
  }
  format_->end_row(part);
  cell_ = 0;
  row_shown_ = row_;
  state_ = State::rows;
}

// False: the text goes on.
bool QueryAnswer::write_cell(std::string& part, const SqlCell& cell) {
  const SqlColumn& column = run_.columns()[cell_];
  if (cell_written_ == 0) {
    format_->begin_cell(part, cell_, row_shown_ == 0);
    if (format_->begin_value(part, cell, column)) return true;
  }
  cell_written_ += format_->append_text(part, cell, cell.text.substr(cell_written_), text_piece_size_max);
  if (cell_written_ < cell.text.size()) return false;
  format_->end_value(part, cell, column);
  cell_written_ = 0;
  return true;
}

void QueryAnswer::write_end() {
  head_ += format_->make_back(row_shown_);
  state_ = State::end;
}

// As long as no part has gone, the answer can still become an error.
void QueryAnswer::fail(std::string& part, const absl::Status& status) {
  if (has_left_) {
    is_broken_ = true;
    return;
  }
  const bool is_users = absl::IsInvalidArgument(status) || absl::IsNotFound(status);
  status_ = is_users ? AnswerStatus::bad_query : AnswerStatus::failed;
  part.clear();
  head_ = make_error_json(run_.text(), engine::message_of(status), run_.error_position());
  head_written_ = 0;
  state_ = State::end;
}

}  // namespace net
