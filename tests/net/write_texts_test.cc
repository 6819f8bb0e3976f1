// The texts around writes over HTTP: errors, settings, precisions. Clients of QuestDB and InfluxDB read them, so they are
// compared letter by letter.
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "net/http/influx_text.h"
#include "net/http/precision.h"
#include "net/http/settings_text.h"
#include "net/http/write_error.h"
#include "net/judge/timestamp_unit.h"
#include "tests/catch.h"

namespace net {
namespace {

using engine::TimeUnit;
using nlohmann::json;

TEST_CASE("write_error: a bad line is said in QuestDB's words") {
  CHECK(
      write_error_json(bad_line(2, "table: T, column: price; cast error from protocol type: STRING to column type: LONG"),
                       "9f242c5b355d-5") ==
      R"({"code":"invalid","message":"failed to parse line protocol:errors encountered on line(s):\nerror in line 2: table: T,)"
      R"( column: price; cast error from protocol type: STRING to column type: LONG","line":2,"errorId":"9f242c5b355d-5"})");
  CHECK(bad_line(2, "").status == 400);
}

TEST_CASE("write_error: where no line is to blame, none is named, and nobody looks for one") {
  const std::string precision = write_error_json(unsupported_precision(), "9f242c5b355d-6");
  CHECK(precision == R"({"code":"not supported","message":"unsupported precision","errorId":"9f242c5b355d-6"})");
  const WriteError broken = bad_body(engine::data_loss("gzip decompression error"));
  CHECK(broken.status == 415);
  CHECK(write_error_json(broken, "1-1") == R"({"code":"not supported","message":"gzip decompression error","errorId":"1-1"})");
  CHECK(bad_body(engine::make_status(absl::StatusCode::kUnimplemented, "br")).status == 415);
  CHECK(bad_body(engine::invalid_argument("no form")).status == 400);
  CHECK(writes_not_accepted("read only").status == 421);
  const WriteError failed = write_failed("no space left");
  CHECK(failed.status == 500);
  CHECK(write_error_json(failed, "1-2") == R"({"code":"internal error","message":"no space left","errorId":"1-2"})");
}

TEST_CASE("write_error: a line that is too long is the line's fault") {
  const WriteError error = oversized_line(7, "it is too long");
  CHECK(error.status == 413);
  const json answer = json::parse(write_error_json(error, "1-1"));
  CHECK(answer["code"] == "request too large");
  CHECK(answer["line"] == 7);
  CHECK(answer["message"].get<std::string>().ends_with("error in line 7: it is too long"));
}

TEST_CASE("write_error: any bytes of a client make valid JSON") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  bytes += "\xf0\x9f\x98\x80\xed\xa0\x80";
  const json answer = json::parse(write_error_json(bad_line(1, bytes), "1-1"));
  const std::string message = answer["message"];
  CHECK(message.find("\x01\x02") != std::string::npos);
  CHECK(message.find("\xf0\x9f\x98\x80") != std::string::npos);
  CHECK(message.find("\xef\xbf\xbd") != std::string::npos);
}

TEST_CASE("write_error: a long text is cut between two letters") {
  for (size_t shift = 0; shift < 4; ++shift) {
    std::string text(error_detail_size_max - 8 + shift, 'x');
    for (int i = 0; i < 5; ++i) text += "\xf0\x9f\x98\x80";
    const std::string message = json::parse(write_error_json(bad_line(1, text), "1-1"))["message"];
    CHECK(message.size() <= error_detail_size_max + 100);
    CHECK(message.find("\xef\xbf\xbd") == std::string::npos);
    CHECK(message.ends_with("\xf0\x9f\x98\x80"));
  }
}

