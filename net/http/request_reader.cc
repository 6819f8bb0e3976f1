#include "net/http/request_reader.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/verify.h"
#include "net/http/text.h"

namespace net {

namespace http = boost::beast::http;

namespace {

constexpr size_t chunk_memory_size = size_t{64} << 10;

}  // namespace

struct RequestReader::Parser {
  std::optional<http::request_parser<http::buffer_body>> of_request;
  std::vector<char> chunk_memory;  // of a request with chunks

  // The parser stops at the second of the two.
  bool has_two_sizes(const boost::system::error_code& error) const {
    const auto& message = of_request->get();
    return (error == http::error::bad_content_length && message.count(http::field::transfer_encoding) != 0) ||
           (error == http::error::bad_transfer_encoding && message.count(http::field::content_length) != 0);
  }

  template <typename Name>
  std::string_view header(Name name) const {
    const auto value = of_request->get()[name];
    return {value.data(), value.size()};
  }
};

RequestReader::RequestReader() : parser_(std::make_unique<Parser>()) { begin(); }

RequestReader::~RequestReader() = default;

void RequestReader::begin() {
  parser_->of_request.emplace();
  parser_->of_request->header_limit(head_size_max);
  parser_->of_request->body_limit(std::numeric_limits<uint64_t>::max());  // its handler bounds it
  std::vector<char>().swap(parser_->chunk_memory);
  body_left_ = 0;
}

bool RequestReader::has_begun() const { return parser_->of_request->got_some(); }

void RequestReader::refuse(uint16_t status, std::string text) {
  refusal_status_ = status;
  refusal_ = std::move(text);
}

RequestReader::HeadProgress RequestReader::read_head(std::string_view& input) {
  auto& parser = *parser_->of_request;
  boost::system::error_code error;
  while (!parser.is_header_done() && !input.empty() && !error) {
    const size_t used = parser.put(boost::asio::buffer(input), error);
    input.remove_prefix(used);
    if (used == 0) break;
  }
  if (error == http::error::need_more) error = {};
  if (error == http::error::header_limit) {
    refuse(431, "Request header is too large");
    return HeadProgress::refused;
  }
  if (error) {
    refuse(400, parser_->has_two_sizes(error) ? "Invalid chunked request; content-length specified"
                                              : "Bad request: " + error.message());
    return HeadProgress::refused;
  }
  if (!parser.is_header_done()) return HeadProgress::incomplete;
  body_left_ = parser.chunked() ? 0 : parser.content_length_remaining().value_or(0);
  return HeadProgress::complete;
}

HttpRequest RequestReader::request() const {
  VERIFY(parser_->of_request->is_header_done());
  const auto& message = parser_->of_request->get();
  const auto method = message.method_string();
  const auto target_text = message.target();
  const HttpTarget target = split_target({target_text.data(), target_text.size()});
  const auto content_length = parser_->of_request->content_length();
  return {.method = {method.data(), method.size()},
          .path = target.path,
          .query = target.query,
          .content_type = parser_->header(http::field::content_type),
          .content_encoding = parser_->header(http::field::content_encoding),
          .authorization = parser_->header(http::field::authorization),
          .idempotency_key = parser_->header("Idempotency-Key"),
          .has_body_size = content_length.has_value() || parser_->of_request->chunked(),
          .is_chunked = parser_->of_request->chunked(),
          .content_length = content_length.value_or(0),
          .keep_alive = parser_->of_request->keep_alive()};
}

RequestReader::BodyProgress RequestReader::read_body(std::string_view& input, std::string_view& piece) {
  if (parser_->of_request->chunked()) return read_chunks(input, piece);
  if (body_left_ == 0) return BodyProgress::complete;
  if (input.empty()) return BodyProgress::incomplete;
  piece = input.substr(0, static_cast<size_t>(std::min<uint64_t>(body_left_, input.size())));
  input.remove_prefix(piece.size());
  body_left_ -= piece.size();
  return BodyProgress::piece;
}

// The parser copies the chunks' contents into the memory that it is shown.
RequestReader::BodyProgress RequestReader::read_chunks(std::string_view& input, std::string_view& piece) {
  auto& parser = *parser_->of_request;
  std::vector<char>& memory = parser_->chunk_memory;
  if (memory.empty()) memory.resize(chunk_memory_size);
  auto& body = parser.get().body();
  body.data = memory.data();
  body.size = memory.size();
  boost::system::error_code error;
  while (!parser.is_done() && !input.empty() && body.size != 0 && !error) {
    const size_t used = parser.put(boost::asio::buffer(input), error);
    input.remove_prefix(used);
    if (used == 0) break;
  }
  const size_t taken = memory.size() - body.size;
  if (error == http::error::need_more || error == http::error::need_buffer) error = {};
  if (error) {
    refuse(400, "Bad request: " + error.message());
    return BodyProgress::refused;
  }
  piece = {memory.data(), taken};
  if (taken != 0) return BodyProgress::piece;
  return parser.is_done() ? BodyProgress::complete : BodyProgress::incomplete;
}

}  // namespace net
