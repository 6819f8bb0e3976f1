// The parser of line protocol text, for TCP, UDP and HTTP bodies alike. It is the specification in code: plain, one byte at a
// time.
//
// line := table { "," tag "=" symbol } [ " " field "=" value { "," field "=" value } ] [ " " timestamp ] ( LF | CR )
//
// Guarantees:
// - A stream gives the same events however it is cut into pieces, in time linear in its size.
// - A line that lies whole in the given bytes is parsed where it lies. Only the unfinished line at the end of a piece is
// copied; it
//   may have line_size_max bytes, and its memory is released as soon as no line is unfinished.
// - No allocation per line once the buffers have grown to what the lines need.
// - A bad line never hides the next one: it ends at the first CR or LF at or behind the byte that was found wrong.
//
// What the parser does not judge: two columns of one name, types and ranges that depend on a table, the length of texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/byte_class.h"
#include "net/line_error.h"
#include "net/line_value.h"
#include "net/number.h"

namespace net {

struct LineEntity {
  std::string_view name;  // unescaped, a valid column name
  LineValue value;
};

// One line. All views hold until the parser is called again.
struct ParsedLine {
  std::string_view table;                // unescaped, a valid table name
  std::span<const LineEntity> entities;  // tags, then fields, in the order sent; at least one
  size_t tag_count = 0;
  bool has_timestamp = false;  // false too for the least long, QuestDB's null
  int64_t timestamp = 0;
  TimestampUnit timestamp_unit = TimestampUnit::unspecified;
  std::string_view raw;  // as sent, without the line end
  uint64_t offset = 0;   // of the line's first byte in the stream
};

// A refused line, with the words that its message needs. All views hold until the parser is called again.
struct BadLine {
  LineError error = LineError::none;
  std::string_view table;  // empty while the table name is not read
  std::string_view name;   // the table, column or lonely token that the error is about
  std::string_view value;  // of a field or timestamp that is none, as sent
  std::string_view raw;    // as sent, up to the end of the line or, with at_detection, to the byte found wrong; may be a prefix
  uint64_t size = 0;       // of the whole line; `raw` is shorter when the line did not fit
  uint64_t offset = 0;     // of the line's first byte in the stream
};

enum class LineEvent : uint8_t {
  line,       // line() is valid
  bad_line,   // bad_line() is valid
  need_more,  // all bytes are used, no line has ended
};

struct LineStep {
  LineEvent event{};
  size_t consumed = 0;  // bytes from the front of the input
};

enum class BadLineReport : uint8_t {
  at_line_end,   // with the whole text: for who goes on behind it
  at_detection,  // at once: for who hangs up. The rest of the line is skipped silently.
};

inline constexpr size_t line_values_max = size_t{16} << 10;          // tags and fields of one line
inline constexpr size_t large_line_text_size_max = size_t{4} << 10;  // what is kept of a line over line_size_max

struct LineParserOptions {
  size_t line_size_max = size_t{16} << 20;  // bytes, without the line end
  BadLineReport report = BadLineReport::at_line_end;
};

// Belongs to one stream and one thread.
class LineParser {
 public:
  explicit LineParser(LineParserOptions options = {});
  LineParser(const LineParser&) = delete;
  LineParser& operator=(const LineParser&) = delete;
  ~LineParser() = default;

  // Parses from the front of `input` to the end of one line at most. The caller drops `consumed` bytes and calls again until
  // the event is need_more; then all of `input` is consumed. After a line or a bad line `input` must stay as long as the views
  // are used.
  LineStep consume(std::string_view input);

  // The end of a datagram or body: ends an unfinished line as a line feed would. need_more says that there was none. The next
  // consume begins a new line; stream_offset() goes on.
  LineEvent finish();

  const ParsedLine& line() const { return line_; }
  const BadLine& bad_line() const { return bad_line_; }

  uint64_t stream_offset() const { return stream_offset_; }  // bytes consumed so far
  size_t memory_size() const;                                // held now; 0 between lines once need_more was returned

 private:
  enum class State : uint8_t { table, name, value, string, string_end, timestamp };
  enum class Step : uint8_t { again, line, bad, starved };

  // Where the bytes of a line are.
  LineStep parse_in_place(std::string_view input, size_t used);
  LineStep parse_carried(std::string_view input);
  LineStep refuse_in_place(std::string_view input);
  LineStep refuse_carried(std::string_view input, size_t used);
  LineStep skip(std::string_view input, size_t used);
  LineStep step(LineEvent event, size_t consumed);
  LineEvent end_bad_line(std::string_view raw);
  void open_line(const char* start, uint64_t offset);
  void move_to_carry(std::string_view text);
  void append_to_carry(std::string_view bytes);
  void cut_carry(size_t size);
  void grow(std::string& buffer, size_t size);
  void rebase_line(const char* from, const char* to);
  void rebase_views(std::string_view from, const char* to);
  void release_memory();
  size_t kept_size_max() const;

  // What they mean.
  Step scan();
  Step scan_table();
  Step scan_name();
  Step scan_value();
  Step scan_string();
  Step scan_string_end();
  Step scan_timestamp();
  Step find_stop(uint8_t stop);
  Step take_escape();
  Step end_table();
  Step end_name();
  Step end_symbol();
  Step end_field();
  Step end_string();
  Step end_value();
  Step end_timestamp();
  Step accept();
  bool take_expected_name();
  void expect_name(std::string_view name);
  void set_text(ValueKind kind, std::string_view text);
  Step fail(LineError error, std::string_view name = {}, std::string_view value = {});
  Step fail_in_place();
  void begin_token(State state);
  std::string_view token() const { return {token_, static_cast<size_t>(at_ - token_)}; }
  std::string_view content(std::string_view token) { return (seen_ & class_backslash) == 0 ? token : unescape(token); }
  std::string_view unescape(std::string_view token);

  const LineParserOptions options_;
  uint64_t stream_offset_ = 0;

  // The current line. Pointers are into the input or, when the line came in pieces, into carry_.
  State state_ = State::table;
  bool line_open_ = false;  // a first byte was read, the event is not out
  bool skipping_ = false;   // a bad line whose end is not found
  bool in_fields_ = false;
  uint8_t seen_ = 0;  // classes of the token's bytes so far
  const char* line_start_ = nullptr;
  const char* token_ = nullptr;  // start of the token
  const char* at_ = nullptr;     // next byte to look at; a backslash waits here for its second byte
  const char* end_ = nullptr;    // of the bytes that may be looked at
  size_t value_count_ = 0;

  std::vector<LineEntity> entities_;         // the first value_count_ are whole, the next one may have its name
  std::vector<std::string> expected_names_;  // by place in the line, with the '=' behind them
  std::string carry_;                        // the line that came in pieces
  std::string unescaped_;                    // texts of the current line that were sent with backslashes
  ParsedLine line_;
  BadLine bad_line_;
};

}  // namespace net
