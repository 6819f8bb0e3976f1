#include "net/query/exec_json.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "engine/base/utf8.h"
#include "engine/base/verify.h"
#include "storage/schema/column_type.h"

namespace net {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

void append_escape(std::string& target, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '"':
      target += "\\\"";
      return;
    case '\\':
      target += "\\\\";
      return;
    case '\n':
      target += "\\n";
      return;
    case '\r':
      target += "\\r";
      return;
    case '\t':
      target += "\\t";
      return;
    default:
      target += "\\u00";
      target += digits[static_cast<uint8_t>(c) >> 4];
      target += digits[static_cast<uint8_t>(c) & 0xFU];
      return;
  }
}

bool is_plain(char c) { return static_cast<uint8_t>(c) >= 0x20 && static_cast<uint8_t>(c) < 0x80 && c != '"' && c != '\\'; }

// Bytes of a text that are written at a time: at most six times as many, so that a part keeps to its size.
constexpr size_t text_piece_size_max = 4096;
constexpr size_t number_size_max = 64;  // of a cell that is no text, and of what stands between cells
static_assert(exec_part_size + 6 * text_piece_size_max + number_size_max <= exec_part_size_max);

// Appends the front of `text` with JSON's escapes and returns how many bytes of it that was: `size_max` at most, but for the
// character that begins in front of them.
size_t append_json_piece(std::string& target, std::string_view text, size_t size_max) {
  size_t i = 0;
  while (i < text.size() && i < size_max) {
    const size_t start = i;
    while (i < text.size() && i < size_max && is_plain(text[i])) ++i;
    target += text.substr(start, i - start);
    if (i == text.size() || i >= size_max) break;
    const size_t size = engine::utf8_size_at(text.substr(i));
    if (size > 1) {
      target += text.substr(i, size);
    } else if (size == 1) {
      append_escape(target, text[i]);
    } else {
      target += replacement;
    }
    i += size == 0 ? 1 : size;
  }
  return i;
}

// DOUBLE[][] as "ARRAY","dim":2,"elemType":"DOUBLE".
void append_json_type(std::string& target, std::string_view type) {
  constexpr std::string_view brackets = "[]";
  const size_t element_size = type.find(brackets);
  if (element_size == std::string_view::npos) return append_json_text(target, type);
  const size_t dimensions = (type.size() - element_size) / brackets.size();
  target += "\"ARRAY\",\"dim\":" + std::to_string(dimensions) + ",\"elemType\":";
  append_json_text(target, type.substr(0, element_size));
}

// As on QuestDB, where these have no other null.
std::string_view null_text(std::string_view type) {
  if (type == storage::type_name(storage::ColumnType::character) || type == storage::type_name(storage::ColumnType::long256))
    return "\"\"";
  if (type == storage::type_name(storage::ColumnType::binary)) return "[]";
  return "null";
}

std::string make_head(const QueryRun& run) {
  std::string head = "{\"query\":";
  append_json_text(head, run.text());
  head += ",\"columns\":[";
  for (const SqlColumn& column : run.columns()) {
    head += &column == run.columns().data() ? "{\"name\":" : ",{\"name\":";
    append_json_text(head, column.name);
    head += ",\"type\":";
    append_json_type(head, column.type);
    head += '}';
  }
  return head + "],\"timestamp\":" + std::to_string(run.designated()) + ",\"dataset\":[";
}

size_t size_of(std::span<const SqlCell> row) {
  size_t size = 0;
  for (const SqlCell& cell : row) size += cell.text.size();
  return size;
}

}  // namespace

std::string make_error_json(std::string_view query, std::string_view error, size_t position) {
  std::string text = "{\"query\":";
  append_json_text(text, query);
  text += ",\"error\":";
  append_json_text(text, error);
  return text + ",\"position\":" + std::to_string(position) + '}';
}

void append_json_text(std::string& target, std::string_view text) {
  target += '"';
  append_json_piece(target, text, text.size());
  target += '"';
}

void append_json_cell(std::string& target, const SqlCell& cell) {
  switch (cell.kind) {
    case SqlCell::Kind::null:
      target += "null";
      return;
    case SqlCell::Kind::text:
      append_json_text(target, cell.text);
      return;
    default:
      append_cell(target, cell);
      return;
  }
}

