// What a LineParser says of a stream, as text and in a form that can be compared.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "net/line/decimal.h"
#include "net/line/parser.h"
#include "tests/catch.h"
#include "tests/storage/hex.h"

namespace tests {

using net::BadLineReport;
using net::LineEvent;
using net::LineParser;
using net::LineParserOptions;

inline std::string unit_name(engine::TimeUnit unit) {
  switch (unit) {
    case engine::TimeUnit::ns:
      return "ns";
    case engine::TimeUnit::us:
      return "us";
    case engine::TimeUnit::ms:
      return "ms";
    case engine::TimeUnit::seconds:
      return "s";
    case engine::TimeUnit::minutes:
      return "min";
    case engine::TimeUnit::hours:
      return "h";
    default:
      return "";
  }
}

// 12.50d as 1250e-2, as long as the number fits a word.
inline std::string decimal_text(std::string_view sent) {
  net::Decimal decimal;
  REQUIRE(net::read_decimal(sent, decimal) == net::LineError::none);
  if (decimal.is_null) return "decimal()";
  return (decimal.negative ? "decimal(-" : "decimal(") + std::to_string(decimal.magnitude[0]) + "e-" +
         std::to_string(decimal.scale) + ")";
}

inline std::string describe(const net::LineValue& value) {
  std::ostringstream out;
  out.precision(17);
  switch (value.kind) {
    case net::ValueKind::null:
      out << "null";
      break;
    case net::ValueKind::symbol:
      out << '\'' << value.text << '\'';
      break;
    case net::ValueKind::string:
      out << '"' << value.text << '"';
      break;
    case net::ValueKind::integer:
      out << value.integer() << 'i';
      break;
    case net::ValueKind::real:
      out << value.real();
      break;
    case net::ValueKind::boolean:
      out << (value.boolean() ? "true" : "false");
      break;
    case net::ValueKind::long256:
      out << "long256(" << value.text << ')';
      break;
    case net::ValueKind::timestamp:
      out << value.integer() << unit_name(value.unit);
      break;
    case net::ValueKind::array:
      out << "array" << value.bits << '(' << hex_text(engine::as_bytes(value.text)) << ')';
      break;
    case net::ValueKind::decimal:
      out << decimal_text(value.text);
      break;
  }
  return out.str();
}

// The line as the parser understood it: table,tag='x'|field=1|field="s" @timestamp
inline std::string describe(const net::ParsedLine& line) {
  std::string text(line.table);
  for (size_t i = 0; i < line.entities.size(); ++i) {
    text += i < line.tag_count ? "," : "|";
    text += std::string(line.entities[i].name) + "=" + describe(line.entities[i].value);
  }
  if (line.has_timestamp) text += " @" + std::to_string(line.timestamp) + unit_name(line.timestamp_unit);
  return text;
}

inline std::string describe(const net::BadLine& line) { return "!" + std::string(net::line_error_text(line.error)); }

// Everything about an event, for comparing two ways to the same place.
struct Event {
  std::string text;
  std::string raw;
  std::string words;
  uint64_t offset = 0;
  uint64_t size = 0;

  friend bool operator==(const Event&, const Event&) = default;
};

inline Event event_of(const LineParser& parser, LineEvent event) {
  if (event == LineEvent::line) {
    const net::ParsedLine& line = parser.line();
    return {describe(line), std::string(line.raw), "", line.offset, line.raw.size()};
  }
  const net::BadLine& line = parser.bad_line();
  std::string words = std::string(line.table) + '|' + std::string(line.name) + '|' + std::string(line.value);
  return {describe(line), std::string(line.raw), words, line.offset, line.size};
}

// Sends the pieces one after the other, each in memory of its own size, so that a sanitizer sees a byte read too far.
class Stream {
 public:
  explicit Stream(LineParserOptions options = {}) : parser_(options) {}

  void send(std::string_view piece) {
    const std::vector<char> memory(piece.begin(), piece.end());
    std::string_view rest(memory.data(), memory.size());
    for (;;) {
      const net::LineStep step = parser_.consume(rest);
      REQUIRE(step.consumed <= rest.size());
      rest.remove_prefix(step.consumed);
      if (step.event == LineEvent::need_more) break;
      events_.push_back(event_of(parser_, step.event));
    }
    CHECK(rest.empty());
    sent_ += piece.size();
    CHECK(parser_.stream_offset() == sent_);
  }

  void finish() {
    const LineEvent event = parser_.finish();
    if (event != LineEvent::need_more) events_.push_back(event_of(parser_, event));
  }

  const LineParser& parser() const { return parser_; }
  const std::vector<Event>& events() const { return events_; }

 private:
  LineParser parser_;
  std::vector<Event> events_;
  uint64_t sent_ = 0;
};

inline std::vector<Event> parse(const std::vector<std::string_view>& pieces, LineParserOptions options = {}) {
  Stream stream(options);
  for (const std::string_view piece : pieces) stream.send(piece);
  stream.finish();
  return stream.events();
}

inline std::vector<std::string_view> single_bytes(std::string_view text) {
  std::vector<std::string_view> pieces;
  pieces.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) pieces.push_back(text.substr(i, 1));
  return pieces;
}

// The events of `text`, which must be the same at every cut and for either moment of reporting.
inline std::vector<std::string> parse_every_way(std::string_view text, LineParserOptions options = {}) {
  const std::vector<Event> whole = parse({text}, options);
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    INFO("cut at " << cut);
    CHECK(parse({text.substr(0, cut), text.substr(cut)}, options) == whole);
  }
  CHECK(parse(single_bytes(text), options) == whole);

  options.report = BadLineReport::at_detection;
  const std::vector<Event> early = parse({text}, options);
  CHECK(parse(single_bytes(text), options) == early);
  std::vector<std::string> texts;
  for (const Event& event : whole) texts.push_back(event.text);
  REQUIRE(early.size() == whole.size());
  for (size_t i = 0; i < early.size(); ++i) {
    CHECK(early[i].text == whole[i].text);
    CHECK(early[i].words == whole[i].words);
    CHECK(early[i].offset == whole[i].offset);
  }
  return texts;
}

}  // namespace tests
