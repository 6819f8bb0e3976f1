// LineParser as the reader of a stream: pieces, limits, memory, and what is reported when.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/prng.h"
#include "net/line/parser.h"
#include "tests/catch.h"
#include "tests/net/line_events.h"

namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using tests::BadLineReport;
using tests::Event;
using tests::LineEvent;
using tests::LineParser;
using tests::LineParserOptions;
using tests::parse;
using tests::parse_every_way;
using tests::single_bytes;
using tests::Stream;

}  // namespace

TEST_CASE("line_parser: finish ends a datagram, and the next one starts anew") {
  Stream stream;
  stream.send("t f=1\nt f=2");
  stream.finish();
  stream.send("t f=x");
  stream.finish();
  stream.finish();
  stream.send("t f=3");
  stream.finish();
  REQUIRE(stream.events().size() == 4);
  CHECK(stream.events()[1] == Event{"t|f=2", "t f=2", "", 6, 5});
  CHECK(stream.events()[2] == Event{"!INVALID_FIELD_VALUE", "t f=x", "t|f|x", 11, 5});
  CHECK(stream.events()[3] == Event{"t|f=3", "t f=3", "", 16, 5});
  stream.send("");
  CHECK(stream.parser().memory_size() == 0);
}

TEST_CASE("line_parser: a bad line says what, where and how far it goes") {
  const std::vector<Event> events = parse({"ok f=1\n\n=t f=x,g=\"a\\\nb f=1\nbad,a\\ b f=1\n"});
  REQUIRE(events.size() == 4);
  CHECK(events[1] == Event{"!INVALID_FIELD_VALUE", "t f=x,g=\"a\\", "t|f|x", 9, 11});
  CHECK(events[2] == Event{"b|f=1", "b f=1", "", 21, 5});
  CHECK(events[3] == Event{"!MISSING_TAG_VALUE", "bad,a\\ b f=1", "bad|a\\ b|", 27, 12});
}

TEST_CASE("line_parser: at_detection reports before the line has ended, and skips the rest in silence") {
  Stream stream({.report = BadLineReport::at_detection});
  stream.send("t f=x,");
  REQUIRE(stream.events().size() == 1);
  CHECK(stream.events()[0] == Event{"!INVALID_FIELD_VALUE", "t f=x", "t|f|x", 0, 5});
  stream.send("g=1 ,,, \"");
  CHECK(stream.parser().memory_size() == 0);
  stream.send("\nt f=2\n");
  REQUIRE(stream.events().size() == 2);
  CHECK(stream.events()[1].text == "t|f=2");
}

TEST_CASE("line_parser: an idle stream holds no memory, an unfinished line does") {
  Stream stream;
  stream.send("t,s=a\\ b f=1\n");
  CHECK(stream.parser().memory_size() == 0);
  stream.send("t,s=a\\ b f=");
  CHECK(stream.parser().memory_size() > 0);
  stream.send("1\n\r\n");
  CHECK(stream.events().size() == 2);
  CHECK(stream.parser().memory_size() == 0);
}

