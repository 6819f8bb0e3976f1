#include "storage/wal/writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/verify.h"
#include "storage/sabotage.h"
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
    : reactor_(reactor),
      options_(options),
      database_(database),
      shard_(shard),
      stream_(stream_id(database.epoch, shard)),
      sync_method_(sync_method),
      segments_(std::move(segments)),
      buffers_({.buffer_count_max = 2, .buffer_size = options.group_size_max + wal_groups_offset}) {
  VERIFY(sync_method_ != SyncMethod::automatic);
  segments_->set_listener(this);
}

std::span<std::byte> WalWriter::Group::bytes() const {
  const std::span<std::byte> all = buffer.bytes().first(wal_groups_offset + size);
  return opens_segment ? all : all.subspan(wal_groups_offset);
}

WalPlace WalWriter::place(const Group& group, uint64_t offset) const {
  return {.salt = database_.wal_salt, .stream = stream_.value, .sequence = group.segment.sequence, .offset = offset};
}

uint64_t WalWriter::size_left() const { return held_.empty() ? 0 : options_.segment_size - group_offset_; }

bool WalWriter::has_room(uint64_t stored_size) const {
  VERIFY_LE(stored_size, frame_size_max(options_.segment_size));
  if (state_ == State::failed) return false;
  if (filling_.size > 0) return wal_group_size(filling_.size + stored_size) <= filling_.capacity;
  const uint64_t group_size = wal_group_size(stored_size);
  if (group_size > options_.group_size_max && large_buffer_) return false;
  return group_size <= size_left() || segments_->ready_count() > 0;
}

void WalWriter::begin_group(uint64_t stored_size) {
  const uint64_t group_size = wal_group_size(stored_size);
  if (group_size > size_left()) take_segment();
  filling_.segment = held_.back().segment;
  filling_.opens_segment = group_offset_ == wal_groups_offset;
  filling_.offset = group_offset_;
  filling_.previous_crc = previous_crc_;
  filling_.first = Lsn{last_.value + 1};
  if (group_size > options_.group_size_max) {
    large_buffer_.emplace(
        engine::BufferPool::Options{.buffer_count_max = 1, .buffer_size = static_cast<size_t>(wal_groups_offset + group_size)});
    filling_.buffer = large_buffer_->acquire();
    filling_.capacity = static_cast<size_t>(group_size);
  } else {
    filling_.buffer = buffers_.acquire();
    filling_.capacity = static_cast<size_t>(std::min<uint64_t>(options_.group_size_max, size_left()));
  }
  VERIFY(static_cast<bool>(filling_.buffer));
}

void WalWriter::take_segment() {
  if (!held_.empty()) {
    held_.back().last = last_;
    ++roll_count_;
  }
  held_.push_back({.segment = segments_->take(), .first = Lsn{last_.value + 1}, .last = {}});
  group_offset_ = wal_groups_offset;
}

Lsn WalWriter::append(const WalFrame& frame) {
  const uint64_t stored_size = frame.stored_size();
  VERIFY(has_room(stored_size));
  if (filling_.size == 0) begin_group(stored_size);
  const uint64_t body_offset = wal_body_offset(frame.head.size(), 0);
  std::byte* target = filling_.frames() + filling_.size;

  WalFrameHeader header{.size = static_cast<uint32_t>(body_offset + frame.body.size()),
                        .type = static_cast<uint16_t>(frame.type),
                        .flags = 0,
                        .lsn = last_.value + 1,
                        .epoch = database_.epoch,
                        .previous_crc = previous_crc_,
                        .table = frame.lane.table.value,
                        .lane = frame.lane.lane.value,
                        .reserved = 0,
                        .txn = frame.txn.value,
                        .head_size = static_cast<uint32_t>(frame.head.size()),
                        .attachments_size = 0,
                        .body_size = static_cast<uint32_t>(frame.body.size()),
                        .body_crc = frame.body_crc,
                        .reserved_2 = 0,
                        .header_crc = 0};
  header.header_crc = wal_crc(place(filling_, filling_.offset + filling_.size), header, frame.head);
  engine::store(target, header);
  const auto copy = [target](uint64_t offset, std::span<const std::byte> part) {
    if (!part.empty()) std::memcpy(target + offset, part.data(), part.size());
  };
  copy(sizeof(header), frame.head);
  std::memset(target + sizeof(header) + frame.head.size(), 0, body_offset - sizeof(header) - frame.head.size());
  copy(body_offset, frame.body);
  std::memset(target + header.size, 0, stored_size - header.size);

  filling_.size += static_cast<size_t>(stored_size);
  previous_crc_ = header.header_crc;
  last_ = Lsn{header.lsn};
  filling_.last = last_;
  return last_;
}

