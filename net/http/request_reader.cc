#include "net/http/request_reader.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <utility>

#include "engine/base/verify.h"
#include "net/http/text.h"

namespace net {

namespace http = boost::beast::http;

struct RequestReader::Parser {
  std::optional<http::request_parser<http::string_body>> of_request;
};

RequestReader::RequestReader() : parser_(std::make_unique<Parser>()) { begin(); }

RequestReader::~RequestReader() = default;

void RequestReader::begin() {
  parser_->of_request.emplace();
  parser_->of_request->eager(true);
  parser_->of_request->header_limit(head_size_max);
  parser_->of_request->body_limit(body_size_max);
}

bool RequestReader::has_begun() const { return parser_->of_request->got_some(); }

bool RequestReader::is_complete() const { return parser_->of_request->is_done(); }

RequestReader::Progress RequestReader::refuse(uint16_t status, std::string text) {
  refusal_status_ = status;
  refusal_ = std::move(text);
  return Progress::refused;
}

RequestReader::Progress RequestReader::read(std::string& input) {
  boost::system::error_code error;
  while (!is_complete() && !input.empty() && !error) {
    const size_t used = parser_->of_request->put(boost::asio::buffer(input), error);
    input.erase(0, used);
    if (used == 0) break;
  }
  if (error == http::error::need_more) error = {};
  if (error == http::error::header_limit) return refuse(431, "Request header is too large");
  if (error == http::error::body_limit) return refuse(413, "Request body is too large");
  if (error) return refuse(400, "Bad request: " + error.message());
  return is_complete() ? Progress::complete : Progress::incomplete;
}

HttpRequest RequestReader::request() const {
  VERIFY(is_complete());
  const auto& request = parser_->of_request->get();
  const auto method = request.method_string();
  const auto target_text = request.target();
  const HttpTarget target = split_target({target_text.data(), target_text.size()});
  return {.method = {method.data(), method.size()},
          .path = target.path,
          .query = target.query,
          .body = request.body(),
          .keep_alive = request.keep_alive()};
}

}  // namespace net