TEST_CASE("write_error: ids are the server's and a count") {
  ErrorIds ids(0xffff'0f24'2c5b'355dU);
  CHECK(ids.next() == "0f242c5b355d-1");
  CHECK(ids.next() == "0f242c5b355d-2");
}

TEST_CASE("settings: the text is QuestDB's") {
  constexpr std::array<uint32_t, 3> all{1, 2, 3};
  CHECK(settings_text({.http = true, .tcp = true, .pgwire = true, .versions = all}) ==
        R"({"config":{"release.type":"OSS","release.version":"9.3.4","http.settings.readonly":false,)"
        R"("accepting.writes":["http", "tcp", "pgwire"],"line.proto.support.versions":[1,2,3],)"
        R"("ilp.proto.transports":["tcp", "http"],"posthog.enabled":false,"posthog.api.key":null,)"
        R"("cairo.max.file.name.length":127},"preferences.version":0,"preferences":{}})");
}

TEST_CASE("settings: what is switched on is offered, and no more") {
  constexpr std::array<uint32_t, 1> text{1};
  const json all = json::parse(
      settings_text({.http = true, .tcp = true, .udp = true, .authenticates = true, .versions = text, .name_size_max = 100}));
  CHECK(all["config"]["accepting.writes"] == json({"http", "tcp"}));
  CHECK(all["config"]["ilp.proto.transports"] == json({"tcp", "http", "udp"}));
  CHECK(all["config"]["acl.enabled"] == true);
  CHECK(all["config"]["line.proto.support.versions"] == json::array({1}));
  CHECK(all["config"]["cairo.max.file.name.length"] == 100);
  const json none = json::parse(settings_text({.http = false}));
  CHECK(none["config"]["accepting.writes"] == json::array());
  CHECK(none["config"]["ilp.proto.transports"] == json::array());
  CHECK_FALSE(none["config"].contains("acl.enabled"));
}

TEST_CASE("precision: the words of InfluxDB 1 and 2") {
  CHECK(parse_precision("") == TimeUnit::ns);
  CHECK(parse_precision("n") == TimeUnit::ns);
  CHECK(parse_precision("ns") == TimeUnit::ns);
  CHECK(parse_precision("u") == TimeUnit::us);
  CHECK(parse_precision("us") == TimeUnit::us);
  CHECK(parse_precision("ms") == TimeUnit::ms);
  CHECK(parse_precision("s") == TimeUnit::seconds);
  CHECK(parse_precision("m") == TimeUnit::minutes);
  CHECK(parse_precision("h") == TimeUnit::hours);
  for (const char* unknown : {"N", "d", "second", "auto", "n ", "µs"}) CHECK_FALSE(parse_precision(unknown));
}

TEST_CASE("precision: the words of InfluxDB 3, and what it guesses") {
  CHECK(parse_v3_precision("") == TimeUnit::unspecified);
  CHECK(parse_v3_precision("auto") == TimeUnit::unspecified);
  CHECK(parse_v3_precision("nanosecond") == TimeUnit::ns);
  CHECK(parse_v3_precision("microsecond") == TimeUnit::us);
  CHECK(parse_v3_precision("millisecond") == TimeUnit::ms);
  CHECK(parse_v3_precision("second") == TimeUnit::seconds);
  CHECK(parse_v3_precision("us") == TimeUnit::us);
  for (const char* unknown : {"m", "h", "minute", "AUTO"}) CHECK_FALSE(parse_v3_precision(unknown));
  CHECK(guess_time_unit(0) == TimeUnit::seconds);
  CHECK(guess_time_unit(4'999'999'999) == TimeUnit::seconds);
  CHECK(guess_time_unit(-4'999'999'999) == TimeUnit::seconds);
  CHECK(guess_time_unit(5'000'000'000) == TimeUnit::ms);
  CHECK(guess_time_unit(1'700'000'000'000) == TimeUnit::ms);
  CHECK(guess_time_unit(5'000'000'000'000) == TimeUnit::us);
  CHECK(guess_time_unit(1'700'000'000'000'000) == TimeUnit::us);
  CHECK(guess_time_unit(5'000'000'000'000'000) == TimeUnit::ns);
  CHECK(guess_time_unit(INT64_MAX) == TimeUnit::ns);
  CHECK(guess_time_unit(INT64_MIN) == TimeUnit::ns);
}

TEST_CASE("influx_text: databases are there when a client wants them") {
  CHECK(answer_influx_query("CREATE DATABASE \"telegraf\"").body == R"({"results":[{"statement_id":0}]})");
  CHECK(answer_influx_query(" create  database x;").status == 200);
  CHECK(json::parse(answer_influx_query("show databases").body)["results"][0]["statement_id"] == 0);
  for (const char* other : {"", "CREATE", "CREATE DATABASES", "SELECT * FROM x", "DROP DATABASE x"}) {
    const InfluxAnswer answer = answer_influx_query(other);
    CHECK(answer.status == 400);
    CHECK(json::parse(answer.body)["error"].is_string());
  }
}

TEST_CASE("influx_text: lines that were refused") {
  const RefusedLine line{.original = "cpu,host=a val= 123", .number = 2, .reason = "No fields were provided"};
  CHECK(v3_partial_write_json(std::vector{line}) ==
        R"({"error":"partial write of line protocol occurred","data":[{"original_line":"cpu,host=a val= 123","line_number":2,)"
        R"("error_message":"No fields were provided"}]})");
  CHECK(v3_refused_write_json(line) ==
        R"({"error":"parsing failed for write_lp endpoint","data":{"original_line":"cpu,host=a val= 123","line_number":2,)"
        R"("error_message":"No fields were provided"}})");
  std::vector<RefusedLine> many(500, line);
  many[1] = {.original = std::string(5000, '\xff'), .number = 3, .reason = "\n\""};
  const json answer = json::parse(v3_partial_write_json(many));
  CHECK(answer["data"].size() == refused_lines_max);
  CHECK(answer["data"][1]["error_message"] == "\n\"");
  CHECK(answer["data"][1]["original_line"].get<std::string>().size() <= 3 * refused_line_size_max);
}

}  // namespace
}  // namespace net
