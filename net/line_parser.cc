#include "net/line_parser.h"

#include <algorithm>

#include "engine/text_hash.h"
#include "engine/verify.h"
#include "net/byte_class.h"
#include "net/name_rules.h"
#include "net/utf8.h"

namespace net {
namespace {

constexpr size_t carry_size_idle_max = size_t{64} << 10;  // a carry that grew beyond is given back before the next line goes in
constexpr size_t entities_size_min = 32;
constexpr size_t buffer_size_min = 256;
constexpr size_t expected_names_max = 256;  // later places of a line have their names read byte by byte

}  // namespace

LineParser::LineParser(LineParserOptions options) : options_(options) { VERIFY_GT(options_.line_size_max, 0U); }

LineStep LineParser::consume(std::string_view input) {
  if (!line_open_) {
    carry_.clear();
    unescaped_.clear();
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
  append_to_carry("\n");
  Step last = scan();
  if (last == Step::starved) last = fail_in_place();  // a backslash took the line feed
  if (last == Step::bad) {
    bad_line_.size = carry_.size() - 1;
    return end_bad_line(std::string_view(carry_).substr(0, carry_.size() - 1));
  }
  line_open_ = false;
  return LineEvent::line;
}

size_t LineParser::memory_size() const {
  return entities_.capacity() * sizeof(LineEntity) + expected_names_.capacity() * sizeof(std::string) + carry_.capacity() +
         unescaped_.capacity() - 2 * std::string().capacity();
}

// The first `used` bytes of `input` are done with. No line is open.
LineStep LineParser::parse_in_place(std::string_view input, size_t used) {
  const char* const input_end = input.data() + input.size();
  const char* start = input.data() + used;
  while (start != input_end && (is_line_end(*start) || *start == '=')) ++start;  // an '=' in front counts as an empty line
  if (start == input_end) {
    release_memory();
    return step(LineEvent::need_more, input.size());
  }
  open_line(start, stream_offset_ + static_cast<uint64_t>(start - input.data()));
  end_ = start + std::min(static_cast<size_t>(input_end - start), options_.line_size_max + 1);
  const Step last = scan();
  if (last == Step::line) {
    line_open_ = false;
    return step(LineEvent::line, static_cast<size_t>(at_ - input.data()));
  }
  if (last == Step::bad) return refuse_in_place(input);
  if (static_cast<size_t>(end_ - start) > options_.line_size_max) {
    at_ = end_;
    fail(LineError::line_too_large);
    return refuse_in_place(input);
  }
  move_to_carry({start, static_cast<size_t>(input_end - start)});
  return step(LineEvent::need_more, input.size());
}

// The open line is in carry_ as far as it is known. Pieces end with the next CR or LF, so nothing behind the line is copied.
LineStep LineParser::parse_carried(std::string_view input) {
  size_t used = 0;
  while (used < input.size()) {
    const std::string_view piece = input.substr(used, options_.line_size_max + 1 - carry_.size());
    const char* const piece_end = piece.data() + piece.size();
    const char* const line_end = find_line_end(piece.data(), piece_end);
    const size_t piece_size = static_cast<size_t>(line_end - piece.data()) + (line_end == piece_end ? 0 : 1);
    append_to_carry(piece.substr(0, piece_size));
    used += piece_size;
    const Step last = scan();
    if (last == Step::line) {
      VERIFY(at_ == end_);
      line_open_ = false;
      return step(LineEvent::line, used);
    }
    if (last == Step::bad) return refuse_carried(input, used);
    if (carry_.size() > options_.line_size_max) {
      at_ = end_;
      fail(LineError::line_too_large);
      return refuse_carried(input, used);
    }
  }
  return step(LineEvent::need_more, input.size());
}

// The line was found wrong at at_, which lies in `input`.
LineStep LineParser::refuse_in_place(std::string_view input) {
  const char* const input_end = input.data() + input.size();
  const bool at_detection = options_.report == BadLineReport::at_detection;
  const char* const end = at_detection ? at_ : find_line_end(at_, input_end);
  bad_line_.size = static_cast<uint64_t>(end - line_start_);
  const std::string_view raw(line_start_, std::min(bad_line_.size, kept_size_max()));
  if (!at_detection && end == input_end) {
    skipping_ = true;
    move_to_carry(raw);
    return step(LineEvent::need_more, input.size());
  }
  const LineEvent event = end_bad_line(raw);
  skipping_ = at_detection;
  return step(event, static_cast<size_t>(end - input.data()) + (at_detection ? 0 : 1));
}

// The line was found wrong at at_, which lies in carry_ and in the last bytes of the first `used` of `input`.
LineStep LineParser::refuse_carried(std::string_view input, size_t used) {
  const auto behind = static_cast<size_t>(end_ - at_);
  VERIFY_LE(behind, used);
  used -= behind;
  carry_.resize(carry_.size() - behind);
  bad_line_.size = carry_.size();
  skipping_ = true;
  if (carry_.size() > kept_size_max()) cut_carry(kept_size_max());
  if (options_.report == BadLineReport::at_line_end) return skip(input, used);
  const LineEvent event = end_bad_line(carry_);
  skipping_ = true;
  return step(event, used);
}

// Looks for the end of the bad line.
LineStep LineParser::skip(std::string_view input, size_t used) {
  const std::string_view rest = input.substr(used);
  const char* const input_end = rest.data() + rest.size();
  const char* const end = find_line_end(rest.data(), input_end);
  const auto size = static_cast<size_t>(end - rest.data());
  if (line_open_) {
    append_to_carry(rest.substr(0, std::min(size, kept_size_max() - carry_.size())));
    bad_line_.size += size;
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
  bad_line_.raw = raw;
  line_open_ = false;
  skipping_ = false;
  return LineEvent::bad_line;
}

void LineParser::open_line(const char* start, uint64_t offset) {
  line_open_ = true;
  in_fields_ = false;
  value_count_ = 0;
  line_ = {.offset = offset};
  line_start_ = at_ = start;
  begin_token(State::table);
}

// A large line is cut down to what a log may want of it.
size_t LineParser::kept_size_max() const {
  return bad_line_.error == LineError::line_too_large ? std::min(large_line_text_size_max, options_.line_size_max)
                                                      : options_.line_size_max;
}

void LineParser::move_to_carry(std::string_view text) {
  if (carry_.capacity() > carry_size_idle_max) std::string().swap(carry_);
  grow(carry_, text.size());
  carry_.assign(text);
  rebase_views(text, carry_.data());
  if (!skipping_) rebase_line(text.data(), carry_.data());
  end_ = carry_.data() + carry_.size();
}

void LineParser::append_to_carry(std::string_view bytes) {
  const char* const before = carry_.data();
  grow(carry_, carry_.size() + bytes.size());
  if (!skipping_) rebase_line(before, carry_.data());
  carry_.append(bytes);
  end_ = carry_.data() + carry_.size();
}

// Keeps the front and gives the rest of the memory back.
void LineParser::cut_carry(size_t size) {
  std::string front;
  front.reserve(std::max(size, buffer_size_min));
  front.assign(carry_, 0, size);
  rebase_views(std::string_view(carry_).substr(0, size), front.data());
  carry_.swap(front);
}

// Makes room without a later move; views into the buffer follow.
void LineParser::grow(std::string& buffer, size_t size) {
  if (size <= buffer.capacity()) return;
  std::string larger;
  larger.reserve(std::max({size, 2 * buffer.capacity(), buffer_size_min}));
  larger.assign(buffer);
  rebase_views(buffer, larger.data());
  buffer.swap(larger);
}

void LineParser::rebase_line(const char* from, const char* to) {
  token_ = to + (token_ - from);
  at_ = to + (at_ - from);
  line_start_ = to + (line_start_ - from);
}

void LineParser::rebase_views(std::string_view from, const char* to) {
  const auto rebase = [&](std::string_view& view) {
    const auto offset = reinterpret_cast<uintptr_t>(view.data()) - reinterpret_cast<uintptr_t>(from.data());
    if (!view.empty() && offset < from.size()) view = {to + offset, view.size()};
  };
  rebase(line_.table);
  const size_t open_count = std::min(value_count_ + 1, entities_.size());
  for (LineEntity& entity : std::span(entities_).first(open_count)) {
    rebase(entity.name);
    rebase(entity.value.text);
  }
  rebase(bad_line_.table);
  rebase(bad_line_.name);
  rebase(bad_line_.value);
}

// An idle stream holds nothing.
void LineParser::release_memory() {
  if (memory_size() == 0) return;
  std::vector<LineEntity>().swap(entities_);
  std::vector<std::string>().swap(expected_names_);
  std::string().swap(carry_);
  std::string().swap(unescaped_);
}

LineParser::Step LineParser::scan() {
  for (;;) {
    Step last = Step::again;
    switch (state_) {
      case State::table:
        last = scan_table();
        break;
      case State::name:
        last = scan_name();
        break;
      case State::value:
        last = scan_value();
        break;
      case State::string:
        last = scan_string();
        break;
      case State::string_end:
        last = scan_string_end();
        break;
      case State::timestamp:
        last = scan_timestamp();
        break;
    }
    if (last != Step::again) return last;
  }
}

LineParser::Step LineParser::scan_table() {
  if (const Step found = find_stop(class_separator | class_backslash | class_slash); found != Step::again) return found;
  if (*at_ != ',' && *at_ != ' ') return fail(LineError::no_fields);
  return end_table();
}

LineParser::Step LineParser::scan_name() {
  if (take_expected_name()) return Step::again;
  if (const Step found = find_stop(class_separator | class_backslash | class_slash); found != Step::again) return found;
  const bool empty = at_ == token_;
  if (*at_ == '=') {
    return empty ? fail(in_fields_ ? LineError::incomplete_field : LineError::incomplete_tag) : end_name();
  }
  if (*at_ == ' ' && empty) {
    ++at_;
    begin_token(in_fields_ ? State::timestamp : State::name);
    in_fields_ = true;
    return Step::again;
  }
  if (is_line_end(*at_)) {
    if (empty) return accept();
    const bool tags_only = line_.tag_count > 0 && line_.tag_count == value_count_;
    if (in_fields_ && tags_only) return end_timestamp();
  }
  return fail(in_fields_ ? LineError::missing_field_value : LineError::missing_tag_value, token());
}

LineParser::Step LineParser::scan_value() {
  if (in_fields_ && at_ == token_) {
    if (at_ == end_) return Step::starved;
    if (*at_ == '=') return fail(LineError::unsupported_binary_format, entities_[value_count_].name);
    if (*at_ == '"') {
      ++at_;
      state_ = State::string;
      return Step::again;
    }
  }
  if (const Step found = find_stop(class_separator | class_backslash); found != Step::again) return found;
  if (*at_ == '=') return fail(LineError::invalid_field_separator, entities_[value_count_].name);
  return in_fields_ ? end_field() : end_symbol();
}

LineParser::Step LineParser::scan_string() {
  if (const Step found = find_stop(class_string_end | class_backslash); found != Step::again) return found;
  if (*at_ == '\n') return fail_in_place();
  ++at_;
  state_ = State::string_end;
  return Step::again;
}

LineParser::Step LineParser::scan_string_end() {
  if (at_ == end_) return Step::starved;
  if (*at_ == '=') return fail(LineError::invalid_field_separator, entities_[value_count_].name);
  return *at_ == ',' || *at_ == ' ' || is_line_end(*at_) ? end_string() : fail_in_place();
}

LineParser::Step LineParser::scan_timestamp() {
  if (const Step found = find_stop(class_separator | class_backslash | class_slash); found != Step::again) return found;
  if (!is_line_end(*at_)) return fail(LineError::invalid_field_separator);
  return at_ == token_ ? accept() : end_timestamp();
}

// Goes on to the next byte of the `stop` classes that no backslash protects. `again` means that it is there.
LineParser::Step LineParser::find_stop(uint8_t stop) {
  for (;;) {
    const char* at = at_;
    uint8_t seen = seen_;
    for (; at != end_; ++at) {
      const uint8_t byte_class = class_of(*at);
      if ((byte_class & stop) != 0) break;
      seen |= byte_class;
    }
    at_ = at;
    seen_ = seen;
    if (at == end_) return Step::starved;
    if (*at == '\0' || *at == '/') return fail_in_place();
    if (*at != '\\') return Step::again;
    if (const Step taken = take_escape(); taken != Step::again) return taken;
  }
}

// at_ is on a backslash. The byte behind it is data, except where it could not be part of any name or number.
LineParser::Step LineParser::take_escape() {
  if (end_ - at_ < 2) return Step::starved;
  const char next = at_[1];
  const bool in_value = state_ == State::value || state_ == State::string;
  if ((next == '\\' && !in_value) || (next == '\0' && state_ != State::string)) {
    ++at_;
    return fail_in_place();
  }
  seen_ |= static_cast<uint8_t>(class_backslash | (class_of(next) & class_wide));
  at_ += 2;
  return Step::again;
}

LineParser::Step LineParser::end_table() {
  const std::string_view name = content(token());
  if ((seen_ & class_wide) != 0 && !is_valid_utf8(name)) return fail(LineError::invalid_utf8, name);
  const bool plain = (seen_ & (class_backslash | class_wide | class_dot | class_bad_table)) == 0;
  const bool valid = plain ? !name.empty() && name.size() <= name_size_max : is_valid_table_name(name);
  if (!valid) return fail(LineError::invalid_table_name, name);
  line_.table = name;
  in_fields_ = *at_ == ' ';
  ++at_;
  begin_token(State::name);
  return Step::again;
}

LineParser::Step LineParser::end_name() {
  const std::string_view name = content(token());
  if ((seen_ & class_wide) != 0 && !is_valid_utf8(name)) return fail(LineError::invalid_utf8, name);
  const bool plain = (seen_ & (class_backslash | class_wide | class_bad_column)) == 0;
  const bool valid = plain ? name.size() <= name_size_max : is_valid_column_name(name);
  if (!valid) return fail(LineError::invalid_column_name, name);
  if (value_count_ == entities_.size()) {
    if (value_count_ == line_values_max) return fail(LineError::line_too_wide);
    entities_.resize(std::clamp(2 * value_count_, entities_size_min, line_values_max));
  }
  entities_[value_count_].name = name;
  ++at_;
  if ((seen_ & class_backslash) == 0) expect_name(std::string_view(token_, static_cast<size_t>(at_ - token_)));
  begin_token(State::value);
  return Step::again;
}

// Lines of a stream mostly have the same names in the same places. Where the bytes are those that were a name before, they are
// one again, and need not be looked at one by one.
bool LineParser::take_expected_name() {
  if (value_count_ >= expected_names_.size() || at_ != token_) return false;
  const std::string& expected = expected_names_[value_count_];
  if (static_cast<size_t>(end_ - at_) < expected.size() || !engine::equal_text({at_, expected.size()}, expected)) return false;
  entities_[value_count_].name = {at_, expected.size() - 1};
  at_ += expected.size();
  begin_token(State::value);
  return true;
}

// `name` is sent without backslashes, and valid; its '=' is the last byte.
void LineParser::expect_name(std::string_view name) {
  if (value_count_ < expected_names_.size()) {
    expected_names_[value_count_] = name;
  } else if (value_count_ == expected_names_.size() && value_count_ < expected_names_max) {
    expected_names_.emplace_back(name);
  }
}

LineParser::Step LineParser::end_symbol() {
  const std::string_view text = content(token());
  if ((seen_ & class_wide) != 0 && !is_valid_utf8(text)) {
    return fail(LineError::invalid_utf8, entities_[value_count_].name, text);
  }
  ++line_.tag_count;
  set_text(ValueKind::symbol, text);
  return end_value();
}

LineParser::Step LineParser::end_field() {
  if (at_ == token_) {
    set_text(ValueKind::null, {});
    return end_value();
  }
  const std::string_view text = content(token());
  LineValue& value = entities_[value_count_].value;
  LineError error = read_field(text, value);
  if (value.kind == ValueKind::string && (seen_ & class_wide) != 0 && !is_valid_utf8(value.text))
    error = LineError::invalid_utf8;
  if (error != LineError::none) return fail(error, entities_[value_count_].name, token());
  return end_value();
}

LineParser::Step LineParser::end_string() {
  const std::string_view quoted = token();
  const std::string_view text = content(quoted.substr(1, quoted.size() - 2));
  if ((seen_ & class_wide) != 0 && !is_valid_utf8(text)) {
    return fail(LineError::invalid_utf8, entities_[value_count_].name, text);
  }
  set_text(ValueKind::string, text);
  return end_value();
}

// Member by member: a copy of a value that was just put together would wait until its parts have left the store buffer.
void LineParser::set_text(ValueKind kind, std::string_view text) {
  LineValue& value = entities_[value_count_].value;
  value.kind = kind;
  value.text = text;
}

// The value of entities_[value_count_] is set; at_ is on a comma, space or line end.
LineParser::Step LineParser::end_value() {
  ++value_count_;
  if (is_line_end(*at_)) return accept();
  const bool section_ends = *at_ == ' ';
  ++at_;
  begin_token(section_ends && in_fields_ ? State::timestamp : State::name);
  in_fields_ |= section_ends;
  return Step::again;
}

LineParser::Step LineParser::end_timestamp() {
  constexpr int64_t null_long = INT64_MIN;
  const std::optional<TimestampToken> timestamp = parse_timestamp(content(token()));
  if (!timestamp) return fail(LineError::invalid_timestamp, {}, token());
  line_.has_timestamp = timestamp->value != null_long;
  line_.timestamp = timestamp->value;
  line_.timestamp_unit = timestamp->unit;
  return accept();
}

// at_ is on the line end.
LineParser::Step LineParser::accept() {
  if (value_count_ == 0) return fail(LineError::no_fields);
  line_.entities = std::span(entities_).first(value_count_);
  line_.raw = {line_start_, static_cast<size_t>(at_ - line_start_)};
  ++at_;
  return Step::line;
}

LineParser::Step LineParser::fail(LineError error, std::string_view name, std::string_view value) {
  bad_line_ = {.error = error, .table = line_.table, .name = name, .value = value, .offset = line_.offset};
  return Step::bad;
}

// The byte at at_ cannot stand in this token.
LineParser::Step LineParser::fail_in_place() {
  switch (state_) {
    case State::table:
      return fail(LineError::invalid_table_name, token());
    case State::name:
      return fail(LineError::invalid_column_name, token());
    case State::timestamp:
      return fail(LineError::invalid_timestamp, {}, token());
    case State::value:
    case State::string:
    case State::string_end:
      return fail(LineError::invalid_field_value, entities_[value_count_].name, token());
  }
  UNREACHABLE("state of a line parser");
}

void LineParser::begin_token(State state) {
  state_ = state;
  token_ = at_;
  seen_ = 0;
}

// The token without its backslashes.
std::string_view LineParser::unescape(std::string_view token) {
  const size_t start = unescaped_.size();
  grow(unescaped_, start + token.size());
  for (const char* at = token.data(); at != token.data() + token.size(); ++at) {
    if (*at == '\\') ++at;
    unescaped_.push_back(*at);
  }
  return std::string_view(unescaped_).substr(start);
}

}  // namespace net
