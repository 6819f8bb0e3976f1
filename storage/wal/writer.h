// Appends frames to one stream and says when they are durable. Belongs to the thread of its shard.
//
// Frames gather in a group; flush, at the end of the turn, writes the group when no other is being written. So the busier the
// disk, the larger the groups (group commit by natural batching), and groups never overtake each other:
//
//   filling -> writing -> (syncing) -> durable, told to the listener
//
// Only the exact byte count of the write, and after it the success of the sync, make a group durable: never the order in which
// requests were submitted. A short write goes on as all our writes do (engine/io/write_progress.h); any other error ends the
// stream: the listener hears of it once, nothing is durable any more, nothing is retried, because nobody
// knows what a disk holds after a failed sync. The next start finds out.
//
// Memory: two group buffers of group_size_max, and one of the frame's size while a larger frame is on its way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "engine/base/status.h"
#include "engine/io/buffer_pool.h"
#include "engine/io/write_progress.h"
#include "engine/reactor/reactor.h"
#include "storage/database/superblock.h"
#include "storage/wal/format.h"
#include "storage/wal/segments.h"
#include "storage/wal/sync.h"

namespace storage {

struct WalOptions {
  uint64_t segment_size = 64 * 1024 * 1024;
  uint64_t size_max = 1024 * 1024 * 1024;  // all segments of the stream; at least two
  size_t group_size_max = 1024 * 1024;     // a larger frame has a group of its own
  uint32_t segments_ready = 3;             // made ahead of use
  SyncMethod sync_method = SyncMethod::automatic;
};

// The largest WalFrame::stored_size that append takes. Owners refuse larger ones before they build a frame.
constexpr uint64_t frame_size_max(uint64_t segment_size) { return segment_size - wal_groups_offset - sizeof(WalTrailer); }

// Called from completions, and not inside append, flush or release. A listener may call all three.
class WalListener {
 public:
  // Every frame up to `lsn` is durable.
  virtual void on_durable(Lsn lsn) = 0;

  // The stream has ended; `status` names operation, file and offset. Nothing behind durable() will ever be durable. Once.
  virtual void on_failed(const absl::Status& status) = 0;

 protected:
  ~WalListener() = default;
};

class WalWriter final : private WalSegmentsListener {
 public:
  // Begins the stream of `shard` in this start of the database: directory, first segment, choice of the sync method. Blocking.
  // `reusable`: segment files of released streams (streams.h), with the same segment_size; they become part of the stream.
  static absl::StatusOr<std::unique_ptr<WalWriter>> open(engine::Reactor& reactor, const WalOptions& options,
                                                         const Database& database, engine::ShardId shard,
                                                         std::span<const std::string> reusable = {});

  WalWriter(engine::Reactor& reactor, const WalOptions& options, const Database& database, engine::ShardId shard,
            std::unique_ptr<WalSegments> segments, SyncMethod sync_method);
  WalWriter(const WalWriter&) = delete;
  WalWriter& operator=(const WalWriter&) = delete;

  // Before the first append. The listener outlives the writer.
  void set_listener(WalListener* listener) { listener_ = listener; }

  // False: the group is full, or the disk or the checkpoint is behind; flush and try again next turn. A frame that does not fit
  // now fits later, unless it is larger than frame_size_max.
  bool has_room(uint64_t stored_size) const;

  // Copies the frame into the group being filled. Needs has_room(frame.stored_size()).
  Lsn append(const WalFrame& frame);

  // At the end of every turn, and when has_room says no.
  void flush();

  // Nobody needs the frames up to `lsn` any more: what they hold is in checkpointed tables. Whole segments below are used
  // again.
  void release(Lsn lsn);

  Lsn last() const { return last_; }        // appended
  Lsn durable() const { return durable_; }  // last durable one
  StreamId stream() const { return stream_; }
  SyncMethod sync_method() const { return sync_method_; }

  // No request is in flight and no frame waits.
  bool idle() const { return state_ != State::writing && state_ != State::syncing && filling_.size == 0 && segments_->idle(); }
  bool failed() const { return state_ == State::failed; }
  // The disk is too full for a further segment.
  bool waiting_for_space() const { return segments_->waiting_for_space(); }

  // Bytes of segments that hold frames which are not released. A checkpoint must come before this reaches size_max.
  uint64_t held_size() const { return held_.size() * options_.segment_size; }
  uint64_t group_count() const { return group_count_; }      // written and durable
  uint64_t written_size() const { return written_size_; }    // bytes of those groups
  uint64_t roll_count() const { return roll_count_; }        // segments begun behind another one
  uint64_t recycle_count() const { return recycle_count_; }  // segments released

 private:
  enum class State : uint8_t { idle, writing, syncing, failed };

  struct Held {
    WalSegments::Segment segment;
    Lsn first;
    Lsn last;  // of a segment that is full; the last one grows
  };

  // Frames that one write takes to disk, in memory that has room for a segment header before them.
  struct Group {
    engine::PooledBuffer buffer;
    WalSegments::Segment segment;
    uint64_t offset = 0;         // in the segment
    size_t size = 0;             // of the frames so far; once sealed, of all blocks
    size_t capacity = 0;         // size_max of all blocks
    bool opens_segment = false;  // the segment header is written with it
    uint32_t previous_crc = 0;   // of the frame before the first
    Lsn first;
    Lsn last;

    std::byte* frames() const { return buffer.bytes().data() + wal_groups_offset; }
    // What is written, and where.
    std::span<std::byte> bytes() const;
    uint64_t bytes_offset() const { return opens_segment ? 0 : offset; }
  };

  void on_segments_failed(const absl::Status& status) override { fail(status); }
  uint64_t size_left() const;
  void begin_group(uint64_t stored_size);
  void take_segment();
  void seal(Group& group);
  void write_segment_header(const Group& group);
  void submit_write();
  void on_written(const engine::IoResult& result);
  void on_synced(const engine::IoResult& result);
  void finish_group();
  void report_durable(Lsn lsn);
  void fail_group(int32_t result, const char* operation);
  void fail(const absl::Status& status);
  WalPlace place(const Group& group, uint64_t offset) const;

  engine::Reactor& reactor_;
  WalOptions options_;
  Database database_;
  engine::ShardId shard_;
  StreamId stream_;
  SyncMethod sync_method_;
  std::unique_ptr<WalSegments> segments_;
  WalListener* listener_ = nullptr;

  State state_ = State::idle;
  engine::BufferPool buffers_;
  std::optional<engine::BufferPool> large_buffer_;  // of the one group with a frame above group_size_max
  Group filling_;
  Group writing_;
  engine::WriteProgress progress_;  // of writing_
  std::deque<Held> held_;           // oldest first; groups go into the last one
  uint64_t group_offset_ = 0;       // in the last held segment, where the next group begins
  uint32_t previous_crc_ = 0;
  Lsn last_;
  Lsn durable_;
  uint64_t group_count_ = 0;
  uint64_t written_size_ = 0;
  uint64_t roll_count_ = 0;
  uint64_t recycle_count_ = 0;
  engine::MemberCompletion<&WalWriter::on_written> write_done_{*this};
  engine::MemberCompletion<&WalWriter::on_synced> sync_done_{*this};
};

}  // namespace storage
