// One HTTP connection: reads a request, answers it, reads the next.
//
//   reading --request--> answering --sent--> reading
//   reading --a query--> querying: parts of the answer come from a reader one by one, each is sent before the next is asked for
//   any --end of stream, error, protocol error, too slow--> ending --nothing in flight or lent--> closed
//
// It goes on receiving while a query runs: a client that goes away ends its query.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/shard/shard.h"
#include "net/http/exchange.h"
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
  static constexpr engine::Duration idle_time_max = engine::seconds(60);     // between two requests
  static constexpr engine::Duration request_time_max = engine::seconds(10);  // from its first byte to its last

  // What a connection has of its server.
  struct Context {
    engine::Shard& shard;
    QueryDesk& desk;
    HttpConnectionListener& listener;
  };

  // `id` is the connection's own among those of the server.
  HttpConnection(const Context& context, engine::FileId socket, uint64_t id);

  void start();
  void on_query_part();  // the next part of its query's answer is there
  void close();

  uint64_t id() const { return query_.reply_to.id; }

  // It waits for a request, since then: nothing is lost when it is closed now.
  bool is_idle() const;
  engine::Instant idle_since() const { return idle_since_; }
  bool is_ending() const { return state_ == State::ending || state_ == State::closed; }

 private:
  enum class State : uint8_t { reading, answering, querying, ending, closed };
  enum class Lent : uint8_t { no, computing, part_here };  // the query: with a reader, or waiting with a part for our client

  // HttpExchange.
  void answer(HttpAnswer answer) override;
  void answer_query(std::string text, RowRange rows) override;
  // ReceiveListener.
  void on_received(size_t size) override;
  // SendListener.
  void on_all_sent() override;
  void on_send_failed() override;

  void on_ended(const engine::IoResult& result);
  void on_too_slow(engine::Instant now);

  void move_to(State state);
  void begin_request();
  void read_request();
  void receive_early();
  void end_when_quiet();

  Context context_;
  engine::FileId socket_;
  State state_ = State::reading;
  Lent lent_ = Lent::no;
  bool shutting_down_ = false;
  bool head_sent_ = false;  // of the query's answer
  bool keep_alive_ = true;
  bool is_head_ = false;  // its answer has no body: the client would take one for the next answer
  engine::Instant idle_since_;
  RequestReader reader_;
  ReceiveQueue input_;
  SendQueue output_;
  Query query_;
  engine::MemberCompletion<&HttpConnection::on_ended> ended_{*this};  // the socket is shut down, then closed
  engine::MemberTimer<&HttpConnection::on_too_slow> too_slow_;        // of a request
};

}  // namespace net
