#include "tests/node/sim_node.h"

#include <algorithm>
#include <numeric>

namespace sim {
namespace {

constexpr uint64_t start_steps_max = 100'000;

}  // namespace

SimNode::SimNode(SimWorld& world, const net::NodeOptions& options) : world_(world), shard_count_(options.shards) {
  for (uint16_t i = 0; i < options.shards + 2; ++i) backends_.push_back(std::make_unique<SimBackend>(world));
  net::Node::Backends backends;
  for (uint16_t i = 0; i < options.shards; ++i) backends.shards.push_back(backends_[i].get());
  backends.reader = backends_[options.shards].get();
  backends.main = backends_[options.shards + size_t{1}].get();
  node_ = std::make_unique<net::Node>(options, backends, *this);
}

SimNode::~SimNode() = default;

absl::Status SimNode::recover() {
  world_.set_auto_advance(true);
  absl::Status status = node_->recover();
  world_.set_auto_advance(false);
  return status;
}

absl::Status SimNode::start() {
  world_.set_auto_advance(true);
  absl::Status status = run(net::NodePhase::start, start_steps_max);
  if (status.ok()) status = node_->finish_recovery();
  world_.set_auto_advance(false);
  return status.ok() ? run(net::NodePhase::open, start_steps_max) : status;
}

absl::Status SimNode::run(net::NodePhase phase, uint64_t steps_max) {
  node_->begin(phase);
  for (uint64_t i = 0; i < steps_max; ++i) {
    if (node_->poll()) return node_->phase_status();
    if (world_.outage() != Outage::none) return engine::unavailable("outage");
    step();
  }
  return engine::unavailable("the phase does not end");
}

bool SimNode::step() {
  std::vector<uint16_t> order(shard_count_);
  std::iota(order.begin(), order.end(), uint16_t{0});
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[world_.prng().below(i)]);
  for (const uint16_t shard : order) node_->shard_loop(shard).run_once();
  node_->reader_loop().run_once();
  // The steering thread sleeps in its backend between two looks; a backend that was woken keeps the clock from moving.
  engine::IoResult none;
  backends_.back()->reap({&none, 1}, engine::instant_never);
  return world_.auto_advance() || world_.advance();
}

bool SimNode::stop(uint64_t steps_max) {
  return run(net::NodePhase::drain, steps_max).ok() && run(net::NodePhase::finish, steps_max).ok();
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
