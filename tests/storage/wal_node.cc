#include "tests/storage/wal_node.h"

#include <algorithm>
#include <optional>

#include "engine/base/crc32c.h"
#include "storage/wal/names.h"

namespace tests {

using storage::Lsn;

namespace {

constexpr uint64_t lives_per_seed = 6;

WalNodeOptions options_of(uint64_t seed) {
  engine::Prng prng(seed);
  WalNodeOptions options;
  options.world.seed = seed;
  options.world.disk.tear_size = prng.chance(1, 2) ? 512 : 4096;
  if (prng.chance(1, 3)) options.world.disk.write_short_rate = 50'000;
  if (prng.chance(1, 6)) options.world.disk.write_error_rate = 2'000;
  if (prng.chance(1, 6)) options.world.disk.sync_error_rate = 2'000;
  if (prng.chance(1, 6)) options.world.disk.entry_error_rate = 2'000;
  options.wal.segment_size = 4096 * prng.between(4, 12);
  options.wal.size_max = options.wal.segment_size * prng.between(2, 6);
  options.wal.group_size_max = 4096 * prng.between(1, 3);
  options.wal.segments_ready = static_cast<uint32_t>(prng.between(1, 3));
  options.wal.sync_method = prng.chance(1, 2) ? storage::SyncMethod::dsync : storage::SyncMethod::write_then_sync;
  return options;
}

bool same(std::span<const std::byte> left, std::span<const std::byte> right) { return std::ranges::equal(left, right); }

}  // namespace

WalNodeCounts& WalNodeCounts::operator+=(const WalNodeCounts& other) {
  starts += other.starts;
  frames_durable += other.frames_durable;
  frames_replayed += other.frames_replayed;
  tails_torn += other.tails_torn;
  segments_rolled += other.segments_rolled;
  segments_recycled += other.segments_recycled;
  segments_reused += other.segments_reused;
  large_frames += other.large_frames;
  return *this;
}

WalNode::WalNode(const WalNodeOptions& options) : options_(options), world_(options.world), prng_(options.world.seed + 1) {
  world_.set_auto_advance(true);
  backend_ = std::make_unique<sim::SimBackend>(world_);
  reactor_ = std::make_unique<engine::Reactor>(*backend_);
}

WalNode::~WalNode() { stop(); }

void WalNode::stop() {
  backend_.reset();
  writer_.reset();
  reactor_.reset();
  stream_ = nullptr;
}

absl::Status WalNode::start() {
  ++counts_.starts;
  ASSIGN_OR_RETURN(const storage::Superblock superblock, storage::open_or_create_superblock(*backend_));
  database_ = superblock.database;
  ASSIGN_OR_RETURN(storage::WalInventory inventory, storage::list_streams(*backend_, database_));
  std::vector<std::string> reusable;
  for (storage::WalStreamFiles& files : inventory.streams) {
    storage::WalReadCounts counts;
    RETURN_IF_ERROR(replay(files, counts));
    RETURN_IF_ERROR(storage::remove_unbegun_segments(*backend_, files, counts.sequence_last));
    RETURN_IF_ERROR(storage::release_stream(*backend_, files.stream));
    streams_[files.stream.value].was_released = true;
    inventory.released.push_back(files.stream);
    for (std::string& path : storage::reusable_segments(files, options_.wal.segment_size)) {
      reusable.push_back(std::move(path));
    }
  }
  counts_.segments_reused += std::min<size_t>(reusable.size(), options_.wal.size_max / options_.wal.segment_size);
  ASSIGN_OR_RETURN(writer_, storage::WalWriter::open(*reactor_, options_.wal, database_, engine::ShardId{0}, reusable));
  writer_->set_listener(this);
  for (const storage::StreamId stream : inventory.released) RETURN_IF_ERROR(storage::remove_stream(*backend_, stream));
  stream_ = &streams_[writer_->stream().value];
  stream_->seed = prng_.next();
  return absl::OkStatus();
}

WalNode::Content WalNode::content(const Stream& stream, Lsn lsn) const {
  engine::Prng prng(stream.seed + lsn.value);
  Content content;
  content.head.resize(prng.below(100));
  content.body.resize(stream.body_sizes[lsn.value - 1]);
  for (std::byte& byte : content.head) byte = static_cast<std::byte>(prng.next());
  for (std::byte& byte : content.body) byte = static_cast<std::byte>(prng.next());
  content.frame = {
      .type = static_cast<storage::FrameType>(1 + prng.below(3)),
      .lane = {storage::TableId{static_cast<uint32_t>(prng.next())}, storage::LaneNumber{static_cast<uint16_t>(prng.next())}},
      .txn = storage::Txn{prng.next()},
      .lsn = lsn,
      .head = content.head,
      .body = content.body,
      .body_crc = engine::crc32c(content.body)};
  return content;
}

bool WalNode::append(size_t body_size) {
  stream_->body_sizes.push_back(body_size);
  const Content next = content(*stream_, Lsn{stream_->body_sizes.size()});
  if (!writer_->has_room(next.frame.stored_size())) {
    stream_->body_sizes.pop_back();
    return false;
  }
  if (next.frame.stored_size() > options_.wal.group_size_max) ++counts_.large_frames;
  if (writer_->append(next.frame) != next.frame.lsn) violate("append gave another LSN");
  return true;
}

void WalNode::turn() {
  writer_->flush();
  reactor_->turn(world_.now() + engine::milliseconds(1));
}

void WalNode::settle() {
  while (!stopped() && !writer_->idle()) turn();
}

void WalNode::release(Lsn lsn) {
  const uint64_t before = writer_->held_size();
  stream_->released = lsn;
  writer_->release(lsn);
  counts_.segments_recycled += (before - writer_->held_size()) / options_.wal.segment_size;
}

void WalNode::work(uint32_t steps) {
  for (uint32_t step = 0; step < steps && !stopped(); ++step) {
    const uint64_t held = writer_->held_size();
    const uint64_t frames = prng_.below(5);
    for (uint64_t i = 0; i < frames; ++i) {
      const uint64_t size_max = prng_.chance(1, 12) ? 11'000 : 2'000;
      if (!append(prng_.below(size_max))) break;
    }
    counts_.segments_rolled += (writer_->held_size() - held) / options_.wal.segment_size;
    turn();
    // As a checkpoint: everything durable, or what the log can no longer hold back.
    const bool full = writer_->held_size() + options_.wal.segment_size >= options_.wal.size_max;
    if (!stopped() && (full || prng_.chance(1, 8))) {
      const uint64_t released = stream_->released.value;
      release(Lsn{full ? writer_->durable().value : prng_.between(released, writer_->durable().value)});
    }
    if (prng_.chance(1, 6)) settle();
  }
}

void WalNode::on_durable(Lsn lsn) {
  if (lsn <= stream_->durable) violate("durable went back");
  counts_.frames_durable += lsn.value - stream_->durable.value;
  stream_->durable = lsn;
}

void WalNode::on_failed(const absl::Status& status) { failure_ = status; }

void WalNode::power_cycle() {
  if (world_.outage() == sim::Outage::none) world_.power_off();
  stop();
  failure_ = absl::OkStatus();
  world_.restart();
  backend_ = std::make_unique<sim::SimBackend>(world_);
  reactor_ = std::make_unique<engine::Reactor>(*backend_);
}

void WalNode::kill_and_restart() {
  if (world_.outage() == sim::Outage::none) world_.kill();
  power_cycle();
}

absl::Status WalNode::replay(const storage::WalStreamFiles& files, storage::WalReadCounts& counts) {
  const std::string name = storage::stream_name(files.stream);
  Stream& stream = streams_[files.stream.value];
  if (stream.was_released) violate(name + ": came back after its release");
  storage::WalReader reader(*backend_, database_, files);
  Lsn last;
  for (;;) {
    absl::StatusOr<std::optional<storage::WalFrame>> frame = reader.next();
    replayed_last_ = last;
    if (!frame.ok()) {
      if (absl::IsDataLoss(frame.status()) && !damage_expected_) violate(std::string(engine::message_of(frame.status())));
      return frame.status();
    }
    if (!frame->has_value()) break;
    const storage::WalFrame& found = **frame;
    if (last.value == 0 && found.lsn.value > stream.released.value + 1) violate(name + ": begins too late");
    if (last.value != 0 && found.lsn.value != last.value + 1) violate(name + ": LSNs are not in order");
    last = found.lsn;
    judge_frame(name, stream, found);
    ++counts_.frames_replayed;
  }
  counts = reader.counts();
  counts_.tails_torn += counts.tail_torn ? 1 : 0;
  judge_end(name, stream, last);
  return absl::OkStatus();
}

void WalNode::judge_frame(const std::string& name, const Stream& stream, const storage::WalFrame& frame) {
  const std::string which = name + ": frame " + std::to_string(frame.lsn.value);
  if (frame.lsn.value == 0 || frame.lsn.value > stream.body_sizes.size()) return violate(which + " was never written");
  const Content written = content(stream, frame.lsn);
  const bool equal = frame.type == written.frame.type && frame.lane == written.frame.lane && frame.txn == written.frame.txn &&
                     same(frame.head, written.head) && same(frame.body, written.body);
  if (!equal) violate(which + " is not what was written");
}

void WalNode::judge_end(const std::string& name, Stream& stream, Lsn last) {
  const std::string end = name + ": ends at " + std::to_string(last.value);
  // Everything may be released and recycled; then nothing is left to read.
  const Lsn reached = std::max(last, stream.released);
  if (reached < stream.durable && !damage_expected_) violate(end + ", durable was " + std::to_string(stream.durable.value));
  if (stream.was_replayed && stream.replayed != reached)
    violate(end + ", an earlier replay " + std::to_string(stream.replayed.value));
  stream.was_replayed = true;
  stream.replayed = reached;
}

WalLives live_wal_node(uint64_t seed) {
  WalNode node(options_of(seed));
  engine::Prng prng(seed + 1);
  for (uint64_t i = 0; i < lives_per_seed && node.violations().empty(); ++i) {
    const uint64_t cut = prng.below(prng.chance(1, 2) ? 60 : 400);
    const bool killed = prng.chance(1, 3);
    if (killed) node.world().kill_after(cut);
    if (!killed) node.world().power_off_after(cut);
    if (node.start().ok()) node.work(static_cast<uint32_t>(prng.below(120)));
    if (killed) node.kill_and_restart();
    if (!killed) node.power_cycle();
  }
  node.world().options().disk = {};
  const absl::Status status = node.start();
  WalLives lives{.counts = node.counts(), .violations = node.violations()};
  if (!status.ok()) lives.violations.push_back("the last start failed: " + std::string(engine::message_of(status)));
  return lives;
}

}  // namespace tests
