#include "storage/wal/writer.h"

#include <algorithm>
#include <utility>

#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "storage/wal/names.h"

namespace storage {

using engine::block_size;

namespace {

constexpr uint64_t segment_size_min = 16 * 1024;
constexpr uint64_t segment_size_max = 1024 * 1024 * 1024;  // sizes of frames and groups are 32 bits wide

absl::Status check_options(const WalOptions& options) {
  if (options.segment_size % block_size != 0 || options.segment_size < segment_size_min ||
      options.segment_size > segment_size_max) {
    return engine::invalid_argument("write-ahead log: segment size " + std::to_string(options.segment_size) +
                                    " is not a multiple of 4 KiB between 16 KiB and 1 GiB");
  }
  if (options.group_size_max % block_size != 0 || options.group_size_max == 0 ||
      options.group_size_max > options.segment_size - wal_groups_offset) {
    return engine::invalid_argument("write-ahead log: group size " + std::to_string(options.group_size_max) +
                                    " is not a multiple of 4 KiB that fits into a segment");
  }
  if (options.size_max / options.segment_size < 2 || options.segments_ready == 0) {
    return engine::invalid_argument("write-ahead log: needs room for two segments, and one ready");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<WalWriter>> WalWriter::open(engine::Reactor& reactor, const WalOptions& options,
                                                           const Database& database, engine::ShardId shard,
                                                           std::span<const std::string> reusable) {
  RETURN_IF_ERROR(check_options(options));
  const WalSegments::Options segment_options{
      .segment_size = options.segment_size,
      .ready_target = options.segments_ready,
      .segment_count_max = static_cast<uint32_t>(options.size_max / options.segment_size)};
  ASSIGN_OR_RETURN(std::unique_ptr<WalSegments> segments,
                   WalSegments::open(reactor, stream_id(database.epoch, shard), segment_options, reusable));
  SyncMethod method = options.sync_method;
  if (method == SyncMethod::automatic) {
    ASSIGN_OR_RETURN(method, measure_sync_method(reactor.backend(), segments->scratch(), options.segment_size));
  }
  return std::make_unique<WalWriter>(reactor, options, database, shard, std::move(segments), method);
}

WalWriter::WalWriter(engine::Reactor& reactor, const WalOptions& options, const Database& database, engine::ShardId shard,
                     std::unique_ptr<WalSegments> segments, SyncMethod sync_method)
    : options_(options),
      origin_{.database = database,
              .shard = shard,
              .stream = stream_id(database.epoch, shard),
              .segment_size = options.segment_size},
      segments_(std::move(segments)),
      memory_{.usual = engine::BufferPool({.buffer_count_max = 2, .buffer_size = options.group_size_max + wal_groups_offset}),
              .large = std::nullopt},
      write_(reactor, sync_method, origin_.stream, *this) {
  segments_->set_listener(this);
}

// What a first frame of this size begins.
WalGroupPlan WalWriter::plan_group(uint64_t stored_size) const {
  const uint64_t segment_left = held_.empty() ? 0 : options_.segment_size - position_.offset;
  return WalGroupPlan::make(stored_size, segment_left, options_.segment_size, options_.group_size_max);
}

// With its group the frame takes two blocks more at most.
bool WalWriter::takes_reserve(uint64_t stored_size) const {
  const uint64_t segments_left = options_.size_max / options_.segment_size - held_.size();
  const uint64_t left = segments_left * options_.segment_size + (options_.segment_size - position_.offset);
  return left < stored_size + 2 * block_size + std::max(reserve_min(), reserved_size());
}

uint64_t WalWriter::reserved_size() const { return frames_reserved_ * block_size; }

// While a group fills, only its own capacity counts: the next one begins when this one is on its way to the disk. A large frame
// waits until the memory of the one before is free.
bool WalWriter::has_room(uint64_t stored_size, Use use) const {
  VERIFY_LE(stored_size, frame_size_max(options_.segment_size));
  VERIFY_LE(position_.offset, options_.segment_size);
  if (failed_ || (use == Use::rows && takes_reserve(stored_size))) return false;
  if (!filling_.empty()) return filling_.has_room(stored_size);
  const WalGroupPlan plan = plan_group(stored_size);
  if (plan.is_large && memory_.large) return false;
  return !plan.needs_segment || segments_->ready_count() > 0;
}

void WalWriter::begin_group(const WalGroupPlan& plan) {
  VERIFY(filling_.empty());
  if (plan.needs_segment) take_segment();
  if (plan.is_large) {
    VERIFY(!memory_.large);
    memory_.large.emplace(engine::BufferPool::Options{.buffer_count_max = 1, .buffer_size = wal_groups_offset + plan.capacity});
  }
  filling_ = WalGroup(origin_, position_, plan.capacity, (plan.is_large ? *memory_.large : memory_.usual).acquire());
}

void WalWriter::take_segment() {
  const WalSegment segment = segments_->take();
  if (!held_.empty()) {
    VERIFY_LT(held_.back().segment.sequence, segment.sequence);
    VERIFY_LE(held_.back().first, position_.last);  // a segment is begun by a frame
    held_.back().last = position_.last;
    ++counts_.rolls;
  }
  held_.push_back({.segment = segment, .first = Lsn{position_.last.value + 1}, .last = {}});
  position_.sequence = held_.back().segment.sequence;
  position_.offset = wal_groups_offset;
}

Lsn WalWriter::append(const WalFrame& frame) {
  const uint64_t stored_size = frame.stored_size();
  VERIFY(has_room(stored_size, Use::letting_go));
  if (filling_.empty()) begin_group(plan_group(stored_size));
  last_place_ = {.sequence = static_cast<uint32_t>(position_.sequence),
                 .offset = static_cast<uint32_t>(position_.offset),
                 .size = static_cast<uint32_t>(stored_size)};
  VERIFY_EQ(last_place_.sequence, position_.sequence);
  const Lsn lsn = filling_.append(frame);
  VERIFY_EQ(lsn.value, position_.last.value + 1);
  position_ = filling_.end();
  return position_.last;
}

void WalWriter::flush() {
  if (failed_ || !write_.is_idle() || filling_.empty()) return;
  VERIFY_EQ(filling_.sequence(), held_.back().segment.sequence);
  VERIFY_EQ(filling_.last(), position_.last);
  filling_.seal(durable_);
  position_ = filling_.end();
  VERIFY_LE(position_.offset, options_.segment_size);
  write_.start(std::exchange(filling_, {}), held_.back().segment.file);
  if (engine::sabotaged("early_ack")) report_durable(position_.last);
}

void WalWriter::read(WalFrameRead& read, std::span<const WalFramePlace> places) const {
  const std::span<const WalFramePlace> neighbours = places.first(WalFrameRead::count_of(places));
  const uint64_t sequence = neighbours.front().sequence;
  VERIFY(!held_.empty());
  VERIFY_GE(sequence, held_.front().segment.sequence);
  const Held& held = held_[static_cast<size_t>(sequence - held_.front().segment.sequence)];
  VERIFY_EQ(held.segment.sequence, sequence);
  const WalPlace origin{.salt = origin_.database.wal_salt, .stream = origin_.stream.value};
  read.start(origin, held.segment.file, segment_path(origin_.stream, sequence), neighbours);
}

void WalWriter::on_group_durable(Lsn last, size_t size) {
  VERIFY(filling_.empty() || last.value + 1 == filling_.first().value);  // groups never overtake each other
  ++counts_.groups;
  if (size > options_.group_size_max) memory_.large.reset();
  report_durable(last);
}

void WalWriter::report_durable(Lsn lsn) {
  VERIFY_LE(lsn, position_.last);
  if (lsn <= durable_) return;
  durable_ = lsn;
  if (listener_ != nullptr) listener_->on_durable(lsn);
}

void WalWriter::fail(const absl::Status& status) {
  if (std::exchange(failed_, true)) return;
  write_.abandon();
  if (listener_ != nullptr) listener_->on_failed(status);
}

// Whole segments, oldest first, and never the one that is being written to, though all of its frames may be released:
//
//   held   | 1 ... 40 | 41 ... 97 | 98 ... |        release(60): the first one;   release(99): the first two
void WalWriter::release(Lsn lsn) {
  VERIFY_LE(lsn.value, durable_.value);
  const uint64_t untouched = engine::sabotaged("written_segment_released") ? 0 : 1;
  const uint64_t early = engine::sabotaged("last_frame_overlooked") ? 1 : 0;
  const bool by_first = engine::sabotaged("recycled_by_first_frame");
  while (held_.size() > untouched && (by_first ? held_.front().first : held_.front().last).value <= lsn.value + early) {
    VERIFY(!write_.is_running() || held_.front().segment.sequence < write_.group().sequence());
    VERIFY_LT(held_.front().last, held_[1].first);
    segments_->recycle(held_.front().segment);
    held_.pop_front();
    ++counts_.recycles;
  }
}

}  // namespace storage
