#include "tests/node/sim_node.h"

namespace sim {
namespace {

constexpr engine::Duration start_time_max = engine::seconds(600);
constexpr engine::Duration answer_time_max = engine::seconds(100'000);  // for ever: an answer comes by a wake

}  // namespace

net::NodeOptions small_node() {
  net::NodeOptions options;
  options.readers = 2;
  options.ingest.line_size_max = 1024;
  options.ingest.log_bad_lines = false;
  options.owner.wal.segment_size = 64 * 1024;
  options.owner.wal.size_max = 1024 * 1024;
  options.owner.wal.group_size_max = 16 * 1024;
  options.owner.wal.sync_method = storage::SyncMethod::write_then_sync;
  return options;
}

SimNode::SimNode(SimWorld& world, const net::NodeOptions& options, const BackendOptions& backend)
    : world_(world), shard_count_(options.shards), reader_count_(options.readers), threads_(world) {
  for (uint16_t i = 0; i < net::Node::endpoint_count(options); ++i)
    backends_.push_back(std::make_unique<SimBackend>(world, backend));
  net::Node::Backends backends;
  for (uint16_t i = 0; i < options.shards; ++i) backends.shards.push_back(backends_[i].get());
  for (uint16_t i = 0; i < options.readers; ++i) backends.readers.push_back(backends_[size_t{options.shards} + i].get());
  backends.main = backends_.back().get();
  node_ = std::make_unique<net::Node>(options, backends, *this);
}

SimNode::~SimNode() {
  ending_ = true;
  threads_.stop();
}

absl::Status SimNode::recover() {
  world_.set_auto_advance(true);
  absl::Status status = node_->recover();
  world_.set_auto_advance(false);
  VERIFY(!status.ok() || backends_.back()->files_reserved() == 0);  // it lives on, as long as the node
  return status;
}

absl::Status SimNode::start() {
  for (uint16_t i = 0; i < shard_count_; ++i) threads_.start(node_->shard_loop(i));
  for (uint16_t i = 0; i < reader_count_; ++i) threads_.start(node_->reader_loop(i));
  threads_.start(*this);
  return run({net::NodePhase::start, net::NodePhase::open, net::NodePhase::spread}, start_time_max);
}

absl::Status SimNode::stop(engine::Duration time) { return run({net::NodePhase::drain, net::NodePhase::finish}, time); }

absl::Status SimNode::run(std::initializer_list<net::NodePhase> phases, engine::Duration time) {
  phases_ = phases;
  phase_status_ = absl::OkStatus();
  backends_.back()->interrupt();
  const bool is_over = run_until([this] { return phases_.empty() || world_.outage() != Outage::none || !fatal_.ok(); }, time);
  if (world_.outage() != Outage::none) return engine::unavailable("outage");
  if (!fatal_.ok()) return fatal_;
  return is_over ? phase_status_ : engine::unavailable("the phase does not end");
}

void SimNode::run_once() {
  if (!phases_.empty()) return run_phase(phases_.front());
  engine::IoResult none;
  backend().reap({&none, 1}, engine::instant_never);
}

void SimNode::run_phase(net::NodePhase phase) {
  node_->begin(phase);
  while (!node_->wait(answer_time_max)) {
    if (ending_) return;
  }
  phase_status_ = node_->phase_status();
  if (phase_status_.ok() && phase == net::NodePhase::start) phase_status_ = node_->finish_recovery();
  phases_.pop_front();
  if (!phase_status_.ok()) phases_.clear();
}

void SimNode::run_for(engine::Duration time) {
  const engine::Instant end = world_.now() + time;
  while (world_.now() < end) step(end);
}

size_t SimNode::buffers_lent() const {
  size_t count = 0;
  for (const auto& backend : backends_) count += backend->buffers_lent();
  return count;
}

std::vector<net::LedgerRow> SimNode::ledger() const {
  std::vector<net::LedgerRow> rows;
  for (uint16_t i = 0; i < shard_count_; ++i) {
    const std::vector<net::LedgerRow> of_shard = node_->shard(i).ingest().ledger().rows();
    rows.insert(rows.end(), of_shard.begin(), of_shard.end());
  }
  return rows;
}

}  // namespace sim
