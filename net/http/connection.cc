#include "net/http/connection.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "net/http/text.h"

namespace net {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view plain_text = "text/plain; charset=utf-8";
constexpr std::string_view json = "application/json; charset=utf-8";

}  // namespace

HttpConnection::HttpConnection(engine::Shard& shard, engine::FileId socket, HttpConnectionListener& listener)
    : shard_(shard),
      socket_(socket),
      listener_(listener),
      retry_(shard.reactor().timers(), *this),
      too_slow_(shard.reactor().timers(), *this) {
  query_.http_shard = shard.id();
  query_.connection = this;
}

void HttpConnection::start() { begin_request(); }

void HttpConnection::begin_request() {
  state_ = State::reading;
  head_sent_ = false;
  parser_.emplace();
  parser_->eager(true);
  parser_->header_limit(head_size_max);
  parser_->body_limit(body_size_max);
  too_slow_.arm(shard_.reactor().now() + (input_.empty() ? idle_time_max : request_time_max));
  read_request();
}

void HttpConnection::receive() {
  if (receiving_ || retry_.armed()) return;
  receiving_ = true;
  shard_.reactor().submit({.op = engine::IoOp::recv_once, .file = socket_, .completion = &received_});
}

void HttpConnection::on_received(const engine::IoResult& result) {
  receiving_ = false;
  const bool is_first = state_ == State::reading && !parser_->got_some() && input_.empty();
  if (result.buffer != engine::buffer_none) {
    input_.append(engine::as_text(result.data));
    shard_.backend().release_buffer(result.buffer);
  }
  if (state_ == State::ending) return end_when_quiet();
  if (result.result == -ENOBUFS) return retry_.arm(shard_.reactor().now() + retry_pause);
  if (result.result <= 0) return close();
  if (is_first) too_slow_.arm(shard_.reactor().now() + request_time_max);
  if (state_ == State::reading) return read_request();
  if (input_.size() < head_size_max) receive();  // requests that came early wait
}

void HttpConnection::on_retry(engine::Instant) { receive(); }

void HttpConnection::on_too_slow(engine::Instant) { close(); }

void HttpConnection::read_request() {
  boost::system::error_code error;
  while (!parser_->is_done() && !input_.empty() && !error) {
    const size_t used = parser_->put(boost::asio::buffer(input_), error);
    input_.erase(0, used);
    if (used == 0) break;
  }
  if (error == http::error::need_more) error = {};
  if (error == http::error::header_limit) return refuse(431, "Request header is too large");
  if (error == http::error::body_limit) return refuse(413, "Request body is too large");
  if (error) return refuse(400, fmt::format("Bad request: {}", error.message()));
  if (!parser_->is_done()) return receive();
  too_slow_.disarm();
  handle();
}

void HttpConnection::handle() {
  const auto& request = parser_->get();
  keep_alive_ = request.keep_alive();
  const auto method_text = request.method_string();
  const std::string_view method(method_text.data(), method_text.size());
  if (request.method() != http::verb::get) return refuse(405, fmt::format("Method {} not supported", method), "Allow: GET\r\n");
  if (!request.body().empty()) return refuse(400, "GET request method cannot have content");
  const auto target_text = request.target();
  const HttpTarget target = split_target({target_text.data(), target_text.size()});
  if (target.path == "/ping") {
    state_ = State::answering;
    return send(
        make_head({.status = 204, .content_type = {}, .extra = "X-Influxdb-Version: v2.7.4\r\n", .keep_alive = keep_alive_},
                  shard_.backend().wall_now()));
  }
  if (target.path != "/exec") return refuse(404, "Not Found");
  std::optional<std::string> text = query_parameter(target.query, "query");
  if (!text) return refuse(400, "/exec needs a parameter: query=SQL, URL-encoded");
  start_query(*std::move(text));
}

void HttpConnection::start_query(std::string text) {
  query_.text = std::move(text);
  query_.status = 200;
  query_.part.clear();
  query_.is_last = false;
  query_.is_broken = false;
  if (!listener_.start_query(query_)) return refuse(503, "Too many queries are running", "Retry-After: 1\r\n");
  lent_ = true;
  state_ = State::querying;
  if (input_.size() < head_size_max) receive();
}

void HttpConnection::on_query_part() {
  lent_ = !query_.is_last;
  part_here_ = lent_;
  if (state_ == State::ending) return end_when_quiet();
  if (query_.is_broken) return close();
  std::string text;
  if (!std::exchange(head_sent_, true)) {
    text = make_head({.status = query_.status,
                      .content_type = json,
                      .extra = "Keep-Alive: timeout=5, max=10000\r\n",
                      .keep_alive = keep_alive_},
                     shard_.backend().wall_now());
  }
  text += make_chunk(query_.part);
  if (query_.is_last) text += last_chunk;
  send(std::move(text));
}

// A protocol error ends the connection: where the next request begins is not known.
void HttpConnection::refuse(uint16_t status, std::string_view text, std::string_view extra) {
  state_ = State::answering;
  if (!parser_->is_done()) keep_alive_ = false;
  send(make_head({.status = status, .content_type = plain_text, .extra = extra, .keep_alive = keep_alive_},
                 shard_.backend().wall_now()) +
       make_chunk(fmt::format("{}\r\n", text)) + std::string(last_chunk));
}

void HttpConnection::send(std::string text) {
  VERIFY(!sending_);
  output_ = std::move(text);
  output_sent_ = 0;
  submit_send();
}

void HttpConnection::submit_send() {
  sending_ = true;
  too_slow_.arm(shard_.reactor().now() + send_time_max);
  const std::span<char> left = std::span(output_).subspan(output_sent_);
  shard_.reactor().submit(
      {.op = engine::IoOp::send, .file = socket_, .buffer = std::as_writable_bytes(left), .completion = &sent_});
}

void HttpConnection::on_sent(const engine::IoResult& result) {
  sending_ = false;
  if (state_ == State::ending) return end_when_quiet();
  if (result.result <= 0) return close();
  output_sent_ += static_cast<size_t>(result.result);
  if (output_sent_ < output_.size()) return submit_send();
  too_slow_.disarm();
  if (!lent_) return end_request();
  part_here_ = false;
  listener_.go_on({.query = &query_, .part_taken = true});
}

void HttpConnection::end_request() {
  if (!keep_alive_) return close();
  begin_request();
}

void HttpConnection::close() {
  if (state_ == State::ending || state_ == State::closed) return;
  state_ = State::ending;
  retry_.disarm();
  too_slow_.disarm();
  if (lent_ && !part_here_) listener_.go_on({.query = &query_, .cancelled = true});
  if (receiving_ || sending_) {
    shutting_down_ = true;
    shard_.reactor().submit({.op = engine::IoOp::shutdown, .file = socket_, .completion = &shut_down_});
  }
  end_when_quiet();
}

void HttpConnection::end_when_quiet() {
  if (receiving_ || sending_ || shutting_down_) return;
  if (lent_) {
    if (std::exchange(part_here_, false)) listener_.go_on({.query = &query_, .part_taken = true, .cancelled = true});
    return;
  }
  state_ = State::closed;
  shard_.reactor().submit({.op = engine::IoOp::close, .file = socket_, .completion = &file_closed_});
}

void HttpConnection::on_shut_down(const engine::IoResult&) {
  shutting_down_ = false;
  end_when_quiet();
}

void HttpConnection::on_file_closed(const engine::IoResult&) { listener_.on_closed(*this); }

}  // namespace net
