#include "tools/cli/http_client.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

namespace tools {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::chrono::seconds request_timeout{60};
constexpr uint64_t body_size_max = uint64_t{1} << 30;

// Everything but letters, digits and -._~ as %XX.
std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace

// One connection. Requests run asynchronously inside, for only those have timeouts.
class HttpClient::Stream {
 public:
  error_code connect(engine::SocketAddress server) {
    error_code error;
    stream_.expires_after(request_timeout);
    stream_.async_connect(asio::ip::tcp::endpoint(asio::ip::address_v4(server.ipv4), server.port),
                          [&](error_code e) { error = e; });
    run();
    return error;
  }

  error_code exchange(const http::request<http::empty_body>& request, http::response_parser<http::string_body>& answer) {
    error_code error;
    stream_.expires_after(request_timeout);
    http::async_write(stream_, request, [&](error_code write_error, size_t) {
      error = write_error;
      if (!error) http::async_read(stream_, buffer_, answer, [&](error_code read_error, size_t) { error = read_error; });
    });
    run();
    return error;
  }

 private:
  void run() {
    context_.restart();
    context_.run();
  }

  asio::io_context context_;
  beast::tcp_stream stream_{context_};
  beast::flat_buffer buffer_;
};

HttpClient::HttpClient(engine::SocketAddress server) : server_(server) {}
HttpClient::~HttpClient() = default;

absl::StatusOr<HttpClient::Answer> HttpClient::get(std::string_view target) {
  http::request<http::empty_body> request{http::verb::get, beast::string_view(target.data(), target.size()), 11};
  request.set(http::field::host, server_.to_string());
  // A connection that was kept may have been closed meanwhile, which shows only now: then once more, on a new one.
  for (bool kept = stream_ != nullptr;; kept = false) {
    if (!kept) {
      stream_ = std::make_unique<Stream>();
      if (const error_code error = stream_->connect(server_)) {
        stream_.reset();
        return engine::unavailable(fmt::format("cannot connect to http://{}: {}", server_.to_string(), error.message()));
      }
    }
    http::response_parser<http::string_body> parser;
    parser.body_limit(body_size_max);
    if (const error_code error = stream_->exchange(request, parser)) {
      stream_.reset();
      if (kept && error != beast::error::timeout) continue;
      return engine::unavailable(fmt::format("no answer from http://{}{}: {}", server_.to_string(), target, error.message()));
    }
    if (!parser.get().keep_alive()) stream_.reset();
    return Answer{.status = parser.get().result_int(), .body = std::move(parser.get().body())};
  }
}

absl::StatusOr<nlohmann::json> HttpClient::query(std::string_view sql) {
  absl::StatusOr<Answer> answer = get(fmt::format("/exec?query={}", percent_encoded(sql)));
  if (!answer.ok()) return answer.status();
  nlohmann::json body = nlohmann::json::parse(answer->body, nullptr, false);
  if (answer->status == 200 && body.is_object() && body.contains("columns") && body.contains("dataset")) return body;
  std::string reason = answer->body.substr(0, 200);
  if (body.is_object() && body.contains("error") && body["error"].is_string()) reason = body["error"].get<std::string>();
  return engine::invalid_argument(
      fmt::format("http://{} answered {} to \"{}\": {}", server_.to_string(), answer->status, sql, reason));
}

}  // namespace tools
