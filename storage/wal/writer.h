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
#include "engine/reactor/reactor.h"
#include "storage/database/superblock.h"
#include "storage/wal/format.h"
#include "storage/wal/frame_bytes.h"
#include "storage/wal/frame_read.h"
#include "storage/wal/group.h"
#include "storage/wal/group_write.h"
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

// The largest WalFrame::stored_size that append takes. Owners reject larger ones before they build a frame.
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

class WalWriter final : private WalSegmentsListener, private WalGroupListener {
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
  // now fits later, unless it is larger than frame_size_max. Of all that the log may have a reserve is kept for frames that
  // let others go: a quarter of a segment, or what is set.
  enum class Use : uint8_t { rows, letting_go };
  bool has_room(uint64_t stored_size, Use use = Use::rows) const;

  // So many of them will come, each perhaps in a group of its own.
  void set_reserve(size_t frames) { frames_reserved_ = frames; }
  // It is so many of them that a frame with rows finds no room, and not that the log is full.
  bool is_reserved(uint64_t stored_size) const { return reserved_size() > reserve_min() && takes_reserve(stored_size); }

  // Copies the frame into the group being filled. Needs has_room(frame.stored_size()).
  Lsn append(const WalFrame& frame);
  // Of the frame that was appended last.
  const WalFramePlace& last_place() const { return last_place_; }

  // At the end of every turn, and when has_room says no.
  void flush();

  // Nobody needs the frames up to `lsn` any more: what they hold is in checkpointed tables. Whole segments below are used
  // again.
  void release(Lsn lsn);

  // Whether that would let a segment go.
  bool frees_segments(Lsn lsn) const { return held_.size() > 1 && held_.front().last <= lsn; }

  // Reads frames of one segment back that are durable and not released: as many of the first places as
  // WalFrameRead::count_of() says.
  void read(WalFrameRead& read, std::span<const WalFramePlace> places) const;

  Lsn last() const { return position_.last; }  // appended
  Lsn durable() const { return durable_; }     // last durable one
  StreamId stream() const { return origin_.stream; }
  SyncMethod sync_method() const { return write_.sync_method(); }

  // No request is in flight and no frame waits.
  bool idle() const { return !write_.is_running() && filling_.empty() && segments_->idle(); }
  bool failed() const { return failed_; }
  // The disk is too full for a further segment.
  bool waiting_for_space() const { return segments_->waiting_for_space(); }

  // Bytes of segments that hold frames which are not released. A checkpoint must come before this reaches size_max.
  uint64_t held_size() const { return held_.size() * options_.segment_size; }
  uint64_t group_count() const { return counts_.groups; }      // written and durable
  uint64_t roll_count() const { return counts_.rolls; }        // segments begun behind another one
  uint64_t recycle_count() const { return counts_.recycles; }  // segments released

 private:
  struct Held {
    WalSegment segment;
    Lsn first;
    Lsn last;  // of a segment that is full; the last one grows
  };

  // Memory of groups: of the one that fills, and of the one that is written; and of one with a frame above group_size_max.
  struct Memory {
    engine::BufferPool usual;
    std::optional<engine::BufferPool> large;
  };

  struct Counts {
    uint64_t groups = 0;
    uint64_t rolls = 0;
    uint64_t recycles = 0;
  };

  void on_segments_failed(const absl::Status& status) override { fail(status); }
  void on_group_durable(Lsn last, size_t size) override;
  void on_group_failed(const absl::Status& status) override { fail(status); }

  uint64_t reserve_min() const { return options_.segment_size / 4; }
  uint64_t reserved_size() const;
  bool takes_reserve(uint64_t stored_size) const;
  WalGroupPlan plan_group(uint64_t stored_size) const;
  void begin_group(const WalGroupPlan& plan);
  void take_segment();
  void report_durable(Lsn lsn);
  void fail(const absl::Status& status);

  WalOptions options_;
  size_t frames_reserved_ = 0;
  const WalOrigin origin_;
  std::unique_ptr<WalSegments> segments_;
  WalListener* listener_ = nullptr;
  bool failed_ = false;
  Memory memory_;
  WalGroup filling_;
  WalGroupWrite write_;
  std::deque<Held> held_;  // oldest first; groups go into the last one
  WalPosition position_;   // behind the last frame; of the next group, when none is filling
  WalFramePlace last_place_;
  Lsn durable_;
  Counts counts_;
};

}  // namespace storage
