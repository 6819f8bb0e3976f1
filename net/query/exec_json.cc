#include "net/query/exec_json.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

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

class ExecJson final : public AnswerFormat {
 public:
  std::string make_front(const QueryRun& run) const override {
    std::string front = "{\"query\":";
    append_json_text(front, run.text());
    front += ",\"columns\":[";
    for (const SqlColumn& column : run.columns()) {
      front += &column == run.columns().data() ? "{\"name\":" : ",{\"name\":";
      append_json_text(front, column.name);
      front += ",\"type\":";
      append_json_type(front, column.type);
      front += '}';
    }
    return front + "],\"timestamp\":" + std::to_string(run.designated()) + ",\"dataset\":[";
  }

  std::string make_back(uint64_t row_shown) const override { return "],\"count\":" + std::to_string(row_shown) + '}'; }

  void begin_cell(std::string& part, size_t cell, bool is_first_row) const override {
    if (cell != 0) {
      part += ',';
    } else {
      part += is_first_row ? "[" : ",[";
    }
  }

  void end_row(std::string& part) const override { part += ']'; }

  bool begin_value(std::string& part, const SqlCell& cell, const SqlColumn& column) const override {
    if (cell.kind == SqlCell::Kind::null) {
      part += null_text(column.type);
      return true;
    }
    if (!cell.has_text() || cell.text.empty()) {
      append_json_cell(part, cell);
      return true;
    }
    if (cell.kind == SqlCell::Kind::text) part += '"';
    return false;
  }

  size_t append_text(std::string& part, const SqlCell& cell, std::string_view rest, size_t size_max) const override {
    if (cell.kind != SqlCell::Kind::json) return append_json_piece(part, rest, size_max);
    part += rest.substr(0, size_max);
    return std::min(rest.size(), size_max);
  }

  void end_value(std::string& part, const SqlCell& cell, const SqlColumn&) const override {
    if (cell.kind == SqlCell::Kind::text) part += '"';
  }
};

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

std::unique_ptr<AnswerFormat> make_exec_json() { return std::make_unique<ExecJson>(); }

}  // namespace net
