// The conformance vectors of HTTP, vectors/ilp_transports.jsonl, as bytes on their way in: whatever segments and chunks they
// come in, a request is read and its body unpacked in the same way. What is answered to each is tested with the real program
// (tests/program/vectors_test.py).
#include <tests/net/vectors_directory.h>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "net/auth/base64.h"
#include "net/body/decoder.h"
#include "net/http/request_reader.h"
#include "tests/catch.h"

namespace {

using net::RequestReader;
using nlohmann::json;

std::string decode(const json& text) { return net::decode_base64(text.get<std::string>(), net::Base64::standard).value(); }

std::string status_text(const absl::Status& status) { return "[" + std::string(engine::message_of(status)) + "]"; }

// A connection without a socket: what is read of a request, as a text.
class Reading {
 public:
  void receive(std::string_view segment) {
    if (is_over_) return;
    buffer_ += segment;
    std::string_view input = buffer_;
    while (go_on(input)) {
    }
    buffer_.erase(0, buffer_.size() - input.size());
  }

  std::string text() const { return said_ + "\n" + body_ + (is_over_ ? "\nbehind it: " + buffer_ : "\nunfinished"); }

 private:
  bool go_on(std::string_view& input) {
    if (is_over_) return false;
    return decoder_ == nullptr ? read_head(input) : read_body(input);
  }

  bool read_head(std::string_view& input) {
    switch (reader_.read_head(input)) {
      case RequestReader::HeadProgress::incomplete:
        return false;
      case RequestReader::HeadProgress::refused:
        return refuse(input);
      case RequestReader::HeadProgress::complete:
        break;
    }
    const net::HttpRequest request = reader_.request();
    for (const std::string_view each :
         {request.method, request.path, request.query, request.content_type, request.content_encoding, request.authorization}) {
      said_.append(each).append(" ");
    }
    said_ += request.has_body_size ? "has a size" : "has none";
    auto decoder = net::make_body_decoder(request.content_encoding, request.content_type);
    if (!decoder.ok()) {
      said_ += status_text(decoder.status());
      decoder = net::make_body_decoder({}, {});
    }
    decoder_ = *std::move(decoder);
    return true;
  }

  bool read_body(std::string_view& input) {
    std::string_view piece;
    switch (reader_.read_body(input, piece)) {
      case RequestReader::BodyProgress::incomplete:
        return false;
      case RequestReader::BodyProgress::piece:
        unpack(piece);
        return true;
      case RequestReader::BodyProgress::complete:
        if (!has_failed_) body_ += status_text(decoder_->finish());
        is_over_ = true;
        return false;
      case RequestReader::BodyProgress::refused:
        return refuse(input);
    }
    return false;
  }

  void unpack(std::string_view piece) {
    while (!has_failed_) {
      const absl::StatusOr<std::string_view> decoded = decoder_->decode(piece);
      has_failed_ = !decoded.ok();
      body_ += has_failed_ ? status_text(decoded.status()) : std::string(*decoded);
      if (has_failed_ || decoded->empty()) return;
    }
  }

  // What stands behind it means nothing then.
  bool refuse(std::string_view& input) {
    said_ += std::to_string(reader_.refusal_status()) + " " + reader_.refusal();
    input = {};
    is_over_ = true;
    return false;
  }

  RequestReader reader_;
  std::unique_ptr<net::BodyDecoder> decoder_;
  std::string buffer_;
  std::string said_;
  std::string body_;
  bool has_failed_ = false;
  bool is_over_ = false;
};

std::string chunk(std::string_view content) {
  char size[20];
  std::snprintf(size, sizeof(size), "%zx\r\n", content.size());
  return content.empty() ? "" : size + std::string(content) + "\r\n";
}

// The body in two chunks.
std::string in_chunks(std::string_view body, size_t cut) {
  return chunk(body.substr(0, cut)) + chunk(body.substr(cut)) + "0\r\n\r\n";
}

struct Request {
  std::string head;  // but for what says how long the body is
  std::string size;  // which is this line, or none
  std::string body;
};

Request make_request(const json& vector) {
  const json http = vector.value("http", json::object());
  const json headers = http.value("headers", json::object());
  Request request;
  request.head = http.value("method", "POST") + " " + http.value("path", "/write");
  if (http.contains("query")) request.head += "?" + http.at("query").get<std::string>();
  request.head += " HTTP/1.1\r\nHost: millrace\r\n";
  request.body = decode(http.value("body_b64", vector.at("input_b64")));
  if (!headers.contains("Content-Length")) request.size = "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  for (const auto& [name, value] : headers.items()) {
    if (value.is_null() || name == "Transfer-Encoding") continue;
    request.head += name + ": " + value.get<std::string>() + "\r\n";
  }
  if (headers.contains("Transfer-Encoding")) {
    request.size = "Transfer-Encoding: chunked\r\n";
    request.body = in_chunks(request.body, request.body.size() / 2);
  }
  return request;
}

std::string read_whole(std::string_view bytes) {
  Reading reading;
  reading.receive(bytes);
  return reading.text();
}

// In two segments, cut at each byte, and in single bytes.
void check_segments(std::string_view bytes, const std::string& expected) {
  CHECK(read_whole(bytes) == expected);
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    INFO("cut at " << cut);
    Reading reading;
    reading.receive(bytes.substr(0, cut));
    reading.receive(bytes.substr(cut));
    CHECK(reading.text() == expected);
  }
  Reading reading;
  for (const char& byte : bytes) reading.receive({&byte, 1});
  CHECK(reading.text() == expected);
}

// The same body in chunks that are cut at each byte.
void check_chunks(const Request& request, const std::string& expected) {
  for (size_t cut = 0; cut < request.body.size(); ++cut) {
    INFO("chunks cut at " << cut);
    const std::string bytes = request.head + "Transfer-Encoding: chunked\r\n\r\n" + in_chunks(request.body, cut);
    CHECK(read_whole(bytes) == expected);
    Reading reading;
    for (const char& byte : bytes) reading.receive({&byte, 1});
    CHECK(reading.text() == expected);
  }
}

}  // namespace

TEST_CASE("request vectors: a request is the same in whatever segments and chunks it comes") {
  std::ifstream file(std::string(MILLRACE_TEST_VECTORS) + "/ilp_transports.jsonl");
  REQUIRE(file.is_open());
  size_t count = 0;
  for (std::string text; std::getline(file, text);) {
    const json vector = json::parse(text);
    if (vector.value("transport", "") != "http") continue;
    ++count;
    INFO(vector.at("id").get<std::string>() << " " << vector.at("topic").get<std::string>());
    const Request request = make_request(vector);
    const std::string bytes = request.head + request.size + "\r\n" + request.body;
    const std::string expected = read_whole(bytes);
    CHECK_FALSE(expected.ends_with("unfinished"));
    check_segments(bytes, expected);
    if (request.size.starts_with("Content-Length") && !request.body.empty()) check_chunks(request, expected);
  }
  CHECK(count == 43);
}