ExecAnswer::ExecAnswer(QueryRun& run, RowRange rows) : run_(run), rows_(rows) {}

ExecAnswer::Progress ExecAnswer::fill(std::string& part, engine::Instant pause_at) {
  VERIFY(!is_broken_);
  for (;;) {
    drain_head(part);
    if (part.size() >= exec_part_size) {
      VERIFY_LE(part.size(), exec_part_size_max);
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

void ExecAnswer::drain_head(std::string& part) {
  if (head_.empty() || part.size() >= exec_part_size) return;
  const size_t size = std::min(head_.size() - head_written_, exec_part_size - part.size());
  part.append(head_, head_written_, size);
  head_written_ += size;
  if (head_written_ < head_.size()) return;
  head_.clear();
  head_written_ = 0;
}

// The types of columns that are computed are known with the first row.
void ExecAnswer::begin(std::string& part) {
  const absl::StatusOr<bool> has_row = run_.next();
  if (!has_row.ok()) return fail(part, has_row.status());
  head_ = make_head(run_);
  if (!*has_row || rows_.is_empty()) return write_end();
  row_ = 1;
  state_ = row_ >= rows_.first ? State::cells : State::rows;
}

void ExecAnswer::take_row(std::string& part) {
  if (row_ >= rows_.last) return write_end();
  const absl::StatusOr<bool> has_row = run_.next();
  if (!has_row.ok()) return fail(part, has_row.status());
  if (!*has_row) return write_end();
  ++row_;
  if (row_ >= rows_.first) state_ = State::cells;
}

// As much of the row as the part has room for.
void ExecAnswer::write_cells(std::string& part) {
  const std::span<const SqlCell> row = run_.row();
  if (cell_ == 0 && cell_written_ == 0) {
    if (const size_t size = size_of(row); size > exec_row_size_max) {
      return fail(part, engine::resource_exhausted("a row of an answer has at most " + std::to_string(exec_row_size_max) +
                                                   " bytes, row " + std::to_string(row_) + " has " + std::to_string(size) +
                                                   ": ask for less of it"));
    }
  }
  while (cell_ < row.size()) {
    if (part.size() >= exec_part_size) return;
    if (write_cell(part, row[cell_])) ++cell_;
  }
  part += ']';
  cell_ = 0;
  row_shown_ = row_;
  state_ = State::rows;
}

// False: the text goes on.
bool ExecAnswer::write_cell(std::string& part, const SqlCell& cell) {
  if (cell_written_ == 0) {
    if (cell_ == 0) part += row_shown_ == 0 ? "[" : ",[";
    if (cell_ != 0) part += ',';
    if (cell.kind == SqlCell::Kind::null) {
      part += null_text(run_.columns()[cell_].type);
      return true;
    }
    if (!cell.has_text() || cell.text.empty()) {
      append_json_cell(part, cell);
      return true;
    }
    if (cell.kind == SqlCell::Kind::text) part += '"';
  }
  const std::string_view rest = cell.text.substr(cell_written_);
  if (cell.kind == SqlCell::Kind::json) {
    const std::string_view piece = rest.substr(0, text_piece_size_max);
    part += piece;
    cell_written_ += piece.size();
  } else {
    cell_written_ += append_json_piece(part, rest, text_piece_size_max);
  }
  if (cell_written_ < cell.text.size()) return false;
  if (cell.kind == SqlCell::Kind::text) part += '"';
  cell_written_ = 0;
  return true;
}

void ExecAnswer::write_end() {
  head_ += "],\"count\":" + std::to_string(row_shown_) + '}';
  state_ = State::end;
}

// As long as no part has gone, the answer can still become an error.
void ExecAnswer::fail(std::string& part, const absl::Status& status) {
  if (has_left_) {
    is_broken_ = true;
    return;
  }
  const bool is_users = absl::IsInvalidArgument(status) || absl::IsNotFound(status);
  status_ = is_users ? ExecStatus::bad_query : ExecStatus::failed;
  part.clear();
  head_ = make_error_json(run_.text(), engine::message_of(status), run_.error_position());
  head_written_ = 0;
  state_ = State::end;
}

}  // namespace net
