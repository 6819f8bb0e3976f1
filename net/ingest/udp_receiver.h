// A UDP socket that takes lines: each datagram is a group of whole lines; bad ones are skipped. While a line waits for a table,
// a column or a batch, datagrams queue in the backend's buffers until those are used up; then the kernel's buffer holds what
// comes, and what does not fit there is lost, as UDP is. That is counted, and said in the log; nothing else is lost here.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>

#include "engine/reactor/reactor.h"
#include "net/ingest/ledger.h"
#include "net/ingest/line_ingest.h"

namespace net {

class UdpReceiver final : private LineIngestListener {
 public:
  UdpReceiver(IngestContext& context, engine::FileId socket);
  ~UdpReceiver();

  void start();

  // Takes no further datagram; those that are here are worked off.
  void stop();
  bool stopped() const { return stopping_ && !receiving_ && datagrams_.empty(); }

  // Since it was made: the kernel had no room for them.
  uint64_t datagrams_lost() const;

 private:
  struct Datagram {
    engine::BufferId buffer;
    engine::SocketAddress peer;
    std::string_view rest;  // not yet consumed
    bool begun = false;
    bool ended = false;  // all lines but the last, unfinished one are settled
  };

  static constexpr engine::Duration retry_pause = engine::milliseconds(1);
  static constexpr engine::Duration loss_log_pause = engine::seconds(1);

  void on_received(const engine::IoResult& result);
  void on_cancelled(const engine::IoResult& result);
  void on_retry(engine::Instant now);
  void on_losses_due(engine::Instant now);
  void on_settled() override;
  void receive();
  void work();
  void log_losses(engine::Instant now);

  IngestContext& context_;
  engine::FileId socket_;
  SenderRecord& record_;
  LineIngest ingest_;
  bool receiving_ = false;  // the multishot receive is armed
  bool parked_ = false;
  bool stopping_ = false;
  const uint32_t lost_before_;  // by an earlier owner of the socket
  uint64_t lost_logged_ = 0;
  engine::Instant losses_looked_at_;
  std::deque<Datagram> datagrams_;  // bounded by the backend's datagram buffers
  engine::MemberCompletion<&UdpReceiver::on_received> received_{*this};
  engine::MemberCompletion<&UdpReceiver::on_cancelled> cancelled_{*this};
  engine::MemberTimer<&UdpReceiver::on_retry> retry_;
  engine::MemberTimer<&UdpReceiver::on_losses_due> losses_due_;
};

}  // namespace net
