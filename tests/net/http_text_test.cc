// Targets, heads and chunks of HTTP.
#include "net/http/text.h"

#include "net/ingest/bad_line_log.h"
#include "tests/catch.h"

namespace net {
namespace {

TEST_CASE("http_text: a target is path and query, and parameters are decoded") {
  const HttpTarget target = split_target("/exec?limit=1&query=select%20%27a%2Bb%27+from%20t&x");
  CHECK(target.path == "/exec");
  const auto parameters = parse_parameters(target.query);
  REQUIRE(parameters);
  REQUIRE(parameters->size() == 3);
  CHECK((*parameters)[0].name == "limit");
  CHECK((*parameters)[0].value == "1");
  CHECK((*parameters)[1].value == "select 'a+b' from t");
  CHECK((*parameters)[2].name == "x");
  CHECK((*parameters)[2].value.empty());
  CHECK_FALSE(parse_parameters("query=%4"));
  CHECK_FALSE(parse_parameters("a=1&query=%zz"));
  CHECK(split_target("/ping").query.empty());
}

TEST_CASE("http_text: chunks have sizes with an even number of hex digits") {
  CHECK(make_chunk_head(3) == "03\r\n");
  CHECK(make_chunk_head(0x123) == "0123\r\n");
  CHECK(make_chunk_head(0xfa) == "fa\r\n");
}

TEST_CASE("http_text: dates are those of HTTP") {
  CHECK(http_date({0}) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(http_date({1'795'635'600'123'456'789}) == "Wed, 25 Nov 2026 19:40:00 GMT");
}

TEST_CASE("bad_line_log: client bytes are escaped and cut") {
  CHECK(escape_for_log("plain text") == "plain text");
  CHECK(escape_for_log("a\"b\\c\n\x01\xff") == "a\\x22b\\x5cc\\x0a\\x01\\xff");
  CHECK(escape_for_log("abcdef", 3) == "abc...");
  CHECK(engine::SocketAddress::loopback(9009).to_string() == "127.0.0.1:9009");
}

TEST_CASE("bad_line_log: of each reason so many lines a second are wanted") {
  BadLineLog log;
  const auto count_wanted = [&log](LineError error, engine::Instant now) {
    uint32_t wanted = 0;
    for (int i = 0; i < 100; ++i) wanted += log.wants(error, now) ? 1U : 0U;
    return wanted;
  };
  const engine::Instant start{5'000'000'000};
  CHECK(count_wanted(LineError::no_fields, start) == BadLineLog::lines_per_second_max);
  CHECK(count_wanted(LineError::cast, start) == BadLineLog::lines_per_second_max);
  CHECK(count_wanted(LineError::no_fields, start + engine::milliseconds(999)) == 0);
  CHECK(count_wanted(LineError::no_fields, start + engine::seconds(1)) == BadLineLog::lines_per_second_max);
}

}  // namespace
}  // namespace net
