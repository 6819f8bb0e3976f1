#include "net/http/influx_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/base/ascii.h"
#include "engine/base/verify.h"
#include "net/body/words.h"
#include "net/http/json_text.h"

namespace net {
namespace {

// The words of a statement that say what it is.
bool begins_with_words(std::string_view statement, std::array<std::string_view, 2> words) {
  constexpr std::string_view blanks = " \t\r\n;";
  for (const std::string_view word : words) {
    statement.remove_prefix(std::min(statement.size(), statement.find_first_not_of(blanks)));
    if (!engine::equals_ignoring_case(statement.substr(0, statement.find_first_of(blanks)), word)) return false;
    statement.remove_prefix(word.size());
  }
  return true;
}

void append_line(std::string& target, const RefusedLine& line) {
  target += "{\"original_line\":";
  append_json_text(target, cut_text(line.original, refused_line_size_max));
  target += fmt::format(",\"line_number\":{},\"error_message\":", line.number);
  append_json_text(target, cut_text(line.reason, refused_line_size_max));
  target += '}';
}

}  // namespace

InfluxAnswer answer_influx_query(std::string_view statement) {
  if (begins_with_words(statement, {"create", "database"})) return {.body = "{\"results\":[{\"statement_id\":0}]}"};
  if (begins_with_words(statement, {"show", "databases"})) {
    return {.body = "{\"results\":[{\"statement_id\":0,\"series\":[{\"name\":\"databases\",\"columns\":[\"name\"]}]}]}"};
  }
  return {.status = 400, .body = influx_error_json("/query knows CREATE DATABASE and SHOW DATABASES; ask for rows at /exec")};
}

std::string v3_partial_write_json(std::span<const RefusedLine> lines) {
  std::string text = "{\"error\":\"partial write of line protocol occurred\",\"data\":[";
  for (const RefusedLine& line : lines.first(std::min(lines.size(), refused_lines_max))) {
    append_line(text, line);
    text += ',';
  }
  VERIFY(!lines.empty());
  text.back() = ']';
  return text + "}";
}

std::string v3_refused_write_json(const RefusedLine& line) {
  std::string text = "{\"error\":\"parsing failed for write_lp endpoint\",\"data\":";
  append_line(text, line);
  return text + "}";
}

std::string influx_error_json(std::string_view reason) {
  std::string text = "{\"error\":";
  append_json_text(text, reason);
  return text + "}";
}

}  // namespace net
