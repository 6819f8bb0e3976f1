#include "net/line/scanner.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "engine/base/text_hash.h"
#include "engine/base/utf8.h"
#include "engine/base/verify.h"
#include "net/line/binary_value.h"
#include "net/line/name_rules.h"
#include "net/line/number.h"
#include "net/line/plain_number.h"

namespace net {
namespace {

constexpr size_t entities_size_min = 32;
constexpr size_t text_memory_min = 256;
constexpr size_t expected_names_max = 256;     // later places of a line have their names read byte by byte
constexpr size_t expected_name_size_max = 63;  // with the '='; so have those that are longer

}  // namespace

std::string with_room(const std::string& text, size_t size) {
  std::string larger;
  larger.reserve(std::max({size, 2 * text.capacity(), text_memory_min}));
  larger.assign(text);
  return larger;
}

void LineScanner::open(const char* start, uint64_t offset) {
  in_fields_ = false;
  value_count_ = 0;
  line_ = {.offset = offset};
  line_start_ = at_ = start;
  begin_token(State::table);
}

LineScanner::Step LineScanner::fail_too_large(const char* at) {
  at_ = at;
  return fail(LineError::line_too_large);
}

void LineScanner::rebase_line(const char* from, const char* to) {
  token_ = to + (token_ - from);
  at_ = to + (at_ - from);
  line_start_ = to + (line_start_ - from);
}

void LineScanner::rebase_views(std::string_view from, const char* to) {
  const auto rebase = [&](std::string_view& view) {
    const auto offset = reinterpret_cast<uintptr_t>(view.data()) - reinterpret_cast<uintptr_t>(from.data());
    if (!view.empty() && offset < from.size()) view = {to + offset, view.size()};
  };
  rebase(line_.raw);
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

void LineScanner::release_memory() {
  std::vector<LineEntity>().swap(entities_);
  std::vector<std::string>().swap(expected_names_);
  std::string().swap(unescaped_);
}

size_t LineScanner::memory_size() const {
  constexpr size_t expected_name_memory = sizeof(std::string) + expected_name_size_max + 1;  // a zero stands behind it
  return entities_.capacity() * sizeof(LineEntity) + expected_names_.capacity() * expected_name_memory + unescaped_.capacity() -
         std::string().capacity();
}

LineScanner::Step LineScanner::scan(const char* end) {
  end_ = end;
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
      case State::binary:
        last = scan_binary();
        break;
      case State::binary_end:
        last = scan_binary_end();
        break;
      case State::timestamp:
        last = scan_timestamp();
        break;
    }
    if (last != Step::again) return last;
  }
}

LineScanner::Step LineScanner::scan_table() {
  if (const Step found = find_stop(class_separator | class_backslash | class_slash); found != Step::again) return found;
  if (*at_ != ',' && *at_ != ' ') return fail(LineError::no_fields);
  return end_table();
}

