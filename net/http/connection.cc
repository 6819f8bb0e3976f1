#include "net/http/connection.h"

#include <utility>

#include "engine/base/verify.h"
#include "net/http/ddl_answer.h"
#include "net/http/routes.h"
#include "net/http/text.h"
#include "net/query/query_answer.h"
#include "storage/repeat/desk.h"

namespace net {
namespace {

constexpr std::string_view json = "application/json; charset=utf-8";
constexpr std::string_view end_of_chunk = "\r\n";

// QuestDB's header, number for number, as its clients know it. Who believes it is not disappointed: a connection stays for
// longer, and for more requests.
constexpr std::string_view keep_alive_line = "Keep-Alive: timeout=5, max=10000\r\n";

}  // namespace

HttpConnection::HttpConnection(const Context& context, engine::FileId socket, engine::SocketAddress peer, uint64_t id)
    : context_(context),
      socket_(socket),
      peer_(peer),
      input_(context.shard, socket, *this),
      output_(context.shard, socket, *this),
      too_slow_(context.shard.reactor().timers(), *this),
      delivery_timer_(context.shard.reactor().timers(), *this) {
  query_.reply_to = {.endpoint = context.shard.id(), .id = id};
}

void HttpConnection::move_to(State state) {
  switch (state) {
    case State::reading:
      VERIFY(state_ == State::reading || state_ == State::answering || state_ == State::querying);
      break;
    case State::answering:
      VERIFY(state_ == State::reading || state_ == State::taking || state_ == State::waiting || state_ == State::changing);
      break;
    case State::waiting:
      VERIFY(state_ == State::taking);
      break;
    case State::taking:
    case State::querying:
    case State::changing:
      VERIFY(state_ == State::reading);
      break;
    case State::ending:
      VERIFY(!is_ending());
      break;
    case State::closed:
      VERIFY(state_ == State::ending);
      break;
  }
  state_ = state;
}

bool HttpConnection::is_idle() const { return state_ == State::reading && input_.text().empty() && !reader_.has_begun(); }

void HttpConnection::start() { begin_request(); }

void HttpConnection::begin_request() {
  move_to(State::reading);
  handler_.reset();
  piece_ = {};
  is_refusing_ = is_stopping_;
  reader_.begin();
  input_.expect(0);
  idle_since_ = context_.shard.reactor().now();
  too_slow_.arm(idle_since_ + (input_.text().empty() ? context_.services.options.idle_time_max : head_time_max));
  read_head();
}

void HttpConnection::on_received(size_t size) {
  if (size == 0 && input_.has_failed()) doubt();
  if (state_ == State::ending) return end_when_quiet();
  if (size == 0 && state_ == State::waiting && !input_.has_failed()) {
    keep_alive_ = false;
    return handler_->on_client_end();
  }
  if (size == 0) {
    // Its end comes with what it has got: an answer that is not among that was not awaited.
    if (context_.shard.backend().delivery(socket_) != engine::Delivery::confirmed) doubt();
    return close();
  }
  bytes_received_ += size;
  if (record_ != nullptr) record_->bytes_received = bytes_received_;
  switch (state_) {
    case State::reading: {
      undelivered_ = {};  // who has another request has got the answer
      const bool is_first = input_.text().size() == size && !reader_.has_begun();
      if (is_first) too_slow_.arm(context_.shard.reactor().now() + head_time_max);
      return read_head();
    }
    case State::taking:
      return is_parked_ ? void() : take_body();
    default:
      return receive_early();
  }
}

// While one is answered: requests that came early wait.
void HttpConnection::receive_early() {
  if (input_.text().size() < RequestReader::head_size_max) input_.receive();
}

void HttpConnection::on_too_slow(engine::Instant) { close(); }

void HttpConnection::read_head() {
  switch (reader_.read_head(input_.text())) {
    case RequestReader::HeadProgress::incomplete:
      return input_.receive();
    case RequestReader::HeadProgress::refused:
      keep_alive_ = false;
      is_head_ = false;
      return answer(make_refusal(reader_.refusal_status(), reader_.refusal()));
    case RequestReader::HeadProgress::complete:
      break;
  }
  too_slow_.disarm();
  undelivered_ = {};
  const HttpRequest request = reader_.request();
  is_head_ = request.method == "HEAD";
  // Whatever the client of a HEAD makes of the missing body, nothing comes behind it.
  keep_alive_ = request.keep_alive && !is_head_ && !is_stopping_;
  const HttpClient client{.exchange = *this, .services = context_.services, .peer = peer_, .record = record_};
  handler_ = is_refusing_ ? refuse_late_request(request, client) : handle_request(request, client);
  if (record_ != nullptr) record_->bytes_received = bytes_received_;
  if (handler_ == nullptr) return;
  move_to(State::taking);
  is_small_body_ = !request.is_chunked && request.content_length <= whole_body_size_max;
  take_body();
}

// True while nothing of a small body has been looked at, and not all of it is here.
bool HttpConnection::is_body_awaited() {
  const uint64_t left = reader_.body_left();
  if (!is_small_body_ || input_.text().size() >= left) return false;
  input_.expect(static_cast<size_t>(left));
  return true;
}

// A small body is looked at when all of it is here, so that its rows go out together.
void HttpConnection::take_body() {
  VERIFY(state_ == State::taking);
  too_slow_.disarm();
  const bool is_awaited = is_body_awaited();
  while (!is_awaited) {
    is_small_body_ = false;
    is_parked_ = handler_->on_body(piece_) == BodyHandler::Outcome::parked;
    if (is_parked_) return;
    switch (reader_.read_body(input_.text(), piece_)) {
      case RequestReader::BodyProgress::piece:
        continue;
      case RequestReader::BodyProgress::complete:
        return end_body();
      case RequestReader::BodyProgress::refused:
        handler_->abandon();
        keep_alive_ = false;
        return answer(make_refusal(reader_.refusal_status(), reader_.refusal()));
      case RequestReader::BodyProgress::incomplete:
        break;
    }
    input_.expect(ReceiveQueue::size_max);
    break;
  }
  too_slow_.arm(context_.shard.reactor().now() + body_pause_max);
  input_.receive();
}

// The answer may be on its way before on_end() returns.
void HttpConnection::end_body() {
  is_parked_ = handler_->on_end() == BodyHandler::Outcome::parked;
  if (is_parked_ || state_ != State::taking) return;
  move_to(State::waiting);
  receive_early();  // a client that goes away is noticed
}

void HttpConnection::go_on() {
  if (state_ == State::ending) return end_when_quiet();
  VERIFY(std::exchange(is_parked_, false));
  take_body();
}

void HttpConnection::answer(HttpAnswer answer) {
  move_to(State::answering);
  too_slow_.disarm();
  is_all_sent_ = false;
  if (!answer.note.has_key()) undelivered_ = answer.note;
  if (answer.says_keep_alive && keep_alive_) answer.extra += keep_alive_line;
  std::string text = make_head(
      {.status = answer.status, .content_type = answer.content_type, .extra = answer.extra, .keep_alive = keep_alive_},
      context_.shard.backend().wall_now());
  if (!answer.content_type.empty() && !is_head_) {
    text += make_chunk_head(answer.body.size());
    text.append(answer.body).append(end_of_chunk).append(last_chunk);
  }
  output_.send(std::move(text));
}

void HttpConnection::answer_query(HttpQuery query) {
  query_.text = std::move(query.text);
  query_.rows = query.rows;
  query_.form = query.form;
  query_.time_max = query.time_max;
  rows_type_ = query.content_type;
  rows_extra_ = std::move(query.extra);
  query_.part.clear();
  query_.is_last = false;
  query_.is_broken = false;
  head_sent_ = false;
  if (!context_.desk.start(query_)) {
    return answer(make_busy_refusal("Too many queries are running"));
  }
  lent_ = Lent::computing;
  move_to(State::querying);
  receive_early();
}

void HttpConnection::answer_ddl(std::string text, DdlStatement statement) {
  query_.text = std::move(text);
  ddl_notice_ = ddl_notice(statement);
  move_to(State::changing);
  if (!context_.ddl.start(id(), std::move(statement))) {
    return answer(make_busy_refusal("Too many statements are running"));
  }
  receive_early();
}

void HttpConnection::on_ddl_over(const std::optional<DdlError>& error) {
  if (state_ == State::changing) answer(make_ddl_answer(query_.text, error, ddl_notice_));
}

void HttpConnection::on_query_part() {
  VERIFY(lent_ == Lent::computing);
  lent_ = query_.is_last ? Lent::no : Lent::part_here;
  if (state_ == State::ending) return end_when_quiet();
  if (query_.is_broken) return close();
  std::string front;
  if (!std::exchange(head_sent_, true)) front = make_query_head();
  if (query_.part.empty()) return output_.send(std::move(front), {}, query_.is_last ? last_chunk : std::string_view());
  front += make_chunk_head(query_.part.size());
  std::string back(end_of_chunk);
  if (query_.is_last) back += last_chunk;
  output_.send(std::move(front), query_.part, back);
}

std::string HttpConnection::make_query_head() {
  const bool has_rows = query_.status == static_cast<uint16_t>(AnswerStatus::ok);
  std::string extra = has_rows ? std::exchange(rows_extra_, {}) : std::string();
  if (keep_alive_) extra += keep_alive_line;
  return make_head(
      {.status = query_.status, .content_type = has_rows ? rows_type_ : json, .extra = extra, .keep_alive = keep_alive_},
      context_.shard.backend().wall_now());
}

void HttpConnection::on_all_sent() {
  is_all_sent_ = true;
  if (state_ == State::ending) return end_when_quiet();
  if (lent_ == Lent::part_here) {
    lent_ = Lent::computing;
    return context_.desk.take_part(query_, false);
  }
  if (!keep_alive_) return close();
  begin_request();
}

void HttpConnection::on_send_failed() {
  if (state_ == State::ending) return end_when_quiet();
  close();
}

// An answer whose head is not sent yet says that its connection closes.
void HttpConnection::begin_stop() {
  is_stopping_ = true;
  is_refusing_ = is_idle();
  const bool is_head_out = state_ == State::answering || (state_ == State::querying && head_sent_);
  if (!is_head_out) keep_alive_ = false;
}

void HttpConnection::close() {
  if (is_ending()) return;
  if (state_ == State::answering && !is_all_sent_) doubt();
  move_to(State::ending);
  too_slow_.disarm();
  if (handler_ != nullptr) handler_->abandon();
  output_.give_up();
  if (lent_ == Lent::computing && context_.desk.cancel(query_)) lent_ = Lent::no;
  delivery_until_ = context_.shard.reactor().now() + delivery_time_max;
  look_after_delivery(context_.shard.reactor().now());
  if (input_.is_busy() || output_.is_busy() || delivery_timer_.armed()) {
    shutting_down_ = true;
    context_.shard.reactor().submit({.op = engine::IoOp::shutdown, .file = socket_, .completion = &ended_});
  }
  end_when_quiet();
}

// Whoever sends the same request again is to be told that it is stored.
void HttpConnection::doubt() {
  delivery_timer_.disarm();
  if (!undelivered_.is_set()) return;
  context_.services.ingest.repeats.tell(std::exchange(undelivered_, {}), storage::NoteStep::in_doubt);
}

// An answer that is sent may still be on its way when the connection is closed.
void HttpConnection::look_after_delivery(engine::Instant now) {
  if (!undelivered_.is_set()) return;
  const engine::Delivery delivery = context_.shard.backend().delivery(socket_);
  if (delivery == engine::Delivery::confirmed) {
    undelivered_ = {};
  } else if (delivery == engine::Delivery::lost || now >= delivery_until_) {
    doubt();
  } else {
    delivery_timer_.arm(now + delivery_tick);
  }
}

void HttpConnection::on_delivery_timer(engine::Instant now) {
  look_after_delivery(now);
  end_when_quiet();
}

void HttpConnection::end_when_quiet() {
  if (delivery_timer_.armed()) return;
  if (input_.is_busy() || output_.is_busy() || shutting_down_ || is_handler_waiting()) return;
  if (lent_ == Lent::part_here) {
    lent_ = Lent::computing;
    context_.desk.take_part(query_, true);
  }
  if (lent_ != Lent::no) return;
  move_to(State::closed);
  context_.shard.reactor().submit({.op = engine::IoOp::close, .file = socket_, .completion = &ended_});
}

void HttpConnection::on_ended(const engine::IoResult&) {
  if (state_ == State::closed) {
    if (record_ != nullptr) context_.services.ingest.ledger.close(*record_, context_.shard.backend().wall_now());
    return context_.listener.on_closed(*this);
  }
  shutting_down_ = false;
  end_when_quiet();
}

}  // namespace net
