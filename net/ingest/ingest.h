// Where rows come in on a shard: the TCP connections that were handed to it, and its UDP sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/shard/shard.h"
#include "net/ingest/connection_set.h"
#include "net/ingest/ledger.h"
#include "net/ingest/left_requests.h"
#include "net/ingest/line_ingest.h"
#include "net/ingest/rejection_log.h"
#include "net/ingest/udp_receiver.h"
#include "net/route/messages.h"

namespace net {

class Ingest final : public engine::Service {
 public:
  Ingest(engine::Shard& shard, storage::Source& source, storage::RepeatDesk& repeats, const IngestOptions& options,
         uint64_t hash_seed);

  void add_connection(int32_t raw_socket, engine::SocketAddress peer) { connections_.add(raw_socket, peer); }
  void add_udp(engine::FileId socket);

  // Ends all connections, soon; then none is left.
  void begin_stop();
  bool stopped() const;

  const Ledger& ledger() const { return ledger_; }

  // For whoever else takes rows on this shard.
  IngestContext& context() { return context_; }
  size_t connection_count() const { return connections_.count(); }
  uint64_t datagrams_lost() const;  // the kernel had no room for them

  const char* name() const override { return "ingest"; }
  bool on_turn(engine::Instant now) override;
  void on_message(engine::ShardId from, const engine::MeshMessage& message) override;

 private:
  static constexpr engine::Duration stuck_pause = engine::milliseconds(1);
  static constexpr engine::Duration pass_time_max = engine::milliseconds(200);

  void on_stuck_timer(engine::Instant now);
  void on_pass_timer(engine::Instant now);

  engine::Shard& shard_;
  storage::Source& source_;
  IngestOptions options_;
  Ledger ledger_;
  BadLineLog log_;
  RowJudge judge_;
  ReceiveRoom room_;
  LeftRequests left_requests_;
  IngestContext context_;
  ConnectionSet connections_;
  std::vector<std::unique_ptr<UdpReceiver>> udp_;
  RejectionLog rejection_log_;
  bool stopping_ = false;
  engine::MemberTimer<&Ingest::on_stuck_timer> stuck_timer_;
  engine::MemberTimer<&Ingest::on_pass_timer> pass_timer_;
};

}  // namespace net
