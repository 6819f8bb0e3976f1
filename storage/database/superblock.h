// The root of a data directory: DATA/millrace says "this is one", DATA/superblock says which one and how often it was started.
//
// superblock := | copy | copy | copy | copy |          blocks of 4 KiB, little-endian
// copy       := | SuperblockCopy | zeros |             valid: magic, slot and checksum are right. The newest valid copy counts.
//
// Every start writes epoch + 1: copies 0 and 1, a sync, copies 2 and 3, a sync. So two whole copies of one epoch are on disk at
// every moment, and no write of an older start can be taken for one of this start.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/status.h"
#include "engine/io/backend.h"

namespace storage {

inline constexpr std::string_view marker_name = "millrace";
inline constexpr std::string_view superblock_name = "superblock";
inline constexpr std::string_view lock_name = "lock";  // may be there before anything else
inline constexpr uint32_t superblock_copy_count = 4;

using DatabaseId = std::array<std::byte, 16>;

struct SuperblockCopy {
  uint64_t magic;
  uint32_t format;
  uint32_t epoch;  // starts so far
  uint64_t features_may_ignore;
  uint64_t features_must_know;  // a release that does not know all of these refuses the directory
  DatabaseId database;          // random, given once
  uint64_t wal_salt;            // random, given once; goes into every checksum of the write-ahead log
  uint32_t slot;                // 0..3
  uint32_t crc;                 // CRC-32C of the fields before
};
static_assert(sizeof(SuperblockCopy) == 64);
static_assert(offsetof(SuperblockCopy, crc) == 60);

inline constexpr uint64_t superblock_magic = 0x3142505553524c4dU;  // "MLRSUPB1"
inline constexpr uint32_t superblock_format = 1;
inline constexpr uint64_t superblock_features_known = 0;

// Which database this is, and which start of it.
struct Database {
  DatabaseId id{};
  uint64_t wal_salt = 0;
  uint32_t epoch = 0;
};

struct Superblock {
  Database database;
  bool created = false;       // the directory was empty before
  uint32_t copies_valid = 0;  // as found; below 3 of 4 the operator should hear of it
};

// What may be in a directory that is not a database yet: what file systems put there, what operators keep beside their data
// (configuration, logs, ready files), and what a start that was cut off while it created one left behind.
bool may_become_ours(std::string_view name);

// Opens the data directory of `backend` for writing, or makes one of an empty directory. The new epoch is durable when it
// returns. Blocking. Errors:
// failed-precondition: neither empty nor ours (an unmounted disk, a wrong path), or written by a newer release;
// data-loss: it is ours, but no copy of the superblock is valid.
absl::StatusOr<Superblock> open_or_create_superblock(engine::IoBackend& backend);

// The database as the last start left it, without changing anything, for tools and readers. not-found when there is none.
absl::StatusOr<Superblock> read_superblock(engine::IoBackend& backend);

}  // namespace storage