TEST_CASE("line_parser: the memory of a long line grows up to the limit, and goes with the line though another one has begun") {
  constexpr size_t line_size_max = 1'000'000;
  Stream stream({.line_size_max = line_size_max});
  std::string line = "t ";
  while (line.size() < line_size_max - 100) line += std::to_string(100'000 + line.size()) + "=1i,";
  line += "x=1";
  size_t most = 0;
  for (size_t i = 0; i < line.size(); i += 10'000) {
    stream.send(line.substr(i, 10'000));
    most = std::max(most, stream.parser().memory_size());
  }
  CHECK(most > line_size_max);
  stream.send("\nt f=");
  CHECK(stream.events().size() == 1);
  CHECK(stream.parser().memory_size() < 2'000);

  stream.send("\"");
  for (size_t i = 0; i < line_size_max - 10'000; i += 10'000) {
    stream.send(std::string(10'000, 'x'));
    CHECK(stream.parser().memory_size() < line_size_max + 2'000);
  }
  stream.send("\"\nt f=\"y");
  CHECK(stream.events().size() == 2);
  CHECK(stream.parser().memory_size() < 2'000);
}

TEST_CASE("line_parser: what a stream is said to hold covers the names that it remembers") {
  constexpr size_t name_count = 256;
  constexpr size_t name_size = 62;  // the longest that are remembered
  std::string line = "t ";
  for (size_t i = 0; i < name_count; ++i) line += std::to_string(1000 + i) + std::string(name_size - 4, 'n') + "=1,";
  Stream stream;
  stream.send(line);
  const size_t per_name = sizeof(net::LineEntity) + sizeof(std::string) + name_size + 1;
  CHECK(stream.parser().memory_size() >= line.size() + name_count * per_name);
  stream.send("x=1\n");
  CHECK(stream.events().size() == 1);
  CHECK(stream.parser().memory_size() == 0);
}

TEST_CASE("line_parser: names too long to be remembered are read, and so are the places behind them") {
  const std::string longer(100, 'n');
  std::string text;
  std::vector<std::string> expected;
  for (const std::string& name : {longer, longer, std::string("c"), std::string("c"), longer, std::string("c")}) {
    text += "t a=1," + name + "=2,b=3\n";
    expected.push_back("t|a=1|" + name + "=2|b=3");
  }
  CHECK(parse_every_way(text) == expected);
}

TEST_CASE("line_parser: a line over the limit is refused and the next one is read") {
  const LineParserOptions options{.line_size_max = 32};
  const std::string text(28, 'a');
  const std::string fits = "t,x=" + text;
  CHECK(parse_every_way(fits + "\nu f=1\n", options) == std::vector<std::string>{"t,x='" + text + "'", "u|f=1"});
  CHECK(parse_every_way(fits, options) == std::vector<std::string>{"t,x='" + text + "'"});
  for (const std::string& tail : {" "s, " 5"s, ",g=?"s, std::string(100, 'x'), "\\\n"s, "\\"s}) {
    INFO(tail);
    const std::vector<std::string> expected{"!LINE_TOO_LARGE", "u|f=1"};
    CHECK(parse_every_way(fits + tail + "\nu f=1\n", options) == expected);
  }
  const std::vector<Event> events = parse({fits + std::string(100'000, 'x')}, options);
  REQUIRE(events.size() == 1);
  CHECK(events[0] == Event{"!LINE_TOO_LARGE", fits, "t||", 0, 100'032});
}

TEST_CASE("line_parser: only the front of a large line is kept") {
  Stream stream({.line_size_max = 1024 * 1024});
  const std::string chunk(64 * 1024, 'x');
  stream.send("t x=\"");
  for (int i = 0; i < 100; ++i) stream.send(chunk);
  CHECK(stream.parser().memory_size() < 64 * 1024);
  stream.send("\nt f=1\n");
  REQUIRE(stream.events().size() == 2);
  CHECK(stream.events()[0].raw.size() == net::large_line_text_size_max);
  CHECK(stream.events()[0].size == 100 * chunk.size() + 5);
  CHECK(stream.events()[1].text == "t|f=1");
}

TEST_CASE("line_parser: a line that is kept stays valid without the input, and the stream goes on behind it") {
  const std::string before = "t,tag=a\\ b n=-5i,s=\"x\\\"y\",f=1.5 ";
  for (const std::string& rest : {std::string("17n\n"), std::string("\n")}) {
    for (const size_t cut : {size_t{0}, size_t{9}, before.size()}) {
      net::LineParser parser;
      if (cut != 0) REQUIRE(parser.consume(before.substr(0, cut)).event == net::LineEvent::need_more);
      auto input = std::make_unique<std::string>(before.substr(cut) + rest + "u f=2\n");
      const net::LineStep step = parser.consume(*input);
      REQUIRE(step.event == net::LineEvent::line);
      const std::string next = input->substr(step.consumed);
      parser.keep_line();
      CHECK(parser.memory_size() >= before.size());
      std::ranges::fill(*input, '#');
      input.reset();
      const net::ParsedLine& line = parser.line();
      CHECK(line.table == "t");
      CHECK(line.raw == before + rest.substr(0, rest.size() - 1));
      REQUIRE(line.entities.size() == 4);
      CHECK(line.entities[0].name == "tag");
      CHECK(line.entities[0].value.text == "a b");
      CHECK(line.entities[2].value.text == "x\"y");
      CHECK(line.entities[3].name == "f");
      REQUIRE(parser.consume(next).event == net::LineEvent::line);
      CHECK(parser.line().table == "u");
      CHECK(parser.line().offset == before.size() + rest.size());
    }
  }
}

TEST_CASE("line_parser: a line has a bounded number of values") {
  std::string line = "t f=1";
  for (size_t i = 1; i < net::line_values_max; ++i) line += ",f=1";
  const std::vector<Event> events = parse({line, "\n", line, ",f=1\nt f=1\n"});
  REQUIRE(events.size() == 3);
  CHECK(events[0].raw == line);
  CHECK(events[1].text == "!LINE_TOO_WIDE");
  CHECK(events[2].text == "t|f=1");
}

TEST_CASE("line_parser: a large line in single bytes costs linear time") {
  std::string line = "t,s=";
  while (line.size() < 8 * 1024 * 1024) line += "ab\\ \\\n\xc3\xa9";
  line += " f=1\n";
  LineParser parser;
  size_t lines = 0;
  for (const char& byte : line) lines += parser.consume({&byte, 1}).event == LineEvent::line ? 1U : 0U;
  CHECK(lines == 1);
  CHECK(parser.line().raw.size() == line.size() - 1);
}

TEST_CASE("line_parser: a large binary value of line ends costs linear time, in single bytes and in one piece") {
  constexpr uint32_t count = 1024 * 1024;
  std::string line = "t a==\x0e\x0a\x01";
  line.append(reinterpret_cast<const char*>(&count), sizeof(count));
  line.append(count * sizeof(double), '\r');
  line += "\n";
  for (const size_t piece_size : {size_t{1}, line.size() - 100}) {
    LineParser parser;
    size_t lines = 0;
    for (size_t at = 0; at < line.size(); at += piece_size) {
      lines += parser.consume(std::string_view(line).substr(at, piece_size)).event == LineEvent::line ? 1U : 0U;
    }
    CHECK(lines == 1);
    CHECK(parser.line().raw.size() == line.size() - 1);
  }
}

TEST_CASE("line_parser: a binary value that was kept stays valid without the input") {
  const std::string text = "t a==\x0e\n\x01\x01\0\0\0\n\n\n\n\n\n\n\n,b=1i 5\n"s;
  for (size_t cut = 0; cut + 1 < text.size(); ++cut) {
    net::LineParser parser;
    if (cut != 0) REQUIRE(parser.consume(text.substr(0, cut)).event == net::LineEvent::need_more);
    auto rest = std::make_unique<std::string>(text.substr(cut));
    REQUIRE(parser.consume(*rest).event == net::LineEvent::line);
    parser.keep_line();
    std::ranges::fill(*rest, '#');
    rest.reset();
    CHECK(tests::describe(parser.line()) == "t|a=array1(010000000a0a0a0a0a0a0a0a)|b=1i @5");
  }
}

TEST_CASE("line_parser: any bytes give the same events however they are cut") {
  engine::Prng prng(20240607);
  const std::vector<std::string_view> fragments = {
      "t",
      ",",
      "=",
      " ",
      "\n",
      "\r",
      "\r\n",
      "\\",
      "\"",
      "a=b",
      "f=1",
      "f=1i",
      "x=\"a b\"",
      "1",
      "t f=1",
      "\\\\",
      "\\\"",
      "\\\n",
      "\xc3\xa9",
      "\xff",
      "\xf0\x9f\x98\x80",
      "1.5",
      "1638202821000000000",
      "/",
      "t,s=a\\ b f=",
      "-",
      ".",
      "t f=1 5\n",
      "u,a=b,c=d x=\"q\",g=5i 7n\n",
      "=\x10\n\n,\r=\\\"\n",
      "t b==\x06\x01",
      "=\x0e\x0a\x01",
      "\x01\0\0\0"sv,
      "\x0e\x0a\x02\x02\0\0\0\0\0\0\0"sv,
      "=\x17\x02\x03",
  };
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    const uint64_t count = prng.between(1, 40);
    for (uint64_t i = 0; i < count; ++i) text += fragments[prng.below(fragments.size())];
    if (prng.chance(1, 4)) text[prng.below(text.size())] = static_cast<char>(prng.below(256));
    const LineParserOptions options{.line_size_max = prng.chance(1, 3) ? prng.between(1, 40) : 1024,
                                    .report = prng.chance(1, 3) ? BadLineReport::at_detection : BadLineReport::at_line_end};
    const std::vector<Event> whole = parse({text}, options);
    std::vector<std::string_view> pieces;
    for (std::string_view rest = text; !rest.empty();) {
      const size_t size = std::min<size_t>(rest.size(), prng.between(1, prng.chance(1, 2) ? 3 : 30));
      pieces.push_back(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    INFO("round " << round);
    REQUIRE(parse(pieces, options) == whole);
    REQUIRE(parse(single_bytes(text), options) == whole);
  }
}
