// What must be true of a node's files at certain moments, whatever crashes then or not: looked at when the disk is about to
// change, in the state that a power failure could not take away. A crash at a random moment finds such a mistake only when it
// strikes between two steps; here it is found whenever the steps are done.
//
//   a segment is read,         a start believes nothing of it that a power failure could still take
//   or a lane's manifest
//   its first group is written  the segment is whole on the disk, its zeros and its name too: a group changes no metadata
//   it gets another name,      every frame in it is checkpointed; and when it is one of an earlier start, all manifests are
//   or is removed              durable that say so
//   a stream's marker goes     nothing else is left in the stream, nor can come back
//   a file is written          with O_DIRECT no write grows it: its space was reserved before
//   a manifest gets its name   all that it counts is durable, under durable names, and has the checksums that it says
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "storage/schema/ids.h"
#include "storage/table/manifest.h"
#include "tests/node/log_frames.h"
#include "tests/sim/sim_disk.h"

namespace sim {

// Told of the change of the disk that comes next.
class MomentListener {
 public:
  virtual void on_manifest_named() = 0;
  virtual void on_group_written(std::span<const std::byte> frames) = 0;

 protected:
  ~MomentListener() = default;
};

class DiskOracle final : private DiskWatcher {
 public:
  explicit DiskOracle(SimDisk& disk) : disk_(disk) { disk_.set_watcher(this); }
  DiskOracle(const DiskOracle&) = delete;
  DiskOracle& operator=(const DiskOracle&) = delete;
  ~DiskOracle() { disk_.set_watcher(nullptr); }

  // A start, which will believe what it reads; the segments of earlier ones will go. The listener lives as long.
  void begin_life(MomentListener& listener) {
    listener_ = &listener;
    old_log_checked_ = false;
  }
  void end_life() { listener_ = nullptr; }

  // What was wrong first, or empty.
  const std::string& problem() const { return problem_; }

  // The newest version of a table's schema that is durable: in its file, or in a frame of the stream up to `durable`.
  uint32_t schema_version(storage::TableId table, storage::StreamId stream, storage::Lsn durable) const;

  uint64_t frames_checked() const { return frames_checked_; }
  uint64_t manifests_checked() const { return manifests_checked_; }

 private:
  void before_read(const FileHandle& file) override;
  void before_write(const FileHandle& file, uint64_t offset, std::span<const std::byte> source) override;
  void before_rename(std::string_view path, std::string_view path_target) override;
  void before_unlink(std::string_view path) override;

  void fail(std::string problem);
  void check_first_group(const Inode& segment, std::span<const std::byte> group);
  void check_frames(std::string_view path, const SegmentName& name);
  void check_tables();
  void check_partition(std::string_view path, std::string_view path_target);
  void check_lane(std::string_view path);
  void check_file(const std::string& path, const storage::CommittedFile& committed);

  SimDisk& disk_;
  MomentListener* listener_ = nullptr;
  std::string problem_;
  bool old_log_checked_ = false;
  uint64_t frames_checked_ = 0;
  uint64_t manifests_checked_ = 0;
};

}  // namespace sim
