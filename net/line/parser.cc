#include "net/line/parser.h"

#include <algorithm>

#include "engine/base/verify.h"
#include "net/line/byte_class.h"

namespace net {
namespace {

constexpr size_t carry_size_idle_max = size_t{64} << 10;  // a carry that grew beyond is given back with its line

}  // namespace

LineParser::LineParser(LineParserOptions options) : options_(options) { VERIFY_GT(options_.line_size_max, 0U); }

LineStep LineParser::consume(std::string_view input) {
  if (!line_open_) {
    if (carry_.capacity() > carry_size_idle_max) release_memory();
    carry_.clear();
    scanner_.forget_texts();
  }
  if (skipping_) return skip(input, 0);
  return line_open_ ? parse_carried(input) : parse_in_place(input, 0);
}

LineEvent LineParser::finish() {
  if (!line_open_) {
    skipping_ = false;
    release_memory();
    return LineEvent::need_more;
  }
  if (skipping_) return end_bad_line(carry_);
  if (scanner_.bytes_to_count() != 0) {
    line_open_ = false;
    release_memory();
    return LineEvent::need_more;
  }
  append_to_carry("\n");
  Step last = scanner_.scan(carry_end());
  if (last == Step::starved) last = scanner_.fail_unended();  // a backslash took the line feed
  if (last == Step::bad) {
    scanner_.bad_line().size = carry_.size() - 1;
    return end_bad_line(std::string_view(carry_).substr(0, carry_.size() - 1));
  }
  line_open_ = false;
  return LineEvent::line;
}

void LineParser::keep_line() {
  VERIFY(!line_open_);
  const std::string_view text = scanner_.line().raw;
  if (!carry_.empty()) return;  // it came in pieces
  carry_ = with_room({}, text.size());
  carry_.assign(text);
  scanner_.rebase_views(text, carry_.data());
}

size_t LineParser::memory_size() const { return scanner_.memory_size() + carry_.capacity() - std::string().capacity(); }

// The first `used` bytes of `input` are done with. No line is open.
LineStep LineParser::parse_in_place(std::string_view input, size_t used) {
  const char* const input_end = input.data() + input.size();
  const char* start = input.data() + used;
  while (start != input_end && (is_line_end(*start) || *start == '=')) ++start;  // an '=' in front counts as an empty line
  if (start == input_end) {
    release_memory();
    return step(LineEvent::need_more, input.size());
  }
  line_open_ = true;
  scanner_.open(start, stream_offset_ + static_cast<uint64_t>(start - input.data()));
  const char* const end = start + std::min(static_cast<size_t>(input_end - start), options_.line_size_max + 1);
  Step last = scanner_.scan(end);
  if (last == Step::line) {
    line_open_ = false;
    return step(LineEvent::line, static_cast<size_t>(scanner_.at() - input.data()));
  }
  const bool too_large = static_cast<size_t>(end - start) > options_.line_size_max;
  if (last == Step::starved && too_large) last = scanner_.fail_too_large(end);
  if (last == Step::bad) return reject_in_place(input);
  move_to_carry({start, static_cast<size_t>(input_end - start)});
  return step(LineEvent::need_more, input.size());
}

// The open line is in carry_ as far as it is known. Pieces end with the next CR or LF, so nothing behind the line is copied;
// those inside a binary value are counted off first.
LineStep LineParser::parse_carried(std::string_view input) {
  size_t used = 0;
  while (used < input.size()) {
    const std::string_view piece = input.substr(used, options_.line_size_max + 1 - carry_.size());
    const char* const piece_end = piece.data() + piece.size();
    const char* const line_end = find_line_end(piece.data() + std::min(scanner_.bytes_to_count(), piece.size()), piece_end);
    const size_t piece_size = static_cast<size_t>(line_end - piece.data()) + (line_end == piece_end ? 0 : 1);
    append_to_carry(piece.substr(0, piece_size));
    used += piece_size;
    Step last = scanner_.scan(carry_end());
    if (last == Step::line) {
      VERIFY(scanner_.at() == carry_end());
      line_open_ = false;
      return step(LineEvent::line, used);
    }
    const bool too_large = carry_.size() > options_.line_size_max;
    if (last == Step::starved && too_large) last = scanner_.fail_too_large(carry_end());
    if (last == Step::bad) return reject_carried(input, used);
  }
  return step(LineEvent::need_more, input.size());
}

// The line was found wrong at a byte that lies in `input`.
LineStep LineParser::reject_in_place(std::string_view input) {
  const char* const input_end = input.data() + input.size();
  const bool at_detection = options_.report == BadLineReport::at_detection;
  const char* const end = at_detection ? scanner_.at() : find_line_end(scanner_.at(), input_end);
  const auto size = static_cast<size_t>(end - scanner_.start());
  const std::string_view raw(scanner_.start(), std::min(size, kept_size_max()));
  scanner_.bad_line().size = size;
  if (!at_detection && end == input_end) {
    skipping_ = true;
    move_to_carry(raw);
    return step(LineEvent::need_more, input.size());
  }
  const LineEvent event = end_bad_line(raw);
  skipping_ = at_detection;
  return step(event, static_cast<size_t>(end - input.data()) + (at_detection ? 0 : 1));
}

// The line was found wrong at a byte that lies in carry_ and in the last bytes of the first `used` of `input`.
LineStep LineParser::reject_carried(std::string_view input, size_t used) {
  const auto behind = static_cast<size_t>(carry_end() - scanner_.at());
  VERIFY_LE(behind, used);
  used -= behind;
  carry_.resize(carry_.size() - behind);
  const LineEvent event = give_up_carried();
  return event == LineEvent::need_more ? skip(input, used) : step(event, used);
}

// The line in carry_ is bad, and its end not found. need_more: the event comes with the end.
LineEvent LineParser::give_up_carried() {
  scanner_.bad_line().size = carry_.size();
  skipping_ = true;
  if (carry_.size() > kept_size_max()) cut_carry(kept_size_max());
  if (options_.report == BadLineReport::at_line_end) return LineEvent::need_more;
  const LineEvent event = end_bad_line(carry_);
  skipping_ = true;
  return event;
}

// Looks for the end of the bad line.
LineStep LineParser::skip(std::string_view input, size_t used) {
  const std::string_view rest = input.substr(used);
  const char* const input_end = rest.data() + rest.size();
  const char* const end = find_line_end(rest.data(), input_end);
  const auto size = static_cast<size_t>(end - rest.data());
  if (line_open_) {
    append_to_carry(rest.substr(0, std::min(size, kept_size_max() - carry_.size())));
    scanner_.bad_line().size += size;
  }
  if (end == input_end) {
    if (!line_open_) release_memory();
    return step(LineEvent::need_more, input.size());
  }
  skipping_ = false;
  used += size + 1;
  return line_open_ ? step(end_bad_line(carry_), used) : parse_in_place(input, used);
}

LineStep LineParser::step(LineEvent event, size_t consumed) {
  stream_offset_ += consumed;
  return {event, consumed};
}

LineEvent LineParser::end_bad_line(std::string_view raw) {
  scanner_.bad_line().raw = raw;
  line_open_ = false;
  skipping_ = false;
  return LineEvent::bad_line;
}

// A large line is cut down to what a log may want of it.
size_t LineParser::kept_size_max() const {
  return bad_line().error == LineError::line_too_large ? std::min(large_line_text_size_max, options_.line_size_max)
                                                       : options_.line_size_max;
}

void LineParser::move_to_carry(std::string_view text) {
  if (text.size() > carry_.capacity()) carry_ = with_room({}, text.size());
  carry_.assign(text);
  scanner_.rebase_views(text, carry_.data());
  if (!skipping_) scanner_.rebase_line(text.data(), carry_.data());
}

void LineParser::append_to_carry(std::string_view bytes) {
  if (carry_.size() + bytes.size() > carry_.capacity()) {
    std::string larger = carry_with_room(carry_.size() + bytes.size());
    scanner_.rebase_views(carry_, larger.data());
    if (!skipping_) scanner_.rebase_line(carry_.data(), larger.data());
    carry_.swap(larger);
  }
  carry_.append(bytes);
}

// Twice as much each time, and never more than the largest line needs.
std::string LineParser::carry_with_room(size_t size) const {
  const size_t doubled = std::min(2 * carry_.capacity(), options_.line_size_max + 1);
  std::string larger;
  larger.reserve(std::max(size, doubled));
  larger.assign(carry_);
  return larger;
}

// Keeps the front and gives the rest of the memory back.
void LineParser::cut_carry(size_t size) {
  std::string front = with_room({}, size);
  front.assign(carry_, 0, size);
  scanner_.rebase_views(std::string_view(carry_).substr(0, size), front.data());
  carry_.swap(front);
}

// An idle stream holds nothing.
void LineParser::release_memory() {
  if (memory_size() == 0) return;
  scanner_.release_memory();
  std::string().swap(carry_);
}

}  // namespace net
