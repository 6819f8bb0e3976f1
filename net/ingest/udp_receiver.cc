#include "net/ingest/udp_receiver.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "net/ingest/warning.h"

namespace net {

UdpReceiver::UdpReceiver(IngestContext& context, engine::FileId socket)
    : context_(context),
      socket_(socket),
      record_(context.ledger.open(Transport::udp, {}, context.shard.backend().wall_now())),
      ingest_(context, record_, *this),
      lost_before_(context.shard.backend().datagrams_lost(socket)),
      retry_(context.shard.reactor().timers(), *this),
      losses_due_(context.shard.reactor().timers(), *this) {}

UdpReceiver::~UdpReceiver() {
  for (const Datagram& datagram : datagrams_) context_.shard.backend().release_buffer(datagram.buffer);
}

void UdpReceiver::start() { receive(); }

void UdpReceiver::receive() {
  VERIFY(!receiving_);
  receiving_ = true;
  context_.shard.reactor().submit({.op = engine::IoOp::recv_from, .file = socket_, .completion = &received_});
}

void UdpReceiver::stop() {
  stopping_ = true;
  retry_.disarm();
  losses_due_.disarm();
  if (!receiving_) return;
  context_.shard.reactor().submit({.op = engine::IoOp::cancel, .target = &received_, .completion = &cancelled_});
}

void UdpReceiver::on_cancelled(const engine::IoResult&) {}

void UdpReceiver::on_received(const engine::IoResult& result) {
  receiving_ = result.more;
  if (result.buffer != engine::buffer_none) {
    record_.bytes_received += result.data.size();
    datagrams_.push_back({.buffer = result.buffer, .peer = result.peer, .rest = engine::as_text(result.data)});
    if (!parked_) work();
  }
  log_losses(context_.shard.reactor().now());
  // Out of buffers, or the kernel ended the multishot: go on a moment later, when datagrams have been worked off.
  if (!receiving_ && !stopping_) retry_.arm(context_.shard.reactor().now() + retry_pause);
}

uint64_t UdpReceiver::datagrams_lost() const {
  return context_.shard.backend().datagrams_lost(socket_) - lost_before_;  // modulo 2^32
}

// Once in a while, and once more after the last datagram, behind which others may have been lost.
void UdpReceiver::log_losses(engine::Instant now) {
  if (now - losses_looked_at_ < loss_log_pause) {
    if (!losses_due_.armed() && !stopping_) losses_due_.arm(losses_looked_at_ + loss_log_pause);
    return;
  }
  losses_looked_at_ = now;
  losses_due_.disarm();
  const uint64_t lost = datagrams_lost();
  if (lost == lost_logged_) return;
  log_warning(fmt::format("udp: {} datagrams lost, {} since the start: no room for them (line.udp.receive.buffer.size)",
                          lost - lost_logged_, lost));
  lost_logged_ = lost;
}

void UdpReceiver::on_retry(engine::Instant) { receive(); }

void UdpReceiver::on_losses_due(engine::Instant now) { log_losses(now); }

void UdpReceiver::work() {
  while (!datagrams_.empty()) {
    Datagram& datagram = datagrams_.front();
    LineIngest::Outcome outcome = LineIngest::Outcome::consumed;
    if (!std::exchange(datagram.begun, true)) ingest_.begin_datagram(datagram.peer);
    if (!datagram.ended) outcome = ingest_.consume(datagram.rest);
    if (outcome == LineIngest::Outcome::consumed) {
      outcome = ingest_.finish();
      datagram.ended = true;
    }
    if (outcome == LineIngest::Outcome::parked) {
      parked_ = true;
      return;
    }
    context_.shard.backend().release_buffer(datagram.buffer);
    datagrams_.pop_front();
  }
}

void UdpReceiver::on_settled() {
  parked_ = false;
  work();
}

}  // namespace net
