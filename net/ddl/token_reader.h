// Reads a statement token by token. The first thing that is wrong is kept, and from then on nothing more is found, so that a
// grammar can be written down straight and asked once, at its end, whether all went well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/ddl/statement.h"
#include "net/sql/text.h"

namespace net {

// Of ASCII letters, which keywords are made of.
std::string upper_case(std::string_view text);

class TokenReader {
 public:
  // `text` outlives the reader.
  explicit TokenReader(std::string_view text);

  bool at_end() const { return next_ == tokens_.size(); }  // or something was wrong
  size_t count_left() const { return tokens_.size() - next_; }
  // Of the next token, or of the end of the text.
  size_t position() const { return at_end() ? end_ : tokens_[next_].offset; }

  bool is_word(std::string_view keyword) const;
  bool is_mark(char mark) const { return !at_end() && tokens_[next_].is_mark(mark); }

  // Takes the words or the mark, all of them, if they come next.
  bool take(std::initializer_list<std::string_view> keywords);
  bool take_mark(char mark);
  // `[]`
  bool take_brackets();

  // The same, and otherwise something is wrong.
  void expect(std::string_view keyword);
  void expect_mark(char mark);

  // A word or a quoted text. `what` says for messages what is looked for.
  DdlName take_name(std::string_view what);
  // A word, in upper case.
  DdlName take_word(std::string_view what);
  // A number with the letters behind it: 12, 8c, 30d.
  struct Number {
    uint32_t value = 0;
    std::string unit;  // as written
    size_t position = 0;
  };
  Number take_number(std::string_view what);
  // Anything but what stands between values.
  void skip(std::string_view what);
  // Whatever comes next.
  void take_anything() { next_ += at_end() ? 0 : 1; }

  void fail(std::string message) { fail_at(position(), std::move(message)); }
  void fail_at(size_t position, std::string message);
  // Whatever comes next has no place here.
  void fail_here();

  bool ok() const { return !error_; }
  DdlError take_error() { return *std::exchange(error_, std::nullopt); }

 private:
  std::vector<SqlToken> tokens_;
  size_t next_ = 0;
  size_t end_;
  std::optional<DdlError> error_;
};

}  // namespace net
