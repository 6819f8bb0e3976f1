// The parser of line protocol text, for TCP, UDP and HTTP bodies alike. It is the specification in code: plain, byte by byte,
// and where a shortcut takes many bytes at once (LineScanner::take_...), it takes only what the plain way would have taken.
//
// line := table { "," tag "=" symbol } [ " " field "=" value { "," field "=" value } ] [ " " timestamp ] ( LF | CR )
// A value that begins with a second '=' is binary (binary_value.h).
//
// Guarantees:
// - A stream gives the same events however it is cut into pieces, in time linear in its size.
// - A line that lies whole in the given bytes is parsed where it lies. Only the unfinished line at the end of a piece is
//   copied; it may have line_size_max bytes, and its memory is released as soon as no line is unfinished, that of a long line
//   as soon as it has passed.
// - No allocation per line once the buffers have grown to what the lines need.
// - A bad line never hides the next one: it ends at the first CR or LF at or behind the byte that was found wrong.
//
// What the parser does not judge: two columns of one name, types and ranges that depend on a table, the length of texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/line/parsed_line.h"
#include "net/line/scanner.h"

namespace net {

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
  // consume begins a new line; stream_offset() goes on. A binary value that lacks bytes takes its line with it, in silence, as
  // on QuestDB.
  LineEvent finish();

  // After a line: its text moves into the parser, so that line() stays valid when the input goes.
  void keep_line();

  const ParsedLine& line() const { return scanner_.line(); }
  const BadLine& bad_line() const { return scanner_.bad_line(); }

  uint64_t stream_offset() const { return stream_offset_; }  // bytes consumed so far
  size_t memory_size() const;                                // held now, at most; 0 between lines once need_more was returned

 private:
  using Step = LineScanner::Step;

  LineStep parse_in_place(std::string_view input, size_t used);
  LineStep parse_carried(std::string_view input);
  LineStep reject_in_place(std::string_view input);
  LineStep reject_carried(std::string_view input, size_t used);
  LineEvent give_up_carried();
  LineStep skip(std::string_view input, size_t used);
  LineStep step(LineEvent event, size_t consumed);
  LineEvent end_bad_line(std::string_view raw);
  void move_to_carry(std::string_view text);
  void append_to_carry(std::string_view bytes);
  void cut_carry(size_t size);
  std::string carry_with_room(size_t size) const;
  const char* carry_end() const { return carry_.data() + carry_.size(); }
  void release_memory();
  size_t kept_size_max() const;

  const LineParserOptions options_;
  uint64_t stream_offset_ = 0;
  bool line_open_ = false;  // a first byte was read, the event is not out
  bool skipping_ = false;   // a bad line whose end is not found
  LineScanner scanner_;
  std::string carry_;  // the line that came in pieces
};

}  // namespace net
