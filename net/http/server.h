// The HTTP side of a node, on one shard: accepts, keeps the connections, and passes queries to the readers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "engine/shard/shard.h"
#include "net/http/connection.h"
#include "net/http/options.h"
#include "net/query/query_desk.h"
#include "net/route/messages.h"
#include "net/stream/acceptor.h"

namespace net {

class HttpServer final : public engine::Service, public AcceptorListener, public HttpConnectionListener {
 public:
  HttpServer(engine::Shard& shard, ReaderRange readers, const HttpOptions& options);

  void listen(engine::FileId socket);

  void begin_stop();
  bool stopped() const;

  const char* name() const override { return "http"; }
  bool on_turn(engine::Instant now) override;
  void on_message(engine::ShardId from, const engine::MeshMessage& message) override;

 private:
  void on_accepted(int32_t raw_socket, engine::SocketAddress peer) override;
  void on_closed(HttpConnection& connection) override;
  bool make_room();

  engine::Shard& shard_;
  HttpOptions options_;
  QueryDesk desk_;
  std::unique_ptr<Acceptor> acceptor_;
  std::map<uint64_t, std::unique_ptr<HttpConnection>> connections_;  // by id, which grows
  std::vector<std::unique_ptr<HttpConnection>> closed_;  // destroyed at the next turn: their completion is still on the stack
  uint64_t next_id_ = 1;
  bool stopping_ = false;
};

}  // namespace net
