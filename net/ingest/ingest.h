// Where rows come in on a shard: the TCP connections that were handed to it and, on the shard that has it, the UDP socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/shard/shard.h"
#include "net/ingest/ledger.h"
#include "net/ingest/line_ingest.h"
#include "net/ingest/tcp_connection.h"
#include "net/ingest/udp_receiver.h"
#include "net/route/messages.h"

namespace net {

class Ingest final : public engine::Service, public TcpConnectionListener {
 public:
  Ingest(engine::Shard& shard, storage::Source& source, const IngestOptions& options, uint64_t hash_seed);

  void add_connection(int32_t raw_socket, engine::SocketAddress peer);
  void add_udp(engine::FileId socket);

  // Connections that send nothing for a moment are closed, and after stop_time_max those that still send: then none is left.
  void begin_stop();
  bool stopped() const;

  const Ledger& ledger() const { return ledger_; }
  size_t connection_count() const { return connections_.size(); }

  const char* name() const override { return "ingest"; }
  bool on_turn(engine::Instant now) override;
  void on_message(engine::ShardId from, const engine::MeshMessage& message) override;

 private:
  static constexpr engine::Duration stuck_pause = engine::milliseconds(1);
  static constexpr engine::Duration pass_time_max = engine::milliseconds(200);
  static constexpr engine::Duration quiet_time = engine::milliseconds(20);
  static constexpr engine::Duration stop_time_max = engine::seconds(1);
  static constexpr engine::Duration refusal_log_pause = engine::seconds(1);

  void on_closed(TcpConnection& connection) override;
  void on_stuck_timer(engine::Instant now);
  void on_pass_timer(engine::Instant now);
  void on_stop_timer(engine::Instant now);
  void log_refusals(engine::Instant now);

  engine::Shard& shard_;
  storage::Source& source_;
  IngestOptions options_;
  Ledger ledger_;
  BadLineLog log_;
  RowJudge judge_;
  ReceiveRoom room_;
  IngestContext context_;
  std::vector<std::unique_ptr<TcpConnection>> connections_;
  std::vector<std::unique_ptr<TcpConnection>> closed_;  // destroyed at the next turn: their completion is still on the stack
  std::unique_ptr<UdpReceiver> udp_;
  uint64_t refused_rows_logged_ = 0;
  uint64_t connections_refused_ = 0;  // since the last log line about them
  engine::Instant refusal_log_at_;    // not before
  bool stopping_ = false;
  engine::Instant stop_at_;  // the latest, once stopping_
  engine::MemberTimer<&Ingest::on_stuck_timer> stuck_timer_;
  engine::MemberTimer<&Ingest::on_pass_timer> pass_timer_;
  engine::MemberTimer<&Ingest::on_stop_timer> stop_timer_;
};

}  // namespace net
