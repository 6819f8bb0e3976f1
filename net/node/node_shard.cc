#include "net/node/node_shard.h"

#include <algorithm>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace net {
namespace {

// No batch of several rows is larger than a WAL segment takes.
storage::SourceOptions source_options(const NodeOptions& options) {
  storage::SourceOptions source = options.source;
  const uint64_t frame_size = storage::frame_size_max(options.owner.wal.segment_size);
  source.size_max = std::min<size_t>(source.size_max, frame_size - storage::wal_frame_overhead_max);
  return source;
}

// What a shard has of it.
HttpOptions http_options(const NodeOptions& options) {
  HttpOptions http = options.http_limits;
  http.connections_max = engine::div_ceil(http.connections_max, size_t{options.shards});
  http.queries_max = static_cast<uint32_t>(engine::div_ceil(http.queries_max, options.shards));
  http.offers_tcp = options.tcp.has_value();
  http.offers_udp = options.udp.has_value();
  return http;
}

bool is_first(engine::ShardId id) { return id.value == 0; }

}  // namespace

NodeShard::NodeShard(const NodeOptions& options, engine::ShardMesh& mesh, engine::ShardId id, engine::IoBackend& backend,
                     uint64_t hash_seed, NodeListener& listener)
    : options_(options),
      listener_(listener),
      shard_(mesh, id, backend),
      source_(shard_, source_options(options), hash_seed),
      repeats_(shard_, options.shards, options.owner.repeats),
      owner_(shard_, options.shards, repeats_, options.owner, *this),
      ingest_(shard_, source_, repeats_, options.ingest, hash_seed),
      http_(shard_, ingest_.context(), ReaderRange{.first = engine::ShardId{options.shards}, .count = options.readers},
            http_options(options)) {
  shard_.add_service(ingest_, ingest_kinds);
  // Behind what fills its batches, before the owner that commits them: rows of one turn are sealed and in the WAL group in the
  // next.
  shard_.add_service(source_, storage::source_kinds);
  if (is_first(id)) {
    catalog_ = std::make_unique<storage::Catalog>(shard_, options.shards, hash_seed);
    shard_.add_service(*catalog_, storage::catalog_kinds);
  }
  shard_.add_service(http_, http_kinds);
  shard_.add_service(repeats_, storage::repeat_kinds);
  shard_.add_service(owner_, storage::owner_kinds);
  // Behind all others: whether they have come to rest is seen in the turn in which they do, before the shard falls asleep.
  shard_.add_service(*this, control_kinds);
}

NodeShard::~NodeShard() = default;

void NodeShard::on_message(engine::ShardId from, const engine::MeshMessage& message) {
  VERIFY(step_ == nullptr);
  step_ = message.as<ControlStep*>();
  steering_ = from;
  switch (step_->phase) {
    case NodePhase::start:
      return finish_step(start());
    case NodePhase::open:
      return finish_step(open(step_->addresses));
    case NodePhase::spread:
      return finish_step(spread(step_->addresses));
    case NodePhase::report:
      step_->figures = figures();
      return finish_step(absl::OkStatus());
    case NodePhase::drain:
      return begin_stop();
    case NodePhase::finish:
      return owner_.begin_stop();
  }
}

absl::Status NodeShard::start() {
  VERIFY(recovery_ != nullptr);
  RETURN_IF_ERROR(owner_.open_wal(recovery_->database, reusable_segments_));
  source_.set_stream(owner_.wal().stream());
  repeats_.set_seed(recovery_->database.wal_salt);
  for (const storage::RequestNote& note : recovery_->notes) repeats_.restore(note);
  for (storage::SchemaRef& schema : lanes_to_load_) RETURN_IF_ERROR(owner_.add_lane(std::move(schema)));
  lanes_to_load_.clear();
  return absl::OkStatus();
}

