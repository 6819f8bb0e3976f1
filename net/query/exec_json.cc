#include "net/query/exec_json.h"

#include <array>
#include <cstdint>

namespace net {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// Bytes of the UTF-8 sequence at the front of `text`, 0 when there is none (Unicode 15, table 3-7).
size_t utf8_size(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto continues = [&](size_t i, uint8_t low, uint8_t high) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1, 0x80, 0xBF) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool second = continues(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF);
    return second && continues(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool second = continues(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
    return second && continues(2, 0x80, 0xBF) && continues(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

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

// Writes a result, and keeps the first chunk back: until it has gone, the answer can still become an error.
class JsonSink final : public ResultSink {
 public:
  JsonSink(std::string_view query, ExecReply& reply) : query_(query), reply_(reply) { buffer_.reserve(2 * exec_chunk_size); }

  absl::Status begin(std::span<const SqlColumn> columns, int designated) override {
    buffer_ = "{\"query\":";
    append_json_text(buffer_, query_);
    buffer_ += ",\"columns\":[";
    for (const SqlColumn& column : columns) {
      buffer_ += &column == columns.data() ? "{\"name\":" : ",{\"name\":";
      append_json_text(buffer_, column.name);
      buffer_ += ",\"type\":";
      append_json_text(buffer_, column.type);
      buffer_ += '}';
    }
    buffer_ += "],\"timestamp\":" + std::to_string(designated) + ",\"dataset\":[";
    return absl::OkStatus();
  }

  absl::Status row(std::span<const SqlCell> cells) override {
    if (!is_first_row_) buffer_ += ',';
    is_first_row_ = false;
    for (const SqlCell& cell : cells) {
      buffer_ += &cell == cells.data() ? '[' : ',';
      append_json_cell(buffer_, cell);
    }
    buffer_ += ']';
    return buffer_.size() < exec_chunk_size ? absl::OkStatus() : flush();
  }

  absl::Status end(uint64_t row_count) override {
    buffer_ += "],\"count\":" + std::to_string(row_count) + '}';
    RETURN_IF_ERROR(flush());
    return reply_.end();
  }

  // Requires !has_begun().
  absl::Status send_error(const QueryResult& result) {
    const bool is_users = absl::IsInvalidArgument(result.status) || absl::IsNotFound(result.status);
    RETURN_IF_ERROR(reply_.begin(is_users ? ExecStatus::bad_query : ExecStatus::failed));
    buffer_ = "{\"query\":";
    append_json_text(buffer_, query_);
    buffer_ += ",\"error\":";
    append_json_text(buffer_, engine::message_of(result.status));
    buffer_ += ",\"position\":" + std::to_string(result.position) + '}';
    RETURN_IF_ERROR(reply_.write(buffer_));
    return reply_.end();
  }

  bool has_begun() const { return has_begun_; }

 private:
  absl::Status flush() {
    if (!has_begun_) RETURN_IF_ERROR(reply_.begin(ExecStatus::ok));
    has_begun_ = true;
    RETURN_IF_ERROR(reply_.write(buffer_));
    buffer_.clear();
    return absl::OkStatus();
  }

  std::string_view query_;
  ExecReply& reply_;
  std::string buffer_;
  bool is_first_row_ = true;
  bool has_begun_ = false;
};

}  // namespace

void append_json_text(std::string& target, std::string_view text) {
  target += '"';
  for (size_t i = 0; i < text.size();) {
    const size_t start = i;
    while (i < text.size() && is_plain(text[i])) ++i;
    target += text.substr(start, i - start);
    if (i == text.size()) break;
    const size_t size = utf8_size(text.substr(i));
    if (size > 1) {
      target += text.substr(i, size);
    } else if (size == 1) {
      append_escape(target, text[i]);
    } else {
      target += replacement;
    }
    i += size == 0 ? 1 : size;
  }
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

absl::Status answer_exec(SqlEngine& engine, std::string_view query, ExecReply& reply) {
  JsonSink sink(query, reply);
  const QueryResult result = engine.run(query, sink);
  if (result.ok() || sink.has_begun()) return result.status;
  return sink.send_error(result);
}

}  // namespace net
