// A disk with a file system on it that keeps exactly what engine/io/backend.h promises, and nothing more, through a power
// failure:
//
//   bytes and size of a file     when a sync_data of it began after the write had completed, or the write was a write_dsync
//   an entry of a directory      when a sync_data of the directory began after the create, rename, unlink, mkdir or rmdir had
//                                completed; a rename between two directories is durable as a whole with either of them
//
// Everything else is lost, kept or (writes) torn as the seed says, entries in a prefix of their directory, of the whole disk,
// or in no order, but never so that a name leads to a file that was not created or into a directory that does not exist.
//
// Calls take effect at once; when they come, and in which order, is the business of SimBackend. Results are counts or -errno.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/io/backend.h"
#include "tests/sim/sim_file.h"
#include "tests/sim/sim_options.h"

namespace sim {

class SimWorld;

// A file or a directory; it lives as long as an entry, an open handle or an entry change that is not durable refers to it.
struct Inode {
  uint64_t number = 0;  // in order of creation
  std::string made_as;  // the path under which it was made
  bool is_directory = false;
  SimFile file;
  std::map<std::string, std::shared_ptr<Inode>> entries;
  std::map<std::string, std::shared_ptr<Inode>> entries_durable;
};
using InodeRef = std::shared_ptr<Inode>;

struct FileHandle {
  InodeRef inode;
  engine::OpenMode mode{};
};

// Fails one operation, or all from it on.
struct FailPoint {
  std::optional<engine::IoOp> op;  // empty: any
  uint64_t after = 0;              // this many succeed before
  int32_t error = 0;               // errno
  bool sticky = false;
};

// Sees what is about to be done to the disk, before it takes effect and before a fault makes it fail: for checkers that know
// what must be true at that moment.
class DiskWatcher {
 public:
  virtual void before_read(const FileHandle& file) = 0;
  virtual void before_write(const FileHandle& file, uint64_t offset, std::span<const std::byte> source) = 0;
  virtual void before_rename(std::string_view path, std::string_view path_target) = 0;
  virtual void before_unlink(std::string_view path) = 0;

 protected:
  ~DiskWatcher() = default;
};

class SimDisk {
 public:
  explicit SimDisk(SimWorld& world);

  int32_t open(std::string_view path, engine::OpenMode mode, FileHandle& handle);
  int32_t read(const FileHandle& handle, uint64_t offset, std::span<std::byte> target);
  int32_t write(const FileHandle& handle, uint64_t offset, std::span<const std::byte> source, ChangeId& change);
  // The second half of write_dsync.
  int32_t persist(const FileHandle& handle, ChangeId change);
  // `last`: last_change when the sync began.
  int32_t sync(const FileHandle& handle, ChangeId last);
  int32_t allocate(const FileHandle& handle, uint64_t offset, uint64_t size);
  int32_t rename(std::string_view path, std::string_view path_target);
  int32_t unlink(std::string_view path);
  int32_t mkdir(std::string_view path);
  int32_t rmdir(std::string_view path);
  int32_t list(std::string_view path, std::vector<engine::DirectoryEntry>& entries);

  // Power failure. All handles are closed before.
  void crash(const CrashPlan& plan);

  ChangeId last_change() const { return last_change_; }
  // Changes of the medium or the page cache so far: everything above but read, list, and open of an existing file.
  uint64_t effect_count() const { return effect_count_; }

  // Errors that the test asks for, beside the random ones of DiskFaults.
  void fail(const FailPoint& point) { fail_points_.push_back(point); }
  void clear_fail_points() { fail_points_.clear(); }
  // The medium changes by itself. False: there is no such durable byte.
  bool flip_bit(std::string_view path, uint64_t offset, unsigned bit);

  // What a power failure at this instant cannot take away; for checkers. The path counts too: it must be durable.
  bool is_durable(std::string_view path, uint64_t offset, uint64_t size) const;
  bool is_entry_durable(std::string_view path) const;
  // The file as it is on the medium under a durable path, or nothing. Unsynced writes may change it in a power failure.
  std::optional<std::vector<std::byte>> read_durable(std::string_view path) const;
  // As a running process reads it.
  std::optional<std::vector<std::byte>> read_current(std::string_view path) const;
  uint64_t used_size() const;
  // Files below a directory as a running process sees them, in order.
  std::vector<std::string> paths_below(std::string_view directory) const;
  // Names in a directory that are there now, or may be after a power failure.
  std::vector<std::string> names_possible(std::string_view directory) const;

  // Null: nobody watches.
  void set_watcher(DiskWatcher* watcher) { watcher_ = watcher; }

 private:
  struct EntryEdit {
    InodeRef directory;
    std::string name;
    InodeRef inode;  // null: no such entry any more

    bool same_entry(const EntryEdit& other) const { return directory == other.directory && name == other.name; }
  };
  struct EntryChange {
    ChangeId id = 0;
    std::vector<EntryEdit> edits;  // one, two for a rename
    InodeRef removed_directory;    // of an rmdir
    InodeRef made_directory;       // of a mkdir

    bool depends_on(const EntryChange& earlier) const;
    bool touches(const Inode& directory) const;
  };
  struct EntryPlace {
    InodeRef directory;
    std::string name;
  };
  enum class View : uint8_t { current, durable };

  InodeRef find(std::string_view path, View view) const;
  int32_t find_place(std::string_view path, EntryPlace& place) const;
  InodeRef make_inode(bool is_directory);
  void change_entries(EntryChange change);
  void apply(const EntryChange& change);
  void persist_entries(const Inode& directory, ChangeId last);
  void crash_entries(const CrashPlan& plan);
  void crash_files(const CrashPlan& plan);
  int32_t injected(engine::IoOp op, uint32_t rate, Fault fault);
  uint64_t room() const;  // bytes of free blocks
  bool has_room(const SimFile& file, uint64_t size_after) const;
  int32_t write_partly(const FileHandle& handle, uint64_t offset, std::span<const std::byte> source);
  void write_bytes(const InodeRef& inode, uint64_t offset, std::span<const std::byte> source);
  void effect();

  SimWorld& world_;
  uint64_t inode_next_ = 1;
  InodeRef root_;
  ChangeId last_change_ = 0;
  uint64_t effect_count_ = 0;
  std::vector<EntryChange> entry_changes_;                // not durable, in the order in which they happened
  std::map<uint64_t, std::weak_ptr<Inode>> dirty_files_;  // by number: those that may have changes which are not durable
  std::vector<FailPoint> fail_points_;
  DiskWatcher* watcher_ = nullptr;
};

}  // namespace sim
