// Makes one segment file at a time ready for use, or gives a used one its next name:
//
//   make     idle -> opening -> allocating -> filling -> syncing -> syncing_directory -> idle, ready
//   rename   idle -> renaming --------------------------------------> syncing_directory -> idle, ready
//
// Where space, descriptors or memory are short, what has been made is given back (unlinking -> closing) and the job is given
// up; the maker is idle then, and may be asked again. Every other error is final (engine/io/error_policy.h): failed.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "engine/base/status.h"
#include "engine/io/buffer_pool.h"
#include "engine/io/write_progress.h"
#include "engine/reactor/reactor.h"
#include "storage/schema/ids.h"

namespace storage {

struct WalSegment {
  uint64_t sequence = 0;
  engine::FileId file = engine::file_none;
};

// Called in a turn of their own. The next job may be begun right there.
class SegmentMakerListener {
 public:
  virtual void on_segment_ready(const WalSegment& segment) = 0;
  virtual void on_segment_given_up(uint64_t sequence) = 0;  // nothing is left of it
  virtual void on_segment_failed(const absl::Status& status) = 0;

 protected:
  ~SegmentMakerListener() = default;
};

class SegmentMaker {
 public:
  SegmentMaker(engine::Reactor& reactor, StreamId stream, uint64_t segment_size, SegmentMakerListener& listener);

  // Open, that of the stream. Before make and rename.
  void set_directory(engine::FileId directory) { directory_ = directory; }

  bool is_idle() const { return step_ == Step::idle; }

  // Need is_idle().
  void make(uint64_t sequence);
  void rename(const WalSegment& used, uint64_t sequence);

  // Start-up, blocking: as make, but for the directory, whose sync is left to the caller.
  absl::StatusOr<WalSegment> make_blocking(uint64_t sequence);

  // No segment is to be made soon: gives back the memory of the zeros.
  void rest() { zeros_.reset(); }

 private:
  enum class Step : uint8_t {
    idle,
    opening,
    allocating,
    filling,
    syncing,
    renaming,
    syncing_directory,
    unlinking,  // what could not be made
    closing,
    failed,
  };

  bool may_move_to(Step next) const;
  void move_to(Step next);
  void submit(Step step, engine::IoRequest request);
  void fill();
  void sync_zeros();
  void sync_directory();
  void on_step(const engine::IoResult& result);
  void on_opened(int32_t result);
  void on_allocated(int32_t result);
  void on_filled(int32_t result);
  void finish();
  void give_up_or_fail(engine::IoOp op, int32_t result, const char* operation);
  void give_up();
  void fail(int32_t result, const char* operation);
  std::span<std::byte> zeros();

  engine::Reactor& reactor_;
  const StreamId stream_;
  const uint64_t segment_size_;
  SegmentMakerListener& listener_;
  engine::FileId directory_ = engine::file_none;
  Step step_ = Step::idle;
  WalSegment segment_;                       // of the job, with its final sequence
  engine::FileId slot_ = engine::file_none;  // reserved for a segment that could not be opened
  std::string path_;                         // of the segment, its final one
  std::string path_used_;                    // what a used segment was called
  engine::WriteProgress filled_;             // with zeros
  engine::BufferPool zero_pool_;
  engine::PooledBuffer zeros_;
  engine::MemberCompletion<&SegmentMaker::on_step> step_done_{*this};
};

}  // namespace storage
