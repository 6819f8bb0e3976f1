#include "net/line/foreign_protocol.h"

#include <algorithm>
#include <string>
#include <vector>

#include "net/line/parser.h"
#include "tests/catch.h"

namespace net {
namespace {

using namespace std::string_literals;

struct Greeting {
  std::string_view protocol;
  std::string bytes;
};

const std::vector<Greeting> greetings = {
    {"HTTP", "POST /write?precision=n HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nlost,a=b v=1i 1\n"},
    {"HTTP", "GET / HTTP/1.1\r\n\r\n"},
    {"HTTP", "GET http://db/exec HTTP/1.1\r\n\r\n"},
    {"HTTP", "HEAD /ping HTTP/1.1\r\n\r\n"},
    {"HTTP", "PUT /write HTTP/1.0\r\n\r\n"},
    {"HTTP", "OPTIONS * HTTP/1.1\r\n\r\n"},
    {"HTTP", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s},
    {"the PROXY protocol", "PROXY TCP4 192.168.0.1 192.168.0.11 56324 9009\r\nt f=1\n"},
    {"the PROXY protocol", "PROXY UNKNOWN\r\n"},
    {"the PROXY protocol", "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"s},
    {"PostgreSQL", "\0\0\0\x29\0\3\0\0user\0admin\0"s},
    {"PostgreSQL", "\0\0\0\x08\x04\xd2\x16\x2f"s},
    {"Redis", "*1\r\n$4\r\nPING\r\n"},
    {"Redis", "*12\r\n$4\r\n"},
    {"MQTT", "\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04"s},
};

// Null when the bytes may be lines. Each piece is `size` bytes.
const ForeignProtocol* speaker(std::string_view bytes, size_t size) {
  StreamBeginning beginning;
  while (!bytes.empty() && !beginning.is_decided()) {
    const ForeignProtocol* const found = beginning.look_at(bytes.substr(0, size));
    if (found != nullptr) return found;
    bytes.remove_prefix(std::min(size, bytes.size()));
  }
  return nullptr;
}

TEST_CASE("foreign_protocol: a stream that begins as another protocol does is told by it, however it is cut") {
  for (const Greeting& greeting : greetings) {
    for (const size_t size : {size_t{1}, size_t{3}, greeting.bytes.size()}) {
      const ForeignProtocol* const found = speaker(greeting.bytes, size);
      INFO(greeting.bytes);
      REQUIRE(found != nullptr);
      CHECK(found->name == greeting.protocol);
    }
  }
}

TEST_CASE("foreign_protocol: lines are lines, whatever their tables are called") {
  for (const std::string_view line :
       {"GET f=1 1000\n", "GET,a=/ f=1\n", "GET http=1\n", "POST\\ /,a=b f=1\n", "PROXY TCP4=1\n", "PROXY,TCP4=x f=1\n",
        "PROXY UNKNOWN=1\n", "OPTIONS f=1\n", "\r\n\r\nt f=1\n", "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\nt f=1\n", "t f=1\n",
        "\x16 f=1\n", "\x10t f=1\n", "", "G", "PRI f=1\n", "SSH-2.0-x f=1\n"}) {
    for (const size_t size : {size_t{1}, size_t{100}}) CHECK(speaker(line, size) == nullptr);
  }
}

// Else it would depend on how the bytes arrive whether a line in front was rejected before it was known who speaks.
TEST_CASE("foreign_protocol: no beginning reaches over the end of a line, whatever bytes it leaves open") {
  for (const std::string& bytes : {"\0\0\0\n\0\3\0\0user\0"s, "\0\0\r\x29\0\3\0\0user\0"s, "\0\0\0\x08\x04\xd2\x16\n"s,
                                   "\x10\n\0\x04MQTT\x04\x02"s, "\x10\x80\r\0\x04MQTT\x04\x02"s}) {
    for (const size_t size : {size_t{1}, size_t{3}, bytes.size()}) CHECK(speaker(bytes, size) == nullptr);
  }
}

// What is turned away could not have been stored.
TEST_CASE("foreign_protocol: no line that begins as another protocol does is a good one") {
  for (const Greeting& greeting : greetings) {
    for (size_t size = 1; size <= greeting.bytes.size(); ++size) {
      const std::string front = greeting.bytes.substr(0, size);
      if (speaker(front, size) == nullptr) continue;
      for (const std::string_view tail : {"", "=1", " f=1", "=1 1000", ",a=b f=1", "\"", " 1000", "x=1,y=2"}) {
        LineParser parser;
        const std::string text = front + std::string(tail) + "\n";
        const LineStep step = parser.consume(text);
        CHECK(step.event != LineEvent::line);
      }
    }
  }
}

}  // namespace
}  // namespace net
