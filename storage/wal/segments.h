// The segment files of one stream: makes new ones, reuses old ones, and hands them to the writer in order of sequence.
//
// A segment is ready when writing into it changes no metadata, so that a group costs one flush of the disk: its space is
// allocated and filled with zeros that are synced (allocated space alone is "unwritten" until its first use, which is a change
// of metadata), and its name is durable. A segment that was used before has all that; it only gets a new name, and the new
// sequence in every checksum keeps its old content from being believed.
//
// Names change one at a time, oldest first, each durable before the next: a crash never leaves a hole in the sequences. But at
// the opening, all at once: no frame is in the stream yet.
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
#include "engine/reactor/reactor.h"
#include "engine/reactor/timers.h"
#include "storage/schema/ids.h"
#include "storage/wal/segment_maker.h"

namespace storage {

class WalSegmentsListener {
 public:
  virtual void on_segments_failed(const absl::Status& status) = 0;

 protected:
  ~WalSegmentsListener() = default;
};

class WalSegments final : private SegmentMakerListener {
 public:
  struct Options {
    uint64_t segment_size = 0;
    uint32_t ready_target = 0;  // segments made ahead, once the first is in use
    uint32_t segment_count_max = 0;
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
  bool idle() const { return maker_.is_idle(); }
  // Or for descriptors: no further segment can be made now.
  bool waiting_for_space() const { return retry_.armed(); }

  // The next sequence. Needs ready_count() > 0.
  WalSegment take();

  // Takes back what take gave, oldest first. The caller needs nothing in it any more.
  void recycle(const WalSegment& segment);

 private:
  absl::Status open_directory();
  absl::Status move_here(std::span<const std::string> reusable);
  absl::Status make_first();
  void add_ready(const WalSegment& segment);
  void start_job();
  void on_segment_ready(const WalSegment& segment) override;
  void on_segment_given_up(uint64_t sequence) override;
  void on_segment_failed(const absl::Status& status) override;
  void on_retry(engine::Instant) { start_job(); }

  engine::Reactor& reactor_;
  StreamId stream_;
  Options options_;
  WalSegmentsListener* listener_ = nullptr;
  std::string directory_path_;
  uint64_t sequence_next_ = 1;                         // to be given
  uint64_t sequence_taken_ = 0;                        // the last one
  size_t segment_count_ = 0;                           // with the one that is being made
  std::deque<WalSegment> ready_;                       // in order of sequence
  std::deque<WalSegment> returned_;                    // likewise
  SegmentMaker maker_;                                 // of the next one
  engine::MemberTimer<&WalSegments::on_retry> retry_;  // armed while the disk is too full for a further one
};

}  // namespace storage
