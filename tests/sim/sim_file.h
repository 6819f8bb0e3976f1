// The bytes of one simulated file, twice: what the medium holds, and the writes on top of it that only the page cache holds.
// Readers see both; after a power failure each of those writes has its own fate.
//
// One order holds always: where a write that is durable overlaps an earlier one that is not, the later one wins. Apart from
// that unsynced writes reach the medium in any order, in pieces, or never.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/prng.h"

namespace sim {

enum class Fate : uint8_t {
  seeded,
  kept,
  lost,
  torn,  // some of its sectors
};

// What a power failure does to what was not synced.
struct CrashPlan {
  Fate writes = Fate::seeded;
  std::optional<Fate> last_write;  // of the youngest unsynced write of all files, instead of `writes`
  Fate entries = Fate::seeded;     // creations, renames, removals in unsynced directories; torn is the same as seeded
};

// Bytes by position; what was never written is zero and takes no memory.
class SparseBytes {
 public:
  void write(uint64_t offset, std::span<const std::byte> source);
  // Beyond the end of what was written: zeros.
  void read(uint64_t offset, std::span<std::byte> target) const;
  void flip_bit(uint64_t offset, unsigned bit);

 private:
  using Page = std::array<std::byte, engine::block_size>;

  std::vector<std::unique_ptr<Page>> pages_;
};

// Ordinals of changes, growing over the whole disk.
using ChangeId = uint64_t;

class SimFile {
 public:
  uint64_t size() const { return size_; }
  // Returns the bytes read, fewer than asked at the end of the file.
  size_t read(uint64_t offset, std::span<std::byte> target) const;
  void write(ChangeId id, uint64_t offset, std::span<const std::byte> source);
  // The file covers [0, size_min) and what is new of it is zero.
  void extend(ChangeId id, uint64_t size_min);

  // fdatasync: changes with ids up to `last` are durable.
  void persist_until(ChangeId last);
  // RWF_DSYNC: this change is durable, and the file is long enough to read it.
  void persist_one(ChangeId id);
  // A failed fdatasync: the kernel reports it once, and takes what it could not write for clean.
  void fail_sync(ChangeId last, engine::Prng& prng);

  bool pending() const { return !changes_.empty(); }
  // A sync would still write something.
  bool is_dirty() const;
  // Nothing that happens can make these bytes read differently, but another write.
  bool is_durable(uint64_t offset, uint64_t size) const;
  uint64_t durable_size() const { return durable_size_; }
  size_t read_durable(uint64_t offset, std::span<std::byte> target) const;
  // Rot: the medium changes by itself.
  void flip_durable_bit(uint64_t offset, unsigned bit) { durable_.flip_bit(offset, bit); }

  // `youngest` is the last change of the whole disk that is not durable.
  void crash(const CrashPlan& plan, uint64_t tear_size, std::optional<ChangeId> youngest, engine::Prng& prng);
  std::optional<ChangeId> youngest_write() const;

 private:
  struct Change {
    ChangeId id = 0;
    uint64_t offset = 0;
    std::vector<std::byte> bytes;  // empty: the size only
    uint64_t end = 0;              // the file is at least this long with it
    bool forgotten = false;        // no sync writes it any more, and no power failure keeps it

    uint64_t bytes_end() const { return offset + bytes.size(); }
    bool overlaps(uint64_t first, uint64_t last) const { return !bytes.empty() && offset < last && first < bytes_end(); }
  };

  void apply(const Change& change);
  void apply_torn(const Change& change, uint64_t tear_size, engine::Prng& prng);
  template <typename Predicate>
  void persist_if(Predicate wanted);
  static void cut(std::vector<Change>& changes, uint64_t first, uint64_t last);

  SparseBytes durable_;
  uint64_t durable_size_ = 0;
  uint64_t size_ = 0;
  std::vector<Change> changes_;  // not durable, in the order in which they happened
};

}  // namespace sim
