#include "storage/wal/segments.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "engine/io/blocking.h"
#include "engine/io/error_policy.h"
#include "storage/wal/names.h"

namespace storage {

using engine::IoOp;

namespace {

constexpr uint64_t fill_size = 1024 * 1024;  // one write of zeros: large enough for the disk, short enough for what shares it
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
      zero_pool_({.buffer_count_max = 1, .buffer_size = static_cast<size_t>(std::min(fill_size, options.segment_size))}),
      retry_(reactor.timers(), *this) {
  VERIFY_EQ(options.segment_size % engine::block_size, 0U);
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
  directory_ = directory.release();
  return absl::OkStatus();
}

absl::Status WalSegments::move_here(std::span<const std::string> reusable) {
  engine::IoBackend& backend = reactor_.backend();
  for (const std::string& source : reusable) {
    const std::string target = segment_path(stream_, sequence_next_);
    RETURN_IF_ERROR(engine::rename_path(backend, source, target));
    ASSIGN_OR_RETURN(engine::BlockingFile file,
                     engine::BlockingFile::open(backend, target, engine::OpenMode::read_write_direct));
    ready_.push_back({.sequence = sequence_next_++, .file = file.release()});
    ++segment_count_;
  }
  if (reusable.empty() || engine::sabotaged("directory_not_synced")) return absl::OkStatus();
  return engine::sync_directory(backend, directory_path_);
}

absl::Status WalSegments::make_first() {
  engine::IoBackend& backend = reactor_.backend();
  const std::string path = segment_path(stream_, sequence_next_);
  ASSIGN_OR_RETURN(engine::BlockingFile file, engine::BlockingFile::open(backend, path, engine::OpenMode::read_write_direct));
  engine::run_blocking(backend,
                       {.op = IoOp::allocate, .file = file.id(), .size = options_.segment_size});  // the writes will tell
  for (uint64_t offset = 0; offset < options_.segment_size; offset += fill_size) {
    const uint64_t size = std::min(fill_size, options_.segment_size - offset);
    RETURN_IF_ERROR(file.write(offset, zeros().first(static_cast<size_t>(size))));
  }
  if (!engine::sabotaged("zeros_not_synced")) RETURN_IF_ERROR(file.sync_data());
  zeros_.reset();
  if (!engine::sabotaged("directory_not_synced")) RETURN_IF_ERROR(engine::sync_directory(backend, directory_path_));
  ready_.push_back({.sequence = sequence_next_++, .file = file.release()});
  ++segment_count_;
  return absl::OkStatus();
}

WalSegments::Segment WalSegments::take() {
  VERIFY(!ready_.empty());
  const Segment segment = ready_.front();
  ready_.pop_front();
  in_use_ = true;
  start_job();
  return segment;
}

void WalSegments::recycle(Segment segment) {
  VERIFY(returned_.empty() || returned_.back().sequence < segment.sequence);
  returned_.push_back(segment);
  if (step_ == Step::waiting_for_space) stop_waiting();
  start_job();
}

void WalSegments::start_job() {
  if (step_ != Step::idle) return;
  if (!returned_.empty()) {
    start_renaming();
  } else if (in_use_ && ready_.size() < options_.ready_target && segment_count_ < options_.segment_count_max) {
    start_making();
  } else {
    zeros_.reset();
  }
}

void WalSegments::start_renaming() {
  job_ = returned_.front();
  returned_.pop_front();
  path_source_ = segment_path(stream_, job_.sequence);
  job_.sequence = sequence_next_++;
  path_ = segment_path(stream_, job_.sequence);
  submit(Step::renaming, {.op = IoOp::rename, .path = path_source_.c_str(), .path_target = path_.c_str()});
}

void WalSegments::start_making() {
  job_ = {.sequence = sequence_next_++, .file = engine::file_none};
  path_ = segment_path(stream_, job_.sequence);
  ++segment_count_;
  start_opening();
}

void WalSegments::start_opening() {
  if (job_.file == engine::file_none) job_.file = std::exchange(slot_, engine::file_none);
  if (job_.file == engine::file_none) job_.file = reactor_.backend().reserve_file();
  submit(Step::opening,
         {.op = IoOp::open, .open_mode = engine::OpenMode::read_write_direct, .file = job_.file, .path = path_.c_str()});
}

// Allocating first keeps the file in few pieces, and finds out about a full disk before the disk is full of zeros.
void WalSegments::start_allocating() {
  submit(Step::allocating, {.op = IoOp::allocate, .file = job_.file, .offset = 0, .size = options_.segment_size});
}

void WalSegments::start_filling() {
  const uint64_t size = std::min(fill_size, filled_.size_left());
  submit(
      Step::filling,
      {.op = IoOp::write, .file = job_.file, .offset = filled_.offset(), .buffer = zeros().first(static_cast<size_t>(size))});
}

void WalSegments::submit(Step step, engine::IoRequest request) {
  step_ = step;
  request.completion = &step_done_;
  reactor_.submit(request);
}

void WalSegments::on_step(const engine::IoResult& result) {
  switch (step_) {
    case Step::opening:
      return on_opened(result.result);
    case Step::allocating:
      return on_allocated(result.result);
    case Step::filling:
      return on_filled(result.result);
    case Step::syncing:
    case Step::renaming:
      if (result.result < 0) return fail(result.result, step_ == Step::syncing ? "sync" : "rename to");
      if (engine::sabotaged("directory_not_synced")) return finish_job();
      return submit(Step::syncing_directory, {.op = IoOp::sync_data, .file = directory_});
    case Step::syncing_directory:
      if (result.result < 0) return fail(result.result, "sync the directory of");
      return finish_job();
    case Step::unlinking:
      if (result.result < 0) return fail(result.result, "remove");
      return submit(Step::closing, {.op = IoOp::close, .file = job_.file});
    case Step::closing:
      job_.file = engine::file_none;
      return wait_for_space();
    case Step::idle:
    case Step::waiting_for_space:
    case Step::failed:
      break;
  }
  UNREACHABLE("no step was submitted");
}

void WalSegments::on_opened(int32_t result) {
  if (result < 0) return wait_or_fail(IoOp::open, result, "open");
  start_allocating();
}

void WalSegments::on_allocated(int32_t result) {
  const engine::ErrorPolicy policy = engine::error_policy(IoOp::allocate, result);
  if (result < 0 && policy != engine::ErrorPolicy::forgiven) return wait_or_fail(IoOp::allocate, result, "allocate space for");
  filled_ = {options_.segment_size, engine::OpenMode::read_write_direct};
  start_filling();
}

void WalSegments::on_filled(int32_t result) {
  switch (filled_.settle(result)) {
    case engine::WriteProgress::Next::again:
      return start_filling();
    case engine::WriteProgress::Next::failed:
      return wait_or_fail(IoOp::write, filled_.error(), "fill");
    case engine::WriteProgress::Next::done:
      if (!engine::sabotaged("zeros_not_synced")) return submit(Step::syncing, {.op = IoOp::sync_data, .file = job_.file});
      return submit(Step::syncing_directory, {.op = IoOp::sync_data, .file = directory_});
  }
}

void WalSegments::finish_job() {
  VERIFY(ready_.empty() || ready_.back().sequence + 1 == job_.sequence);
  ready_.push_back(job_);
  step_ = Step::idle;
  start_job();
}

// The segment was never used, and is the last of the stream: a crash in between leaves it or takes it, both are right.
void WalSegments::wait_or_fail(IoOp op, int32_t result, const char* operation) {
  const engine::ErrorPolicy policy = engine::error_policy(op, result);
  if (policy != engine::ErrorPolicy::no_space && policy != engine::ErrorPolicy::shortage) return fail(result, operation);
  if (step_ == Step::opening) return wait_for_space();
  submit(Step::unlinking, {.op = IoOp::unlink, .path = path_.c_str()});
}

void WalSegments::wait_for_space() {
  step_ = Step::waiting_for_space;
  retry_.arm(reactor_.now() + space_retry_interval);
  if (returned_.empty()) return;
  stop_waiting();
  start_job();
}

void WalSegments::on_retry(engine::Instant) {
  VERIFY(step_ == Step::waiting_for_space);
  start_opening();
}

// A used segment has come back: renaming it needs no space.
void WalSegments::stop_waiting() {
  retry_.disarm();
  slot_ = std::exchange(job_.file, engine::file_none);
  --sequence_next_;
  --segment_count_;
  step_ = Step::idle;
}

void WalSegments::fail(int32_t result, const char* operation) {
  step_ = Step::failed;
  if (listener_ != nullptr) listener_->on_segments_failed(engine::errno_status(-result, std::string(operation) + ' ' + path_));
}

std::span<std::byte> WalSegments::zeros() {
  if (!zeros_) {
    zeros_ = zero_pool_.acquire();
    std::ranges::fill(zeros_.bytes(), std::byte{0});
  }
  return zeros_.bytes();
}

}  // namespace storage
