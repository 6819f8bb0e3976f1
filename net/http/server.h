// The HTTP side of a node, on one shard: accepts, keeps the connections, and passes queries to the readers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/shard/shard.h"
#include "net/http/connection.h"
#include "net/route/messages.h"
#include "net/stream/acceptor.h"

namespace net {

class HttpServer final : public engine::Service, public AcceptorListener, public HttpConnectionListener {
 public:
  static constexpr size_t connections_max = 256;
  static constexpr uint32_t queries_max = 64;  // running and waiting; beyond it 503

  // `reader` is the endpoint that runs queries.
  HttpServer(engine::Shard& shard, engine::ShardId reader);

  void listen(engine::FileId socket);

  void begin_stop();
  bool stopped() const;

  const char* name() const override { return "http"; }
  bool on_turn(engine::Instant now) override;
  void on_message(engine::ShardId from, const engine::MeshMessage& message) override;

 private:
  void on_accepted(int32_t raw_socket, engine::PeerAddress peer) override;
  bool start_query(Query& query) override;
  void go_on(const QueryGoOn& go_on) override;
  void on_closed(HttpConnection& connection) override;

  engine::Shard& shard_;
  engine::ShardId reader_;
  std::unique_ptr<Acceptor> acceptor_;
  std::vector<std::unique_ptr<HttpConnection>> connections_;
  std::vector<std::unique_ptr<HttpConnection>> closed_;  // destroyed at the next turn: their completion is still on the stack
  uint32_t queries_ = 0;
  bool stopping_ = false;
};

}  // namespace net
