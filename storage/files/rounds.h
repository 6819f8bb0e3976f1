// What the table writers of a shard share: open files, and a few rounds. A round is one writer's plan of file operations with
// the memory that it writes from; a step (apply, checkpoint) is a chain of them. So the memory and the I/O in flight of all
// tables of a shard are bounded, however many tables there are; writers that find no free round wait for one in order of
// asking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "engine/io/backend.h"
#include "engine/reactor/io_sequence.h"
#include "engine/reactor/reactor.h"
#include "storage/files/file_cache.h"

namespace storage {

struct RoundOptions {
  uint32_t rounds_max = 4;              // steps that run at the same time
  size_t round_size_max = 1024 * 1024;  // bytes written by a round; a multiple of block_size, at least 16 blocks
  uint32_t in_flight_max = 32;          // operations of a round
  uint32_t files_max = 1024;            // open column files; at least 4 a round
  // Files grow by reserving at least so much, at most so much ahead, and as much as they have in between. A file that never
  // gets a second block has no more than one: there is a file for each column of each run, however few rows it has.
  uint64_t extent_size_min = engine::block_size;
  uint64_t extent_size_max = 4 * 1024 * 1024;
};

// Stages of a round that writes or syncs table files.
enum class Stage : size_t {
  close,  // least recently used files, to make room
  make_tables_directory,
  make_table_directory,
  make_lane_directory,
  make_partition_directory,  // and that of the dictionaries
  make_run_directory,
  open,
  reserve,
  write,
  sync,
  close_directory,
};

// Stages of a round that replaces whole files.
enum class ReplaceStage : size_t { unlink, open, write, sync, close, rename, open_directory, sync_directory, close_directory };

class RoundListener {
 public:
  // The round is empty again: plan and run it once more, or give it back.
  virtual void on_round_done(const absl::Status& status) = 0;

 protected:
  ~RoundListener() = default;
};

class IoRound final : private engine::IoSequenceListener {
 public:
  IoRound(engine::Reactor& reactor, FileCache& files, const RoundOptions& options);

  // Memory for O_DIRECT writes, block-aligned, until the round is done; the size is rounded up to blocks. Once a round it may
  // be more than memory_left(), since a single text may be larger than a round.
  std::span<std::byte> take(size_t size);
  size_t memory_left() const { return memory_size_ - taken_; }

  // Files that the round may still use; a backend has file slots for three times RoundOptions::files_max.
  size_t files_left() const {
    VERIFY_LE(pinned_.size() + files_passing_, files_share_);
    return files_share_ - pinned_.size() - files_passing_;
  }

  // The slot of an open column file; see FileCache.
  engine::FileId pin(CachedFile& file, const char* path);

  // `text` stays where it is until the round is done.
  const char* keep(std::string text) { return kept_.emplace_back(std::move(text)).c_str(); }

  void add(Stage stage, const engine::IoRequest& request) {
    VERIFY(!replaces_);
    plan_.add(static_cast<size_t>(stage), request);
  }

  // Makes the entries of a directory durable in Stage::sync. Counts as a file.
  void sync_directory(const std::string& path);

  // Replaces or creates a file so that a crash leaves the old one or the new one, whole, and makes its name durable. Not in a
  // round with Stages. Counts as a file.
  void replace(const std::string& path, std::vector<std::byte> bytes);

  bool empty() const { return plan_.empty(); }
  void run(RoundListener& listener);

  const RoundOptions& options() const { return options_; }

 private:
  struct FreeAligned {
    void operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t{engine::block_size}); }
  };
  using AlignedMemory = std::unique_ptr<std::byte[], FreeAligned>;

  static AlignedMemory allocate(size_t size);
  void on_sequence_done(const absl::Status& status) override;

  engine::Reactor& reactor_;
  FileCache& files_;
  RoundOptions options_;
  engine::IoSequence plan_;
  size_t memory_size_;
  AlignedMemory memory_;
  size_t taken_ = 0;
  AlignedMemory oversize_;
  size_t files_share_;  // of this round
  std::vector<CachedFile*> pinned_;
  size_t files_passing_ = 0;  // opened and closed within the round
  bool replaces_ = false;     // the plan is made of ReplaceStages
  std::deque<std::string> kept_;
  std::deque<std::vector<std::byte>> kept_bytes_;
  RoundListener* listener_ = nullptr;
};

class RoundWaiter {
 public:
  virtual void on_round_free(IoRound& round) = 0;

 protected:
  ~RoundWaiter() = default;
};

class Rounds {
 public:
  explicit Rounds(engine::Reactor& reactor, const RoundOptions& options = {});
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;

  // Calls `waiter` with a round of its own: now, or when one is given back.
  void acquire(RoundWaiter& waiter);
  void give_back(IoRound& round);

  engine::Reactor& reactor() { return reactor_; }
  const FileCache& files() const { return files_; }

 private:
  engine::Reactor& reactor_;
  FileCache files_;
  std::vector<std::unique_ptr<IoRound>> rounds_;
  std::vector<IoRound*> free_;
  std::deque<RoundWaiter*> waiting_;
};

}  // namespace storage