LineScanner::Step LineScanner::scan_name() {
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

LineScanner::Step LineScanner::scan_value() {
  if (in_fields_ && at_ == token_) {
    if (at_ == end_) return Step::starved;
    if (*at_ == '=') {
      state_ = State::binary;
      binary_size_ = binary_front_size;
      return Step::again;
    }
    if (*at_ == '"') {
      ++at_;
      state_ = State::string;
      return Step::again;
    }
    if (take_plain_field()) return end_value();
  }
  if (const Step found = find_stop(class_separator | class_backslash); found != Step::again) return found;
  if (*at_ == '=') return fail(LineError::invalid_field_separator, entity().name);
  return in_fields_ ? end_field() : end_symbol();
}

LineScanner::Step LineScanner::scan_string() {
  if (const Step found = find_stop(class_string_end | class_backslash); found != Step::again) return found;
  if (*at_ == '\n') return fail_in_place();
  ++at_;
  state_ = State::string_end;
  return Step::again;
}

LineScanner::Step LineScanner::scan_string_end() {
  if (at_ == end_) return Step::starved;
  if (*at_ == '=') return fail(LineError::invalid_field_separator, entity().name);
  return *at_ == ',' || *at_ == ' ' || is_line_end(*at_) ? end_string() : fail_in_place();
}

// The token is the value from its '=' on. What its front says of its size is asked for again whenever that many bytes are
// there:
//
//   = 14 10 2   3 0 0 0   1 0 0 0   24 bytes        an array of 3 times 1 doubles is looked at behind 2, 3, 4, 8, 12 and 36
//   bytes
LineScanner::Step LineScanner::scan_binary() {
  for (;;) {
    if (static_cast<size_t>(end_ - token_) < binary_size_) {
      at_ = end_;
      return Step::starved;
    }
    const std::string_view front(token_, binary_size_);
    const BinaryExtent extent = look_at_binary(front);
    LineError error = extent.error;
    const bool is_whole = extent.size == binary_size_;
    if (is_whole) error = read_binary(front, entity().value);
    if (error != LineError::none) {
      at_ = token_ + binary_size_ - 1;
      return fail(error, entity().name);
    }
    if (is_whole) break;
    binary_size_ = extent.size;
  }
  at_ = token_ + binary_size_;
  state_ = State::binary_end;
  return Step::again;
}

LineScanner::Step LineScanner::scan_binary_end() {
  if (at_ == end_) return Step::starved;
  if (*at_ != ',' && *at_ != ' ' && !is_line_end(*at_)) return fail(LineError::invalid_field_separator, entity().name);
  return end_value();
}

LineScanner::Step LineScanner::scan_timestamp() {
  if (at_ == token_ && take_plain_timestamp()) return accept();
  if (const Step found = find_stop(class_separator | class_backslash | class_slash); found != Step::again) return found;
  if (!is_line_end(*at_)) return fail(LineError::invalid_field_separator);
  return at_ == token_ ? accept() : end_timestamp();
}

// Goes on to the next byte of the `stop` classes that no backslash protects. `again` means that it is there.
LineScanner::Step LineScanner::find_stop(uint8_t stop) {
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
LineScanner::Step LineScanner::take_escape() {
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

LineScanner::Step LineScanner::end_table() {
  const std::string_view name = content(token());
  if ((seen_ & class_wide) != 0 && !engine::is_valid_utf8(name)) return fail(LineError::invalid_utf8, name);
  const bool plain = (seen_ & (class_backslash | class_wide | class_dot | class_bad_table)) == 0;
  const bool valid = plain ? !name.empty() && name.size() <= name_size_max : is_valid_table_name(name);
  if (!valid) return fail(LineError::invalid_table_name, name);
  line_.table = name;
  in_fields_ = *at_ == ' ';
  ++at_;
  begin_token(State::name);
  return Step::again;
}

LineScanner::Step LineScanner::end_name() {
  const std::string_view name = content(token());
  if ((seen_ & class_wide) != 0 && !engine::is_valid_utf8(name)) return fail(LineError::invalid_utf8, name);
  const bool plain = (seen_ & (class_backslash | class_wide | class_bad_column)) == 0;
  const bool valid = plain ? name.size() <= name_size_max : is_valid_column_name(name);
  if (!valid) return fail(LineError::invalid_column_name, name);
  if (value_count_ == entities_.size()) {
    if (value_count_ == line_values_max) return fail(LineError::line_too_wide);
    entities_.resize(std::clamp(2 * value_count_, entities_size_min, line_values_max));
  }
  entity().name = name;
  ++at_;
  if ((seen_ & class_backslash) == 0) expect_name(std::string_view(token_, static_cast<size_t>(at_ - token_)));
  begin_token(State::value);
  return Step::again;
}

// Lines of a stream mostly have the same names in the same places. Where the bytes are those that were a name before, they are
// one again, and need not be looked at one by one.
bool LineScanner::take_expected_name() {
  if (value_count_ >= expected_names_.size() || at_ != token_) return false;
  const std::string& expected = expected_names_[value_count_];
  // Of an empty one, which expects no name, size() - 1 is the largest number there is.
  if (expected.size() - 1 >= static_cast<size_t>(end_ - at_)) return false;
  if (!engine::equal_text({at_, expected.size()}, expected)) return false;
  entity().name = {at_, expected.size() - 1};
  at_ += expected.size();
  begin_token(State::value);
  return true;
}

// `name` is sent without backslashes, and valid; its '=' is the last byte. A long one is not kept, so that memory_size knows
// what the names hold at most without looking at them; the places behind it keep theirs. Nor does memory grow beyond that: a
// string that makes room by itself may take twice what it needs.
void LineScanner::expect_name(std::string_view name) {
  if (value_count_ >= expected_names_max || value_count_ > expected_names_.size()) return;
  if (value_count_ == expected_names_.size()) expected_names_.emplace_back();
  if (name.size() > expected_name_size_max) return;
  std::string& expected = expected_names_[value_count_];
  if (name.size() > expected.capacity()) expected.reserve(expected_name_size_max);
  expected = name;
}

LineScanner::Step LineScanner::end_symbol() {
  const std::string_view text = content(token());
  if ((seen_ & class_wide) != 0 && !engine::is_valid_utf8(text)) {
    return fail(LineError::invalid_utf8, entity().name, text);
  }
  ++line_.tag_count;
  set_text(ValueKind::symbol, text);
  return end_value();
}

LineScanner::Step LineScanner::end_field() {
  if (at_ == token_) {
    set_text(ValueKind::null, {});
    return end_value();
  }
  const std::string_view text = content(token());
  LineValue& value = entity().value;
  LineError error = read_field(text, value);
  if (value.kind == ValueKind::string && (seen_ & class_wide) != 0 && !engine::is_valid_utf8(value.text))
    error = LineError::invalid_utf8;
  if (error != LineError::none) return fail(error, entity().name, token());
  return end_value();
}

// Most fields are plain numbers: they need not be split first and read then.
bool LineScanner::take_plain_field() {
  const PlainNumber number = read_plain_number(at_, end_);
  if (number.end == nullptr) return false;
  const bool is_integer = *number.end == 'i' && !number.has_point;
  const char* const stop = number.end + (is_integer ? 1 : 0);
  if (stop == end_ || (*stop != ',' && *stop != ' ' && !is_line_end(*stop))) return false;
  LineValue& value = entity().value;
  value.kind = is_integer ? ValueKind::integer : ValueKind::real;
  value.unit = engine::TimeUnit::unspecified;
  value.bits = is_integer ? static_cast<uint64_t>(number.integer()) : std::bit_cast<uint64_t>(number.real());
  value.text = {token_, static_cast<size_t>(stop - token_)};
  at_ = stop;
  return true;
}

// And most timestamps are digits alone.
bool LineScanner::take_plain_timestamp() {
  constexpr auto timestamp_max = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  const Digits digits = read_digits(at_, end_, 0);
  const auto digit_count = static_cast<size_t>(digits.end - at_);
  if (digit_count == 0 || digit_count > digits_exact_max || digits.value > timestamp_max) return false;
  if (digits.end == end_ || !is_line_end(*digits.end)) return false;
  line_.has_timestamp = true;
  line_.timestamp = static_cast<int64_t>(digits.value);
  at_ = digits.end;
  return true;
}

LineScanner::Step LineScanner::end_string() {
  const std::string_view quoted = token();
  const std::string_view text = content(quoted.substr(1, quoted.size() - 2));
  if ((seen_ & class_wide) != 0 && !engine::is_valid_utf8(text)) {
    return fail(LineError::invalid_utf8, entity().name, text);
  }
  set_text(ValueKind::string, text);
  return end_value();
}

// Member by member: a copy of a value that was just put together would wait until its parts have left the store buffer.
void LineScanner::set_text(ValueKind kind, std::string_view text) {
  LineValue& value = entity().value;
  value.kind = kind;
  value.text = text;
}

// The value of entity() is set; at_ is on a comma, space or line end.
LineScanner::Step LineScanner::end_value() {
  ++value_count_;
  if (is_line_end(*at_)) return accept();
  const bool section_ends = *at_ == ' ';
  ++at_;
  begin_token(section_ends && in_fields_ ? State::timestamp : State::name);
  in_fields_ |= section_ends;
  return Step::again;
}

LineScanner::Step LineScanner::end_timestamp() {
  const std::optional<TimestampToken> timestamp = parse_timestamp(content(token()));
  if (!timestamp) return fail(LineError::invalid_timestamp, {}, token());
  line_.has_timestamp = timestamp->value != null_long;
  line_.timestamp = timestamp->value;
  line_.timestamp_unit = timestamp->unit;
  return accept();
}

// at_ is on the line end.
LineScanner::Step LineScanner::accept() {
  if (value_count_ == 0) return fail(LineError::no_fields);
  line_.entities = std::span(entities_).first(value_count_);
  line_.raw = {line_start_, static_cast<size_t>(at_ - line_start_)};
  ++at_;
  return Step::line;
}

LineScanner::Step LineScanner::fail(LineError error, std::string_view name, std::string_view value) {
  bad_line_ = {.error = error, .table = line_.table, .name = name, .value = value, .offset = line_.offset};
  return Step::bad;
}

// The byte at at_ cannot stand in this token.
LineScanner::Step LineScanner::fail_in_place() {
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
      return fail(LineError::invalid_field_value, entity().name, token());
    case State::binary:
    case State::binary_end:
      break;  // any byte can stand there, or has an error of its own
  }
  UNREACHABLE("state of a line parser");
}

void LineScanner::begin_token(State state) {
  state_ = state;
  token_ = at_;
  seen_ = 0;
}

// The token without its backslashes.
std::string_view LineScanner::unescape(std::string_view token) {
  const size_t start = unescaped_.size();
  if (start + token.size() > unescaped_.capacity()) {
    std::string larger = with_room(unescaped_, start + token.size());
    rebase_views(unescaped_, larger.data());
    unescaped_.swap(larger);
  }
  for (const char* at = token.data(); at != token.data() + token.size(); ++at) {
    if (*at == '\\') ++at;
    unescaped_.push_back(*at);
  }
  return std::string_view(unescaped_).substr(start);
}

}  // namespace net
