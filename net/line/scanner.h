// What the bytes of one line of protocol text mean, resumable at every byte. Where the bytes lie, and when they move, is the
// parser's (parser.h), which owns this and tells it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/line/byte_class.h"
#include "net/line/error.h"
#include "net/line/parsed_line.h"
#include "net/line/value.h"

namespace net {

inline constexpr size_t line_values_max = size_t{16} << 10;  // tags and fields of one line

// `text` in memory for at least `size` bytes, and for more to come.
std::string with_room(const std::string& text, size_t size);

// Belongs to one parser.
class LineScanner {
 public:
  enum class Step : uint8_t {
    again,    // inside only: goes on with the next token
    line,     // line() is valid, at() is behind the line end
    bad,      // bad_line() says why, but not yet its text; at() is on the byte that was found wrong
    starved,  // all bytes are looked at
  };

  LineScanner() = default;
  LineScanner(const LineScanner&) = delete;
  LineScanner& operator=(const LineScanner&) = delete;
  ~LineScanner() = default;

  // Begins a line at `start`, `offset` bytes behind the start of the stream.
  void open(const char* start, uint64_t offset);

  // Goes on from at() to `end`.
  Step scan(const char* end);

  // No byte comes behind those seen, and the line is not ended: its last token is wrong.
  Step fail_unended() { return fail_in_place(); }

  // `at` is behind the last byte that a line may have.
  Step fail_too_large(const char* at);

  const char* start() const { return line_start_; }
  const char* at() const { return at_; }

  // While starved: bytes to come that are counted, not looked at, and hence may be line ends. 0: none is known to be.
  size_t bytes_to_count() const { return state_ == State::binary ? binary_size_ - static_cast<size_t>(at_ - token_) : 0; }

  const ParsedLine& line() const { return line_; }
  BadLine& bad_line() { return bad_line_; }
  const BadLine& bad_line() const { return bad_line_; }

  // The line, as far as it was scanned, now lies at `to`: where it goes on, and its views.
  void rebase_line(const char* from, const char* to);
  void rebase_views(std::string_view from, const char* to);

  void forget_texts() { unescaped_.clear(); }  // once nobody reads the last line any more
  void release_memory();
  size_t memory_size() const;  // at least what is held

 private:
  enum class State : uint8_t { table, name, value, string, string_end, binary, binary_end, timestamp };

  Step scan_table();
  Step scan_name();
  Step scan_value();
  Step scan_string();
  Step scan_string_end();
  Step scan_binary();
  Step scan_binary_end();
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
  LineEntity& entity() { return entities_.data()[value_count_]; }  // the one that is read; end_name makes room for it
  bool take_expected_name();
  bool take_plain_field();
  bool take_plain_timestamp();
  void expect_name(std::string_view name);
  void set_text(ValueKind kind, std::string_view text);
  Step fail(LineError error, std::string_view name = {}, std::string_view value = {});
  Step fail_in_place();
  void begin_token(State state);
  std::string_view token() const { return {token_, static_cast<size_t>(at_ - token_)}; }
  std::string_view content(std::string_view token) { return (seen_ & class_backslash) == 0 ? token : unescape(token); }
  std::string_view unescape(std::string_view token);

  // Pointers are into the parser's input or, when the line came in pieces, into its copy.
  State state_ = State::table;
  bool in_fields_ = false;
  uint8_t seen_ = 0;  // classes of the token's bytes so far
  const char* line_start_ = nullptr;
  const char* token_ = nullptr;  // start of the token
  const char* at_ = nullptr;     // next byte to look at; a backslash waits here for its second byte
  const char* end_ = nullptr;    // of the bytes that may be looked at
  size_t value_count_ = 0;
  size_t binary_size_ = 0;  // of a binary value, as far as it is known

  std::vector<LineEntity> entities_;         // the first value_count_ are whole, the next one may have its name
  std::vector<std::string> expected_names_;  // by place in the line, with the '=' behind them; empty: none is expected
  std::string unescaped_;                    // texts of the current line that were sent with backslashes
  ParsedLine line_;
  BadLine bad_line_;
};

}  // namespace net