void WalWriter::flush() {
  if (state_ != State::idle || filling_.size == 0) return;
  VERIFY(!writing_.buffer);
  seal(filling_);
  group_offset_ = filling_.offset + filling_.size;
  VERIFY_LE(group_offset_, options_.segment_size);
  writing_ = std::exchange(filling_, {});
  progress_ = {writing_.bytes().size(), engine::OpenMode::read_write_direct};
  state_ = State::writing;
  submit_write();
  if (sabotaged(Sabotage::early_ack)) report_durable(writing_.last);
}

void WalWriter::seal(Group& group) {
  const size_t frames_size = group.size;
  group.size = static_cast<size_t>(wal_group_size(frames_size));
  VERIFY_LE(group.size, group.capacity);
  const size_t trailer_offset = group.size - sizeof(WalTrailer);
  std::memset(group.frames() + frames_size, 0, trailer_offset - frames_size);
  WalTrailer trailer{.zero = 0,
                     .salt = database_.wal_salt,
                     .first_lsn = group.first.value,
                     .last_lsn = group.last.value,
                     .synced_lsn = durable_.value,
                     .epoch = database_.epoch,
                     .size = static_cast<uint32_t>(group.size),
                     .reserved = 0,
                     .reserved_2 = 0,
                     .crc = 0};
  trailer.crc = wal_crc(place(group, group.offset + trailer_offset), trailer);
  engine::store(group.frames() + trailer_offset, trailer);
  if (group.opens_segment) write_segment_header(group);
}

// The header goes out in the write of the segment's first group: it is durable when they are, and a header without frames has
// nothing to say.
void WalWriter::write_segment_header(const Group& group) {
  WalSegmentHeader header{.magic = wal_magic,
                          .format = wal_format,
                          .epoch = database_.epoch,
                          .features_may_ignore = 0,
                          .features_must_know = wal_features_must_know,
                          .database = database_.id,
                          .salt = database_.wal_salt,
                          .stream = stream_.value,
                          .sequence = group.segment.sequence,
                          .segment_size = options_.segment_size,
                          .first_lsn = group.first.value,
                          .previous_crc = group.previous_crc,
                          .shard = shard_.value,
                          .reserved = 0,
                          .reserved_2 = 0,
                          .crc = 0};
  header.crc = wal_crc(header);
  std::memset(group.buffer.bytes().data(), 0, wal_groups_offset);
  engine::store(group.buffer.bytes().data(), header);
}

void WalWriter::submit_write() {
  reactor_.submit({.op = sync_method_ == SyncMethod::dsync ? engine::IoOp::write_dsync : engine::IoOp::write,
                   .file = writing_.segment.file,
                   .offset = writing_.bytes_offset() + progress_.offset(),
                   .buffer = writing_.bytes().subspan(progress_.offset()),
                   .completion = &write_done_});
}

void WalWriter::on_written(const engine::IoResult& result) {
  if (state_ == State::failed) return;
  VERIFY(state_ == State::writing);
  switch (progress_.settle(result.result)) {
    case engine::WriteProgress::Next::again:
      return submit_write();
    case engine::WriteProgress::Next::failed:
      return fail_group(progress_.error(), "write");
    case engine::WriteProgress::Next::done:
      break;
  }
  if (sync_method_ == SyncMethod::dsync) return finish_group();
  state_ = State::syncing;
  reactor_.submit({.op = engine::IoOp::sync_data, .file = writing_.segment.file, .completion = &sync_done_});
}

void WalWriter::on_synced(const engine::IoResult& result) {
  if (state_ == State::failed) return;
  VERIFY(state_ == State::syncing);
  if (result.result < 0) return fail_group(result.result, "sync");
  finish_group();
}

void WalWriter::finish_group() {
  const bool was_large = writing_.size > options_.group_size_max;
  const Lsn last = writing_.last;
  ++group_count_;
  written_size_ += writing_.size;
  writing_ = {};
  if (was_large) large_buffer_.reset();
  state_ = State::idle;
  report_durable(last);
}

void WalWriter::report_durable(Lsn lsn) {
  if (lsn <= durable_) return;
  durable_ = lsn;
  if (listener_ != nullptr) listener_->on_durable(lsn);
}

void WalWriter::fail_group(int32_t result, const char* operation) {
  const std::string what = std::string(operation) + ' ' + segment_path(stream_, writing_.segment.sequence) + " at offset " +
                           std::to_string(writing_.bytes_offset()) + ", frames " + std::to_string(writing_.first.value) +
                           " to " + std::to_string(writing_.last.value);
  fail(engine::errno_status(-result, what));
}

void WalWriter::fail(const absl::Status& status) {
  if (state_ == State::failed) return;
  state_ = State::failed;
  if (listener_ != nullptr) listener_->on_failed(status);
}

void WalWriter::release(Lsn lsn) {
  VERIFY_LE(lsn.value, durable_.value);
  const bool too_early = sabotaged(Sabotage::recycle_too_early);
  while (held_.size() > 1 && (too_early ? held_.front().first : held_.front().last) <= lsn) {
    segments_->recycle(held_.front().segment);
    held_.pop_front();
    ++recycle_count_;
  }
}

}  // namespace storage
