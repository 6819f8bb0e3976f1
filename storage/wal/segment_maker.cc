#include "storage/wal/segment_maker.h"

#include <algorithm>
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

}  // namespace

SegmentMaker::SegmentMaker(engine::Reactor& reactor, StreamId stream, uint64_t segment_size, SegmentMakerListener& listener)
    : reactor_(reactor),
      stream_(stream),
      segment_size_(segment_size),
      listener_(listener),
      zero_pool_({.buffer_count_max = 1, .buffer_size = static_cast<size_t>(std::min(fill_size, segment_size))}) {
  VERIFY_EQ(segment_size % engine::block_size, 0U);
}

absl::StatusOr<WalSegment> SegmentMaker::make_blocking(uint64_t sequence) {
  VERIFY(is_idle());
  engine::IoBackend& backend = reactor_.backend();
  const std::string path = segment_path(stream_, sequence);
  ASSIGN_OR_RETURN(engine::BlockingFile file, engine::BlockingFile::open(backend, path, engine::OpenMode::read_write_direct));
  engine::run_blocking(backend, {.op = IoOp::allocate, .file = file.id(), .size = segment_size_});  // the writes will tell
  for (uint64_t offset = 0; offset < segment_size_; offset += fill_size) {
    const uint64_t size = std::min(fill_size, segment_size_ - offset);
    RETURN_IF_ERROR(file.write(offset, zeros().first(static_cast<size_t>(size))));
  }
  if (!engine::sabotaged("zeros_not_synced")) RETURN_IF_ERROR(file.sync_data());
  zeros_.reset();
  return WalSegment{.sequence = sequence, .file = file.release()};
}

void SegmentMaker::make(uint64_t sequence) {
  segment_ = {.sequence = sequence, .file = std::exchange(slot_, engine::file_none)};
  if (segment_.file == engine::file_none) segment_.file = reactor_.backend().reserve_file();
  path_ = segment_path(stream_, sequence);
  submit(Step::opening,
         {.op = IoOp::open, .open_mode = engine::OpenMode::read_write_direct, .file = segment_.file, .path = path_.c_str()});
}

void SegmentMaker::rename(const WalSegment& used, uint64_t sequence) {
  VERIFY_LT(used.sequence, sequence);
  VERIFY(used.file != engine::file_none);
  segment_ = {.sequence = sequence, .file = used.file};
  path_used_ = segment_path(stream_, used.sequence);
  path_ = segment_path(stream_, sequence);
  submit(Step::renaming, {.op = IoOp::rename, .path = path_used_.c_str(), .path_target = path_.c_str()});
}

bool SegmentMaker::may_move_to(Step next) const {
  switch (step_) {
    case Step::idle:
      return next == Step::opening || next == Step::renaming;
    case Step::opening:
      return next == Step::allocating || next == Step::idle;  // idle: given up
    case Step::allocating:
      return next == Step::filling || next == Step::unlinking;
    case Step::filling:
      return next == Step::filling || next == Step::syncing || next == Step::unlinking;
    case Step::syncing:
    case Step::renaming:
      return next == Step::syncing_directory;
    case Step::syncing_directory:
      return next == Step::idle;
    case Step::unlinking:
      return next == Step::closing;
    case Step::closing:
      return next == Step::idle;
    case Step::failed:
      return false;
  }
  UNREACHABLE("step of a segment maker");
}

void SegmentMaker::move_to(Step next) {
  VERIFY(may_move_to(next) || (next == Step::failed && step_ != Step::idle && step_ != Step::failed));
  step_ = next;
}

void SegmentMaker::submit(Step step, engine::IoRequest request) {
  move_to(step);
  request.completion = &step_done_;
  reactor_.submit(request);
}

void SegmentMaker::fill() {
  const uint64_t size = std::min(fill_size, filled_.size_left());
  submit(Step::filling, {.op = IoOp::write,
                         .file = segment_.file,
                         .offset = filled_.offset(),
                         .buffer = zeros().first(static_cast<size_t>(size))});
}