absl::Status NodeShard::open(NodeAddresses& addresses) {
  if (!is_first(shard_.id())) return absl::OkStatus();
  if (options_.tcp) {
    ASSIGN_OR_RETURN(const engine::BoundSocket tcp, listen(*options_.tcp, options_.inherited.tcp));
    addresses.tcp = tcp.address;
    tcp_acceptor_ = std::make_unique<Acceptor>(shard_.reactor(), tcp.file, *this);
    tcp_acceptor_->start();
  }
  if (options_.udp) {
    ASSIGN_OR_RETURN(addresses.udp, receive_datagrams(options_.udp->address));
  }
  if (options_.http) {
    ASSIGN_OR_RETURN(const engine::BoundSocket http, listen(*options_.http, options_.inherited.http));
    addresses.http = http.address;
    http_.listen(http.file, options_.shards);
  }
  return absl::OkStatus();
}

absl::Status NodeShard::spread(const NodeAddresses& addresses) {
  if (is_first(shard_.id()) || !addresses.udp || options_.udp->group) return absl::OkStatus();
  return receive_datagrams(*addresses.udp).status();
}

absl::StatusOr<engine::BoundSocket> NodeShard::listen(const engine::SocketAddress& address, int32_t inherited) {
  engine::IoBackend& backend = shard_.backend();
  if (inherited < 0) return backend.listen_tcp(address);
  return engine::BoundSocket{.file = backend.adopt_socket(inherited), .address = address};
}

// On a socket of its own, which the kernel gives a part of the senders; of inherited ones on those that are its part.
absl::StatusOr<engine::SocketAddress> NodeShard::receive_datagrams(const engine::SocketAddress& address) {
  engine::IoBackend& backend = shard_.backend();
  const std::vector<int32_t>& inherited = options_.inherited.udp;
  for (size_t i = shard_.id().value; i < inherited.size(); i += options_.shards) {
    ingest_.add_udp(backend.adopt_socket(inherited[i]));
  }
  if (!inherited.empty()) return address;
  engine::UdpBinding binding = *options_.udp;
  binding.address = address;
  ASSIGN_OR_RETURN(const engine::BoundSocket udp, backend.bind_udp(binding));
  ingest_.add_udp(udp.file);
  return udp.address;
}

// In turn; a shard that is so busy that it has no room for another one is passed over.
void NodeShard::on_accepted(int32_t raw_socket, engine::SocketAddress peer) {
  const SocketHandoff handoff{.raw_socket = raw_socket, .peer = peer};
  for (uint16_t asked = 0; asked < options_.shards; ++asked) {
    const engine::ShardId target{next_shard_};
    next_shard_ = static_cast<uint16_t>((next_shard_ + 1) % options_.shards);
    if (target == shard_.id()) return ingest_.add_connection(raw_socket, peer);
    if (shard_.endpoint().try_send(target, make_message(MessageKind::tcp_handoff, handoff))) return;
  }
  UNREACHABLE("this shard is one of them");
}

void NodeShard::on_fatal(const absl::Status& status) { listener_.on_fatal(status); }

ShardFigures NodeShard::figures() const {
  return {.senders = ingest_.ledger().totals(),
          .wal_size_held = owner_.wal().held_size(),
          .rows_unapplied = owner_.counters().rows_committed - owner_.counters().rows_applied,
          .connections = ingest_.connection_count(),
          .datagrams_lost = ingest_.datagrams_lost()};
}

void NodeShard::begin_stop() {
  if (tcp_acceptor_ != nullptr) tcp_acceptor_->stop();
  http_.begin_stop();
  ingest_.begin_stop();
}

bool NodeShard::step_done() const {
  switch (step_->phase) {
    case NodePhase::drain:
      return ingest_.stopped() && http_.stopped() && repeats_.is_idle() &&
             (tcp_acceptor_ == nullptr || tcp_acceptor_->stopped());
    case NodePhase::finish:
      return owner_.stopped();
    case NodePhase::start:
    case NodePhase::open:
    case NodePhase::spread:
    case NodePhase::report:
      return true;
  }
  UNREACHABLE("NodePhase");
}

bool NodeShard::on_turn(engine::Instant) {
  if (step_ != nullptr && step_done()) finish_step(absl::OkStatus());
  return false;
}

void NodeShard::finish_step(absl::Status status) {
  step_->status = std::move(status);
  shard_.endpoint().send_return(steering_, make_message(MessageKind::control_done, std::exchange(step_, nullptr)));
}

}  // namespace net
