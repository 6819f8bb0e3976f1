#include "tools/cli/http_client.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "engine/io/socket_name.h"

namespace tools {
namespace {

namespace http = boost::beast::http;
using AnswerParser = http::response_parser<http::string_body>;
using Clock = std::chrono::steady_clock;

constexpr uint64_t body_size_max = uint64_t{1} << 30;
constexpr uint32_t head_size_max = 64 * 1024;

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

// deadline_exceeded from here means the same everywhere: it took too long.
absl::Status took_too_long(std::chrono::milliseconds limit) {
  return engine::make_status(absl::StatusCode::kDeadlineExceeded, fmt::format("nothing came within {} ms", limit.count()));
}

}  // namespace

// One connection. No call waits longer than until the deadline of the request.
class HttpClient::Stream {
 public:
  Stream(engine::SocketAddress server, const HttpClientOptions& options)
      : name_(engine::to_socket_name(server)),
        socket_(::socket(name_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
        server_(server),
        options_(options) {}
  ~Stream() {
    if (socket_ >= 0) ::close(socket_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void begin_request() {
    begin_ = Clock::now();
    is_told_ = false;
  }

  absl::Status connect() {
    if (socket_ < 0) return engine::errno_status(errno, "socket");
    if (::connect(socket_, name_.get(), name_.size) == 0) return absl::OkStatus();
    if (errno != EINPROGRESS) return engine::errno_status(errno, "connect");
    RETURN_IF_ERROR(wait(POLLOUT));
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? absl::OkStatus() : engine::errno_status(error, "connect");
  }

  absl::Status send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size > 0) {
        bytes.remove_prefix(static_cast<size_t>(size));
      } else if (errno == EAGAIN) {
        RETURN_IF_ERROR(wait(POLLOUT));
      } else if (errno != EINTR) {
        return engine::errno_status(errno, "send");
      }
    }
    return absl::OkStatus();
  }

  // Until the answer is whole.
  absl::Status receive(AnswerParser& answer) {
    std::array<char, 64 * 1024> piece;
    while (!answer.is_done()) {
      const ssize_t size = ::recv(socket_, piece.data(), piece.size(), 0);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno != EAGAIN) return engine::errno_status(errno, "receive");
      if (size < 0) {
        RETURN_IF_ERROR(wait(POLLIN));
      } else {
        unparsed_.append(piece.data(), static_cast<size_t>(size));
        RETURN_IF_ERROR(parse(answer, size == 0));
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status parse(AnswerParser& answer, bool is_end) {
    boost::system::error_code error;
    size_t used = 0;
    while (!answer.is_done() && used < unparsed_.size() && !error) {
      const size_t taken = answer.put(boost::asio::buffer(unparsed_.data() + used, unparsed_.size() - used), error);
      if (taken == 0) break;
      used += taken;
    }
    unparsed_.erase(0, used);
    if (error == http::error::need_more) error = {};
    if (is_end && !error && !answer.is_done()) {
      if (!answer.got_some() && unparsed_.empty()) return engine::unavailable("the connection was closed");
      answer.put_eof(error);
    }
    if (!error) return absl::OkStatus();
    return engine::make_status(absl::StatusCode::kUnimplemented, fmt::format("that is no HTTP: {}", error.message()));
  }

  // Until the socket is ready. Tells once that it is silent.
  absl::Status wait(short events) {
    for (;;) {
      const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin_);
      if (waited >= options_.answer_time_max) return took_too_long(options_.answer_time_max);
      if (!is_told_ && waited >= options_.silence_told_after) tell();
      const auto until = is_told_ ? options_.answer_time_max : std::min(options_.answer_time_max, options_.silence_told_after);
      pollfd polled{.fd = socket_, .events = events, .revents = 0};
      if (::poll(&polled, 1, static_cast<int>((until - waited).count()) + 1) > 0) return absl::OkStatus();
    }
  }

  void tell() {
    is_told_ = true;
    std::fprintf(options_.notices,
                 "http://%s has not answered for %lld ms, waiting for %lld at most; is it HTTP that is served there?\n",
                 server_.to_string().c_str(), static_cast<long long>(options_.silence_told_after.count()),
                 static_cast<long long>(options_.answer_time_max.count()));
    std::fflush(options_.notices);
  }

  const engine::SocketName name_;
  int socket_;
  engine::SocketAddress server_;
  HttpClientOptions options_;
  Clock::time_point begin_;  // of the request
  bool is_told_ = false;
  std::string unparsed_;
};

HttpClient::HttpClient(engine::SocketAddress server, const HttpClientOptions& options) : server_(server), options_(options) {}
HttpClient::~HttpClient() = default;

absl::StatusOr<HttpClient::Answer> HttpClient::get(std::string_view target) {
  const std::string url = fmt::format("http://{}{}", server_.to_string(), target);
  const std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", target, server_.to_string());
  // A connection that was kept may have been closed meanwhile, which shows only now: then once more, on a new one.
  for (bool kept = stream_ != nullptr;; kept = false) {
    if (!kept) stream_ = std::make_unique<Stream>(server_, options_);
    stream_->begin_request();
    if (!kept) {
      if (const absl::Status status = stream_->connect(); !status.ok()) {
        stream_.reset();
        return engine::unavailable(
            fmt::format("cannot connect to http://{}: {}", server_.to_string(), engine::message_of(status)));
      }
    }
    AnswerParser parser;
    parser.eager(true);
    parser.header_limit(head_size_max);
    parser.body_limit(body_size_max);
    absl::Status status = stream_->send(request);
    if (status.ok()) status = stream_->receive(parser);
    if (!status.ok()) {
      stream_.reset();
      if (kept && !absl::IsDeadlineExceeded(status) && !absl::IsUnimplemented(status)) continue;
      return engine::unavailable(fmt::format("no answer from {}: {}", url, engine::message_of(status)));
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
