// Targets, heads and chunks of HTTP.
#include "net/http/text.h"

#include "net/ingest/bad_line_log.h"
#include "tests/catch.h"

namespace net {
namespace {

TEST_CASE("http_text: a target is path and query, and parameters are decoded") {
  const HttpTarget target = split_target("/exec?limit=1&query=select%20%27a%2Bb%27+from%20t&x");
  CHECK(target.path == "/exec");
  CHECK(query_parameter(target.query, "query") == "select 'a+b' from t");
  CHECK(query_parameter(target.query, "limit") == "1");
  CHECK(query_parameter(target.query, "x") == "");
  CHECK_FALSE(query_parameter(target.query, "que"));
  CHECK_FALSE(query_parameter("query=%4", "query"));
  CHECK_FALSE(query_parameter("query=%zz", "query"));
  CHECK(split_target("/ping").query.empty());
}

TEST_CASE("http_text: chunks have sizes with an even number of hex digits") {
  CHECK(make_chunk("") == "");
  CHECK(make_chunk("abc") == "03\r\nabc\r\n");
  CHECK(make_chunk(std::string(0x123, 'x')) == "0123\r\n" + std::string(0x123, 'x') + "\r\n");
  CHECK(make_chunk(std::string(0xfa, 'x')).starts_with("fa\r\n"));
}

TEST_CASE("http_text: dates are those of HTTP") {
  CHECK(http_date({0}) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(http_date({1'795'635'600'123'456'789}) == "Wed, 25 Nov 2026 19:40:00 GMT");
}

TEST_CASE("bad_line_log: client bytes are escaped and cut") {
  CHECK(escape_for_log("plain text") == "plain text");
  CHECK(escape_for_log("a\"b\\c\n\x01\xff") == "a\\x22b\\x5cc\\x0a\\x01\\xff");
  CHECK(escape_for_log("abcdef", 3) == "abc...");
  CHECK(to_string(engine::PeerAddress{.ipv4 = 0x7f000001, .port = 9009}) == "127.0.0.1:9009");
}

}  // namespace
}  // namespace net
