#include "net/body/multipart.h"

#include <algorithm>
#include <utility>

#include "engine/base/ascii.h"
#include "engine/base/verify.h"
#include "net/body/words.h"

namespace net {
namespace {

// The value at the front of `text`, which stands behind a parameter's "=": a word, or a text in quotes. Takes it from there,
// together with what follows up to the next parameter.
std::string take_value(std::string_view& text) {
  std::string value;
  const bool quoted = text.starts_with('"');
  size_t i = quoted ? 1 : 0;
  while (i < text.size() && text[i] != (quoted ? '"' : ';')) {
    if (quoted && text[i] == '\\' && i + 1 < text.size()) ++i;
    value += text[i++];
  }
  text.remove_prefix(std::min(text.size(), text.find(';', i)));
  return quoted ? value : std::string(trim_blanks(value));
}

bool is_usable(std::string_view boundary) {
  return !boundary.empty() && boundary.size() <= MultipartDecoder::boundary_size_max &&
         std::ranges::all_of(boundary, [](char letter) { return letter >= ' ' && letter <= '~'; });
}

absl::Status malformed(std::string_view what) {
  return engine::invalid_argument("malformed multipart body: " + std::string(what));
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  const std::string_view type = trim_blanks(content_type.substr(0, content_type.find(';')));
  if (!engine::equals_ignoring_case(type, "multipart/form-data") && !engine::equals_ignoring_case(type, "multipart/mixed"))
    return std::nullopt;
  content_type.remove_prefix(std::min(content_type.size(), content_type.find(';')));
  while (!content_type.empty()) {
    content_type.remove_prefix(1);  // the semicolon
    const std::string_view name = trim_blanks(content_type.substr(0, content_type.find_first_of("=;")));
    content_type.remove_prefix(std::min(content_type.size(), content_type.find_first_of("=;")));
    if (!content_type.starts_with('=')) continue;
    content_type.remove_prefix(1);
    const std::string value = take_value(content_type);
    if (engine::equals_ignoring_case(name, "boundary")) return is_usable(value) ? value : std::string();
  }
  return std::string();
}

MultipartDecoder::MultipartDecoder(std::string_view boundary) : delimiter_("\r\n--" + std::string(boundary)), matched_(2) {
  VERIFY(is_usable(boundary));
}

absl::StatusOr<std::string_view> MultipartDecoder::decode(std::string_view& input) {
  while (!input.empty()) {
    switch (state_) {
      case State::preamble:
      case State::content: {
        const bool is_content = state_ == State::content;
        const std::string_view piece = take_content(input);
        if (is_content && !piece.empty()) return piece;
        break;
      }
      case State::boundary_end:
      case State::headers:
        RETURN_IF_ERROR(take_byte(input.front()));
        input.remove_prefix(1);
        break;
      case State::epilogue:
        input = {};
        break;
    }
  }
  return std::string_view();
}

// Bytes of `text` that are the delimiter's, from matched_ on.
size_t MultipartDecoder::matching_size(std::string_view text) const {
  const std::string_view rest = std::string_view(delimiter_).substr(matched_);
  const auto differing = std::ranges::mismatch(rest, text);
  return static_cast<size_t>(differing.in1 - rest.begin());
}

// Up to the next bytes that are a delimiter, or may become one with what is still to come. Those are held back by their number:
// if they become none they are given from the delimiter's own text, whose first letter is not in it again.
std::string_view MultipartDecoder::take_content(std::string_view& input) {
  if (matched_ == 0) {
    size_t size = input.find('\r');
    while (size < input.size() && matching_size(input.substr(size)) < std::min(delimiter_.size(), input.size() - size)) {
      size = input.find('\r', size + 1);
    }
    const std::string_view piece = input.substr(0, size);
    input.remove_prefix(piece.size());
    if (!piece.empty()) return piece;
  }
  const size_t more = matching_size(input);
  input.remove_prefix(more);
  matched_ += more;
  if (matched_ == delimiter_.size()) {
    state_ = State::boundary_end;
    matched_ = header_size_ = line_size_ = 0;
    last_ = 0;
    return {};
  }
  return input.empty() ? std::string_view() : std::string_view(delimiter_).substr(0, std::exchange(matched_, 0));
}

// Of what stands between a boundary and a part's content, or at the end of all.
absl::Status MultipartDecoder::take_byte(char byte) {
  const char last = std::exchange(last_, byte);
  if (++header_size_ > header_size_max) return malformed("headers of a part are too long");
  if (state_ == State::boundary_end) {
    if (last == '-' && byte == '-' && header_size_ == 2) {
      state_ = State::epilogue;
    } else if (last == '\r' && byte == '\n') {
      state_ = State::headers;
    } else if (last == '\r' || last == '-' || (byte != '\r' && byte != ' ' && byte != '\t' && byte != '-')) {
      return malformed("what stands behind a boundary is no line end");
    }
    return absl::OkStatus();
  }
  if (last == '\r' && byte == '\n') {
    if (line_size_ == 0) state_ = State::content;
    line_size_ = 0;
  } else if (byte != '\r') {
    ++line_size_;
  }
  return absl::OkStatus();
}

absl::Status MultipartDecoder::finish() const {
  return state_ == State::epilogue ? absl::OkStatus() : malformed("it ends before its last boundary");
}

}  // namespace net
