#include "net/ddl/token_reader.h"

#include <algorithm>
#include <charconv>

namespace net {
namespace {

// [brackets] are no way to quote a name here: they belong to the types of arrays.
bool is_quoted_name(const SqlToken& token) { return token.kind == SqlToken::Kind::quoted && token.raw.front() != '['; }

// Each quote inside of it was written twice.
bool is_closed(const SqlToken& token) {
  const auto inner = static_cast<size_t>(std::ranges::count(token.text, token.raw.front()));
  return token.raw.size() == token.text.size() + inner + 2;
}

std::string quoted(std::string_view what) { return std::string("'").append(what).append("' expected"); }

}  // namespace

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

TokenReader::TokenReader(std::string_view text) : tokens_(tokenize_sql(text)), end_(text.size()) {}

bool TokenReader::is_word(std::string_view keyword) const { return !at_end() && tokens_[next_].is_word(keyword); }

bool TokenReader::take(std::initializer_list<std::string_view> keywords) {
  if (count_left() < keywords.size()) return false;
  const auto is_same = [](std::string_view keyword, const SqlToken& token) { return token.is_word(keyword); };
  if (!std::equal(keywords.begin(), keywords.end(), tokens_.begin() + static_cast<std::ptrdiff_t>(next_), is_same))
    return false;
  next_ += keywords.size();
  return true;
}

bool TokenReader::take_mark(char mark) {
  if (!is_mark(mark)) return false;
  ++next_;
  return true;
}

bool TokenReader::take_brackets() {
  if (at_end() || tokens_[next_].raw != "[]") return false;
  ++next_;
  return true;
}

void TokenReader::expect(std::string_view keyword) {
  if (!take({keyword})) fail(quoted(keyword));
}

void TokenReader::expect_mark(char mark) {
  if (!take_mark(mark)) fail(quoted({&mark, 1}));
}

DdlName TokenReader::take_name(std::string_view what) {
  DdlName name{.text = {}, .position = position()};
  if (at_end() || (tokens_[next_].kind != SqlToken::Kind::word && !is_quoted_name(tokens_[next_]))) {
    fail(std::string(what).append(" expected"));
    return name;
  }
  if (is_quoted_name(tokens_[next_]) && !is_closed(tokens_[next_])) {
    fail("a quote that is not closed");
    return name;
  }
  name.text = tokens_[next_++].text;
  return name;
}

DdlName TokenReader::take_word(std::string_view what) {
  DdlName word{.text = {}, .position = position()};
  if (at_end() || tokens_[next_].kind != SqlToken::Kind::word) {
    fail(std::string(what).append(" expected"));
    return word;
  }
  word.text = upper_case(tokens_[next_++].text);
  return word;
}

TokenReader::Number TokenReader::take_number(std::string_view what) {
  Number number{.value = 0, .unit = {}, .position = position()};
  const std::string_view text = at_end() ? std::string_view() : tokens_[next_].raw;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number.value);
  if (error != std::errc{}) {
    fail(std::string(what).append(" expected"));
    return number;
  }
  number.unit = text.substr(static_cast<size_t>(end - text.data()));
  ++next_;
  return number;
}

void TokenReader::skip(std::string_view what) {
  if (at_end() || is_mark(',') || is_mark(';') || is_mark('(') || is_mark(')'))
    return fail(std::string(what).append(" expected"));
  take_anything();
}

void TokenReader::fail_at(size_t position, std::string message) {
  if (!error_) error_ = DdlError{.message = std::move(message), .position = position};
  next_ = tokens_.size();
}

void TokenReader::fail_here() {
  if (at_end()) return fail("unexpected end of the statement");
  fail("unexpected token [" + std::string(tokens_[next_].raw) + "]");
}

}  // namespace net
