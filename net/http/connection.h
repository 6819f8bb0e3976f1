// One HTTP connection: reads a request, answers it, reads the next. GET /ping and GET /exec?query=SQL.
//
//   reading --request--> answering --sent--> reading
//   reading --/exec--> querying: parts of the answer come from the reader one by one, each is sent before the next is asked for
//   any --end of stream, error, protocol error, too slow--> ending --nothing in flight or lent--> closed
//
// It goes on receiving while a query runs: a client that goes away ends its query.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/shard/shard.h"
#include "net/query/query.h"

namespace net {

class HttpConnection;

class HttpConnectionListener {
 public:
  // Hands the query to a reader. False: none has room.
  virtual bool start_query(Query& query) = 0;
  virtual void go_on(const QueryGoOn& go_on) = 0;
  virtual void on_closed(HttpConnection& connection) = 0;

 protected:
  ~HttpConnectionListener() = default;
};

class HttpConnection final {
 public:
  static constexpr uint32_t head_size_max = 64 * 1024;  // request line and headers; a query travels in the request line
  static constexpr uint64_t body_size_max = 64 * 1024;
  static constexpr engine::Duration retry_pause = engine::milliseconds(1);   // when there is no receive buffer
  static constexpr engine::Duration idle_time_max = engine::seconds(60);     // between two requests
  static constexpr engine::Duration request_time_max = engine::seconds(10);  // from its first byte to its last
  static constexpr engine::Duration send_time_max = engine::seconds(30);     // in which the client must take something

  HttpConnection(engine::Shard& shard, engine::FileId socket, HttpConnectionListener& listener);

  void start();
  void on_query_part();  // query() holds the next part
  void close();

  // It waits for a request: nothing is lost when it is closed now.
  bool is_idle() const { return state_ == State::reading && input_.empty(); }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  enum class State : uint8_t { reading, answering, querying, ending, closed };

  void on_received(const engine::IoResult& result);
  void on_sent(const engine::IoResult& result);
  void on_shut_down(const engine::IoResult& result);
  void on_file_closed(const engine::IoResult& result);
  void on_retry(engine::Instant now);
  void on_too_slow(engine::Instant now);

  void receive();
  void begin_request();
  void read_request();
  void handle();
  void start_query(std::string text);
  void refuse(uint16_t status, std::string_view text, std::string_view extra = {});
  void send(std::string text);
  void submit_send();
  void end_request();
  void end_when_quiet();

  engine::Shard& shard_;
  engine::FileId socket_;
  HttpConnectionListener& listener_;
  State state_ = State::reading;
  bool receiving_ = false;
  bool sending_ = false;
  bool shutting_down_ = false;
  bool lent_ = false;       // the reader runs query_
  bool part_here_ = false;  // it waits until the part is sent
  bool head_sent_ = false;  // of the query's answer
  bool keep_alive_ = true;
  std::optional<Parser> parser_;
  std::string input_;  // received, not parsed
  std::string output_;
  size_t output_sent_ = 0;
  Query query_;
  engine::MemberCompletion<&HttpConnection::on_received> received_{*this};
  engine::MemberCompletion<&HttpConnection::on_sent> sent_{*this};
  engine::MemberCompletion<&HttpConnection::on_shut_down> shut_down_{*this};
  engine::MemberCompletion<&HttpConnection::on_file_closed> file_closed_{*this};
  engine::MemberTimer<&HttpConnection::on_retry> retry_;
  engine::MemberTimer<&HttpConnection::on_too_slow> too_slow_;  // disarmed while the client is not waited for
};

}  // namespace net
