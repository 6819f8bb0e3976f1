// One HTTP connection: reads a request, answers it, reads the next.
//
//   reading --head--> answering --sent--> reading
//   reading --head, a body comes--> taking: its bytes go to the handler, which may be parked --all taken--> waiting
//   taking, waiting --answer--> answering
//   reading --a statement--> changing --it is over--> answering
//   reading --a query--> querying: parts of the answer come from a reader one by one, each is sent before the next is asked for
//   any --end of stream, error, protocol error, too slow--> ending --nothing in flight or lent--> closed
//
// It goes on receiving while it answers or a query runs: a client that goes away ends its query. While a handler is parked it
// receives nothing, so TCP slows the client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/shard/shard.h"
#include "net/ddl/desk.h"
#include "net/http/exchange.h"
#include "net/http/handlers.h"
#include "net/http/receive_queue.h"
#include "net/http/request_reader.h"
#include "net/http/send_queue.h"
#include "net/query/query.h"
#include "net/query/query_desk.h"

namespace net {

class HttpConnection;

class HttpConnectionListener {
 public:
  virtual void on_closed(HttpConnection& connection) = 0;

 protected:
  ~HttpConnectionListener() = default;
};

class HttpConnection final : private HttpExchange, private ReceiveListener, private SendListener {
 public:
  static constexpr engine::Duration head_time_max = engine::seconds(10);     // from its first byte to its last
  static constexpr engine::Duration body_pause_max = engine::seconds(10);    // between two pieces of a body
  static constexpr engine::Duration delivery_time_max = engine::seconds(1);  // of a last answer, when the connection is closed
  static constexpr engine::Duration delivery_tick = engine::milliseconds(5);
  static constexpr uint64_t whole_body_size_max = uint64_t{64} << 10;  // up to which it is all here before it is looked at

  // What a connection has of its server.
  struct Context {
    engine::Shard& shard;
    QueryDesk& desk;
    HttpServices& services;
    DdlDesk& ddl;
    HttpConnectionListener& listener;
  };

  // `id` is the connection's own among those of the server.
  HttpConnection(const Context& context, engine::FileId socket, engine::SocketAddress peer, uint64_t id);

  void start();
  void on_query_part();  // the next part of its query's answer is there
  void on_ddl_over(const std::optional<DdlError>& error);
  void close();

  // The server stops: a request that has begun is answered as ever, one that begins now is refused, and then it closes. It goes
  // on reading for that, since a client that finds its connection closed cannot know whether its request was read.
  void begin_stop();

  uint64_t id() const { return query_.reply_to.id; }

  // It waits for a request, since then: nothing is lost when it is closed now.
  bool is_idle() const;
  engine::Instant idle_since() const { return idle_since_; }
  bool is_ending() const { return state_ == State::ending || state_ == State::closed; }

 private:
  enum class State : uint8_t { reading, taking, waiting, answering, querying, changing, ending, closed };
  enum class Lent : uint8_t { no, computing, part_here };  // the query: with a reader, or waiting with a part for our client

  // HttpExchange.
  void answer(HttpAnswer answer) override;
  void answer_query(HttpQuery query) override;
  void go_on() override;
  void answer_ddl(std::string text, DdlStatement statement) override;
  // ReceiveListener.
  void on_received(size_t size) override;
  // SendListener.
  void on_all_sent() override;
  void on_send_failed() override;

  void on_ended(const engine::IoResult& result);
  void on_too_slow(engine::Instant now);
  void on_delivery_timer(engine::Instant now);

  void move_to(State state);
  void begin_request();
  void read_head();
  void take_body();
  bool is_body_awaited();
  void end_body();
  void receive_early();
  std::string make_query_head();
  bool is_handler_waiting() const { return handler_ != nullptr && handler_->is_waiting(); }
  void end_when_quiet();
  void doubt();
  void look_after_delivery(engine::Instant now);

  Context context_;
  engine::FileId socket_;
  const engine::SocketAddress peer_;
  SenderRecord* record_ = nullptr;  // of the rows that it has sent
  State state_ = State::reading;
  Lent lent_ = Lent::no;
  bool shutting_down_ = false;
  bool is_all_sent_ = false;  // of the answer
  bool head_sent_ = false;    // of the query's answer
  bool keep_alive_ = true;
  bool is_stopping_ = false;
  bool is_refusing_ = false;          // the next request
  bool is_head_ = false;              // its answer has no body: the client would take one for the next answer
  storage::RequestNote undelivered_;  // of the write that was answered last: its client may not have learned that it is stored
  engine::Instant delivery_until_;    // once the connection is closed
  engine::Instant idle_since_;
  uint64_t bytes_received_ = 0;
  RequestReader reader_;
  std::unique_ptr<BodyHandler> handler_;  // from the head of its request to the next one
  std::string_view piece_;                // of the body, not yet taken
  bool is_parked_ = false;                // the handler
  bool is_small_body_ = false;            // of which nothing has been looked at
  ReceiveQueue input_;
  SendQueue output_;
  Query query_;  // its text is that of a statement, too
  std::string_view ddl_notice_;
  std::string_view rows_type_;
  std::string rows_extra_;
  engine::MemberCompletion<&HttpConnection::on_ended> ended_{*this};  // the socket is shut down, then closed
  engine::MemberTimer<&HttpConnection::on_too_slow> too_slow_;        // of a request
  engine::MemberTimer<&HttpConnection::on_delivery_timer> delivery_timer_;
};

}  // namespace net
