#include "storage/wal/segments.h"

#include <algorithm>
#include <cerrno>

#include "engine/base/bytes.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "engine/io/blocking.h"
#include "engine/io/error_policy.h"
#include "storage/wal/names.h"

namespace storage {

using engine::IoOp;

namespace {

constexpr engine::Duration space_retry_interval = engine::seconds(1);

}  // namespace

absl::StatusOr<std::unique_ptr<WalSegments>> WalSegments::open(engine::Reactor& reactor, StreamId stream,
                                                               const Options& options, std::span<const std::string> reusable) {
  auto segments = std::make_unique<WalSegments>(reactor, stream, options);
  RETURN_IF_ERROR(segments->open_directory());
  RETURN_IF_ERROR(segments->move_here(reusable.first(std::min<size_t>(reusable.size(), options.segment_count_max))));
  if (segments->ready_.empty()) RETURN_IF_ERROR(segments->make_first());
  return segments;
}

WalSegments::WalSegments(engine::Reactor& reactor, StreamId stream, const Options& options)
    : reactor_(reactor),
      stream_(stream),
      options_(options),
      directory_path_(stream_directory(stream)),
      maker_(reactor, stream, options.segment_size, *this),
      retry_(reactor.timers(), *this) {
  VERIFY_GT(options.segment_count_max, 1U);
}

absl::Status WalSegments::open_directory() {
  engine::IoBackend& backend = reactor_.backend();
  const std::string parent(wal_directory);
  RETURN_IF_ERROR(engine::make_directory(backend, parent));
  const int32_t made = engine::run_blocking(backend, {.op = IoOp::mkdir, .path = directory_path_.c_str()});
  // Streams are named by epochs that are given once, so this one was never there.
  if (made == -EEXIST) return engine::already_exists("create directory " + directory_path_ + ": this start has begun before");
  if (made < 0) return engine::errno_status(-made, "create directory " + directory_path_);
  if (!engine::sabotaged("directory_not_synced")) {
    RETURN_IF_ERROR(engine::sync_directory(backend, "."));
    RETURN_IF_ERROR(engine::sync_directory(backend, parent));
  }
  ASSIGN_OR_RETURN(engine::BlockingFile directory,
                   engine::BlockingFile::open(backend, directory_path_, engine::OpenMode::directory));
  maker_.set_directory(directory.release());
  return absl::OkStatus();
}

absl::Status WalSegments::move_here(std::span<const std::string> reusable) {
  engine::IoBackend& backend = reactor_.backend();
  for (const std::string& source : reusable) {
    const std::string target = segment_path(stream_, sequence_next_);
    RETURN_IF_ERROR(engine::rename_path(backend, source, target));
    ASSIGN_OR_RETURN(engine::BlockingFile file,
                     engine::BlockingFile::open(backend, target, engine::OpenMode::read_write_direct));
    ++segment_count_;
    add_ready({.sequence = sequence_next_++, .file = file.release()});
  }
  if (reusable.empty() || engine::sabotaged("directory_not_synced")) return absl::OkStatus();
  return engine::sync_directory(backend, directory_path_);
}

absl::Status WalSegments::make_first() {
  ASSIGN_OR_RETURN(const WalSegment segment, maker_.make_blocking(sequence_next_));
  if (!engine::sabotaged("directory_not_synced")) {
    RETURN_IF_ERROR(engine::sync_directory(reactor_.backend(), directory_path_));
  }
  ++sequence_next_;
  ++segment_count_;
  add_ready(segment);
  return absl::OkStatus();
}

void WalSegments::add_ready(const WalSegment& segment) {
  VERIFY(ready_.empty() || ready_.back().sequence + 1 == segment.sequence);
  VERIFY_EQ(segment.sequence + 1, sequence_next_);
  VERIFY_LE(segment_count_, options_.segment_count_max);
  ready_.push_back(segment);
}

WalSegment WalSegments::take() {
  VERIFY(!ready_.empty());
  const WalSegment segment = ready_.front();
  VERIFY_EQ(segment.sequence, sequence_taken_ + 1);
  ready_.pop_front();
  sequence_taken_ = segment.sequence;
  start_job();
  return segment;
}

void WalSegments::recycle(const WalSegment& segment) {
  VERIFY(returned_.empty() || returned_.back().sequence < segment.sequence);
  VERIFY_LE(segment.sequence, sequence_taken_);
  VERIFY_LT(ready_.size() + returned_.size(), segment_count_);
  returned_.push_back(segment);
  start_job();
}

// A used segment goes before a new one, and ends the wait for space: renaming it needs none.
void WalSegments::start_job() {
  if (!maker_.is_idle()) return;
  if (!returned_.empty()) {
    retry_.disarm();
    const WalSegment used = returned_.front();
    returned_.pop_front();
    return maker_.rename(used, sequence_next_++);
  }
  if (waiting_for_space()) return;
  const bool in_use = sequence_taken_ != 0;
  if (in_use && ready_.size() < options_.ready_target && segment_count_ < options_.segment_count_max) {
    ++segment_count_;
    return maker_.make(sequence_next_++);
  }
  maker_.rest();
}

void WalSegments::on_segment_ready(const WalSegment& segment) {
  add_ready(segment);
  start_job();
}

void WalSegments::on_segment_given_up(uint64_t sequence) {
  VERIFY_EQ(sequence + 1, sequence_next_);
  VERIFY_GT(segment_count_, 0U);
  --sequence_next_;
  --segment_count_;
  retry_.arm(reactor_.now() + space_retry_interval);
  start_job();
}

void WalSegments::on_segment_failed(const absl::Status& status) {
  if (listener_ != nullptr) listener_->on_segments_failed(status);
}

}  // namespace storage
