// The HTTP side of a shard: keeps connections, and passes queries to the readers. That of shard 0 accepts for all, and hands
// the connections out in turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "engine/shard/shard.h"
#include "net/ddl/desk.h"
#include "net/http/connection.h"
#include "net/http/options.h"
#include "net/query/query_desk.h"
#include "net/route/messages.h"
#include "net/stream/acceptor.h"

namespace net {

class HttpServer final : public engine::Service,
                         public AcceptorListener,
                         public HttpConnectionListener,
                         private DdlDeskListener {
 public:
  HttpServer(engine::Shard& shard, IngestContext& ingest, ReaderRange readers, const HttpOptions& options);

  // For the shards 0 .. shard_count - 1.
  void listen(engine::FileId socket, uint16_t shard_count);

  void begin_stop();
  bool stopped() const;

  const char* name() const override { return "http"; }
  bool on_turn(engine::Instant now) override;
  void on_message(engine::ShardId from, const engine::MeshMessage& message) override;

 private:
  static constexpr engine::Duration stop_tick = engine::milliseconds(20);
  static constexpr engine::Duration stop_quiet_time = engine::milliseconds(200);  // without a request: the client sends none
  static constexpr engine::Duration stop_time_max = engine::seconds(3);           // for requests that have begun

  void on_accepted(int32_t raw_socket, engine::SocketAddress peer) override;
  void on_closed(HttpConnection& connection) override;
  void add(int32_t raw_socket, engine::SocketAddress peer);
  void on_ddl_over(uint64_t id, const std::optional<DdlError>& error) override;
  bool make_room();
  void on_stop_timer(engine::Instant now);

  engine::Shard& shard_;
  HttpOptions options_;
  QueryDesk desk_;
  ErrorIds error_ids_;
  HttpServices services_;
  DdlDesk ddl_;
  std::unique_ptr<Acceptor> acceptor_;
  uint16_t shard_count_ = 0;                                         // that are handed connections
  uint16_t next_shard_ = 0;                                          // for the next one
  std::map<uint64_t, std::unique_ptr<HttpConnection>> connections_;  // by id, which grows
  std::vector<std::unique_ptr<HttpConnection>> closed_;  // destroyed at the next turn: their completion is still on the stack
  uint64_t next_id_ = 1;
  bool stopping_ = false;
  engine::Instant stop_at_;  // at the latest, once stopping_
  engine::MemberTimer<&HttpServer::on_stop_timer> stop_timer_;
};

}  // namespace net