void SegmentMaker::sync_zeros() {
  const engine::FileId target = engine::sabotaged("zeros_not_synced") ? directory_ : segment_.file;
  submit(Step::syncing, {.op = IoOp::sync_data, .file = target});
}

void SegmentMaker::sync_directory() {
  VERIFY(directory_ != engine::file_none);
  const engine::FileId target = engine::sabotaged("directory_not_synced") ? segment_.file : directory_;
  submit(Step::syncing_directory, {.op = IoOp::sync_data, .file = target});
}

void SegmentMaker::on_step(const engine::IoResult& result) {
  switch (step_) {
    case Step::opening:
      return on_opened(result.result);
    case Step::allocating:
      return on_allocated(result.result);
    case Step::filling:
      return on_filled(result.result);
    case Step::syncing:
      return result.result < 0 ? fail(result.result, "sync") : sync_directory();
    case Step::renaming:
      return result.result < 0 ? fail(result.result, "rename to") : sync_directory();
    case Step::syncing_directory:
      return result.result < 0 ? fail(result.result, "sync the directory of") : finish();
    case Step::unlinking:
      if (result.result < 0) return fail(result.result, "remove");
      return submit(Step::closing, {.op = IoOp::close, .file = segment_.file});
    case Step::closing:
      segment_.file = engine::file_none;
      return give_up();
    case Step::idle:
    case Step::failed:
      break;
  }
  UNREACHABLE("no step was submitted");
}

// Allocating first keeps the file in few pieces, and finds out about a full disk before the disk is full of zeros.
void SegmentMaker::on_opened(int32_t result) {
  if (result < 0) return give_up_or_fail(IoOp::open, result, "open");
  submit(Step::allocating, {.op = IoOp::allocate, .file = segment_.file, .offset = 0, .size = segment_size_});
}

void SegmentMaker::on_allocated(int32_t result) {
  const engine::ErrorPolicy policy = engine::error_policy(IoOp::allocate, result);
  if (result < 0 && policy != engine::ErrorPolicy::forgiven) {
    return give_up_or_fail(IoOp::allocate, result, "allocate space for");
  }
  filled_ = {segment_size_, engine::OpenMode::read_write_direct};
  fill();
}

void SegmentMaker::on_filled(int32_t result) {
  switch (filled_.settle(result)) {
    case engine::WriteProgress::Next::again:
      return fill();
    case engine::WriteProgress::Next::failed:
      return give_up_or_fail(IoOp::write, filled_.error(), "fill");
    case engine::WriteProgress::Next::done:
      VERIFY_EQ(filled_.offset(), segment_size_);
      return sync_zeros();
  }
}

void SegmentMaker::finish() {
  move_to(Step::idle);
  listener_.on_segment_ready(std::exchange(segment_, {}));
}

// The segment was never used, and is the last of the stream: a crash in between leaves it or takes it, both are right.
void SegmentMaker::give_up_or_fail(IoOp op, int32_t result, const char* operation) {
  const engine::ErrorPolicy policy = engine::error_policy(op, result);
  if (policy != engine::ErrorPolicy::no_space && policy != engine::ErrorPolicy::shortage) return fail(result, operation);
  if (step_ == Step::opening) return give_up();
  submit(Step::unlinking, {.op = IoOp::unlink, .path = path_.c_str()});
}

void SegmentMaker::give_up() {
  move_to(Step::idle);
  VERIFY(slot_ == engine::file_none);
  slot_ = segment_.file;  // still reserved when nothing was opened
  listener_.on_segment_given_up(std::exchange(segment_, {}).sequence);
}

void SegmentMaker::fail(int32_t result, const char* operation) {
  VERIFY_LT(result, 0);
  move_to(Step::failed);
  listener_.on_segment_failed(engine::errno_status(-result, std::string(operation) + ' ' + path_));
}

std::span<std::byte> SegmentMaker::zeros() {
  if (!zeros_) {
    zeros_ = zero_pool_.acquire();
    std::ranges::fill(zeros_.bytes(), std::byte{0});
  }
  return zeros_.bytes();
}

}  // namespace storage
