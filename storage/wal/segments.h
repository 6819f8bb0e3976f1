// The segment files of one stream: makes new ones, reuses old ones, and hands them to the writer in order of sequence.
//
// A segment is ready when writing into it changes no metadata, so that a group costs one flush of the disk: its space is
// allocated and filled with zeros that are synced (allocated space alone is "unwritten" until its first use, which is a change
// of metadata), and its name is durable. A segment that was used before has all that; it only gets a new name, and the new
// sequence in every checksum keeps its old content from being believed.
//
// Names change one at a time, oldest first, each durable before the next: a crash never leaves a hole in the sequences.
//
// A full disk is waited out, and what a segment that does not fit has taken is given back for the time: column files may need
// it. So is a process short of descriptors or memory. Every other error is final (engine/io/error_policy.h).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>

#include "engine/base/status.h"
#include "engine/io/buffer_pool.h"
#include "engine/io/write_progress.h"
#include "engine/reactor/reactor.h"
#include "engine/reactor/timers.h"
#include "storage/schema/ids.h"

namespace storage {

class WalSegmentsListener {
 public:
  virtual void on_segments_failed(const absl::Status& status) = 0;

 protected:
  ~WalSegmentsListener() = default;
};

class WalSegments {
 public:
  struct Options {
    uint64_t segment_size = 0;
    uint32_t ready_target = 0;  // segments made ahead, once the first is in use
    uint32_t segment_count_max = 0;
  };

  struct Segment {
    uint64_t sequence = 0;
    engine::FileId file;
  };

  // Makes the stream's directory and one ready segment. `reusable` are paths of segment files of that size which nobody needs
  // any more; they move into this stream instead of new ones. Blocking. Already-exists when the stream is there.
  static absl::StatusOr<std::unique_ptr<WalSegments>> open(engine::Reactor& reactor, StreamId stream, const Options& options,
                                                           std::span<const std::string> reusable);

  WalSegments(engine::Reactor& reactor, StreamId stream, const Options& options);

  // Before the first take.
  void set_listener(WalSegmentsListener* listener) { listener_ = listener; }

  // Ready and not yet taken: a place to try out how the disk writes.
  engine::FileId scratch() const { return ready_.front().file; }

  size_t ready_count() const { return ready_.size(); }
  size_t segment_count() const { return segment_count_; }  // all files of the stream
  bool idle() const { return step_ == Step::idle || step_ == Step::waiting_for_space; }
  // Or for descriptors: no further segment can be made now.
  bool waiting_for_space() const { return step_ == Step::waiting_for_space; }

  // The next sequence. Needs ready_count() > 0.
  Segment take();

  // Takes back what take gave, oldest first. The caller needs nothing in it any more.
  void recycle(Segment segment);

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
    waiting_for_space,
    failed,
  };

  absl::Status open_directory();
  absl::Status move_here(std::span<const std::string> reusable);
  absl::Status make_first();

  void start_job();
  void start_making();
  void start_renaming();
  void start_opening();
  void start_allocating();
  void start_filling();
  void on_step(const engine::IoResult& result);
  void on_opened(int32_t result);
  void on_allocated(int32_t result);
  void on_filled(int32_t result);
  void finish_job();
  void wait_for_space();
  void stop_waiting();
  void submit(Step step, engine::IoRequest request);
  void wait_or_fail(engine::IoOp op, int32_t result, const char* operation);
  void fail(int32_t result, const char* operation);
  void on_retry(engine::Instant now);
  std::span<std::byte> zeros();

  engine::Reactor& reactor_;
  StreamId stream_;
  Options options_;
  WalSegmentsListener* listener_ = nullptr;
  std::string directory_path_;
  engine::FileId directory_ = engine::file_none;
  uint64_t sequence_next_ = 1;  // to be given
  size_t segment_count_ = 0;
  bool in_use_ = false;        // take was called
  std::deque<Segment> ready_;  // in order of sequence
  std::deque<Segment> returned_;

  // The segment that is being made or renamed, one at a time.
  Step step_ = Step::idle;
  Segment job_;
  engine::FileId slot_ = engine::file_none;  // reserved for a segment that could not be made
  std::string path_;                         // of the job, its final one
  std::string path_source_;                  // what a returned segment was called
  engine::WriteProgress filled_;             // with zeros
  engine::BufferPool zero_pool_;
  engine::PooledBuffer zeros_;
  engine::MemberCompletion<&WalSegments::on_step> step_done_{*this};
  engine::MemberTimer<&WalSegments::on_retry> retry_;
};

}  // namespace storage
