#include "net/node/node.h"

#include <algorithm>

#include "engine/base/verify.h"
#include "net/node/node_shard.h"
#include "net/query/query_reader.h"
#include "net/sql/spill.h"

namespace net {
namespace {

// So many messages can be under way from one thread to another, in each direction. Sockets that are handed over and new tables
// come in any number, when clients like it so: they take the forward room, and what finds none waits or goes elsewhere. What a
// source has out is bounded by its pool and by asks_out_max, phases are one at a time: they have room of their own. So do
// queries: from the desk to a reader each is one message, from a reader to a shard each has one ask out; and back there is a
// part of each, while the desk may take a part and then cancel.
engine::ShardMesh::Options mesh_options(const NodeOptions& options) {
  const uint32_t batches_and_asks = options.source.batches_max + storage::asks_out_max;
  const uint32_t queries = options.http_limits.queries_max;
  constexpr uint32_t phases = 1;
  constexpr uint32_t hand_overs = 128;
  return {.endpoint_count = Node::endpoint_count(options),
          .forward_count_max = hand_overs,
          .reserved_count_max = std::max(batches_and_asks + phases, queries),
          .return_count_max = batches_and_asks + 2 * queries + phases + storage::change_returns_max};
}

}  // namespace

Node::Node(const NodeOptions& options, const Backends& backends, NodeListener& listener)
    : options_(options),
      backends_(backends),
      mesh_(mesh_options(options)),
      endpoint_(mesh_.endpoint(engine::ShardId{static_cast<uint16_t>(Node::endpoint_count(options) - 1)})),
      steps_(options.shards) {
  VERIFY_EQ(backends.shards.size(), options.shards);
  const uint64_t hash_seed = backends.main->random();
  for (uint16_t i = 0; i < options.shards; ++i) {
    shards_.push_back(
        std::make_unique<NodeShard>(options_, mesh_, engine::ShardId{i}, *backends.shards[i], hash_seed, listener));
  }
  VERIFY_EQ(backends.readers.size(), options.readers);
  QueryLimits limits = options.query_limits;
  limits.spill_max /= options.readers;
  limits.spill_files_max /= options.readers;
  limits.files_max /= options.readers;
  for (uint16_t i = 0; i < options.readers; ++i) {
    const engine::ShardId id{static_cast<uint16_t>(options.shards + i)};
    readers_.push_back(std::make_unique<QueryReader>(mesh_, id, *backends.readers[i], options.shards, limits));
  }
  mesh_.attach(endpoint_.id(), *backends.main);
}

Node::~Node() = default;

absl::Status Node::recover() {
  RETURN_IF_ERROR(SpillFiles::remove_left(*backends_.main));
  ASSIGN_OR_RETURN(recovery_, storage::recover(*backends_.main, {.rounds = options_.owner.rounds,
                                                                 .segment_size = options_.owner.wal.segment_size,
                                                                 .pending_size_max = options_.owner.pending_size_max,
                                                                 .apply_size_min = options_.owner.apply_size_min,
                                                                 .logged_size_max = options_.owner.logged_size_max,
                                                                 .repeats = options_.owner.repeats}));
  for (const storage::SchemaRef& schema : recovery_.tables) {
    const engine::ShardId owner = shards_[0]->catalog()->add(schema->table, schema->name);
    shards_[owner.value]->add_lane(schema);
  }
  shards_[0]->catalog()->note_given(recovery_.table_last);
  for (const auto& shard : shards_) shard->set_recovery(&recovery_);
  // As many as a stream makes ready at its start.
  const size_t wanted = size_t{options_.shards} * (options_.owner.wal.segments_ready + 1);
  for (size_t i = 0; i < std::min(wanted, recovery_.reusable_segments.size()); ++i) {
    shards_[i % options_.shards]->add_reusable_segment(recovery_.reusable_segments[i]);
  }
  return absl::OkStatus();
}

absl::Status Node::finish_recovery() { return storage::remove_leftovers(*backends_.main, recovery_); }

engine::Loop& Node::shard_loop(uint16_t shard) { return *shards_[shard]; }

engine::Loop& Node::reader_loop(uint16_t reader) { return *readers_[reader]; }

void Node::begin(NodePhase phase) {
  VERIFY_EQ(steps_missing_, 0U);
  for (uint16_t i = 0; i < options_.shards; ++i) {
    steps_[i] = {.phase = phase, .status = absl::OkStatus(), .addresses = addresses_, .figures = {}};
    endpoint_.send_reserved(engine::ShardId{i}, make_message(MessageKind::control, &steps_[i]));
    ++steps_missing_;
  }
  endpoint_.wake_peers();
}

bool Node::poll() {
  endpoint_.drain(*this);
  return steps_missing_ == 0;
}

bool Node::wait(engine::Duration limit) {
  if (poll()) return true;
  if (endpoint_.fall_asleep()) {
    engine::IoResult none;
    backends_.main->reap({&none, 1}, backends_.main->now() + limit);
    endpoint_.wake_up();
  }
  return poll();
}

void Node::on_message(engine::ShardId, const engine::MeshMessage& message) {
  VERIFY_EQ(message.kind, static_cast<uint16_t>(MessageKind::control_done));
  VERIFY_GT(steps_missing_, 0U);
  --steps_missing_;
  const auto* step = message.as<ControlStep*>();
  if (step->phase == NodePhase::open && step == &steps_[0]) addresses_ = step->addresses;
}

absl::Status Node::phase_status() const {
  for (const ControlStep& step : steps_) RETURN_IF_ERROR(step.status);
  return absl::OkStatus();
}

}  // namespace net
