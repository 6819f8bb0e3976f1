#include "storage/database/superblock.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "engine/io/blocking.h"
#include "engine/io/buffer_pool.h"

namespace storage {

using engine::block_size;

namespace {

constexpr size_t superblock_size = superblock_copy_count * block_size;
constexpr std::string_view marker_text =
    "This directory belongs to a Millrace database. Do not change or remove anything in it.\n";

uint32_t crc_of(const SuperblockCopy& copy) {
  return engine::crc32c(std::as_bytes(std::span(&copy, 1)).first(offsetof(SuperblockCopy, crc)));
}

void encode_copies(const Database& database, std::span<std::byte> bytes) {
  VERIFY_EQ(bytes.size(), superblock_size);
  std::ranges::fill(bytes, std::byte{0});
  for (uint32_t slot = 0; slot < superblock_copy_count; ++slot) {
    SuperblockCopy copy{.magic = superblock_magic,
                        .format = superblock_format,
                        .epoch = database.epoch,
                        .features_may_ignore = 0,
                        .features_must_know = 0,
                        .database = database.id,
                        .wal_salt = database.wal_salt,
                        .slot = slot,
                        .crc = 0};
    copy.crc = crc_of(copy);
    engine::store(bytes.data() + slot * block_size, copy);
  }
}

absl::Status check_format(const SuperblockCopy& copy) {
  const uint64_t unknown = copy.features_must_know & ~superblock_features_known;
  if (copy.format == superblock_format && unknown == 0) return absl::OkStatus();
  return engine::failed_precondition("superblock: written by a newer release: format " + std::to_string(copy.format) +
                                     " (this release knows " + std::to_string(superblock_format) + "), unknown features " +
                                     std::to_string(unknown));
}

absl::StatusOr<Superblock> decode_copies(std::span<const std::byte> bytes) {
  std::optional<SuperblockCopy> newest;
  uint32_t valid = 0;
  for (uint32_t slot = 0; slot < superblock_copy_count && (slot + 1) * block_size <= bytes.size(); ++slot) {
    const auto copy = engine::load<SuperblockCopy>(bytes.data() + slot * block_size);
    if (copy.magic != superblock_magic || copy.crc != crc_of(copy) || copy.slot != slot) continue;
    ++valid;
    if (!newest || copy.epoch > newest->epoch) newest = copy;
  }
  if (!newest) {
    return engine::data_loss("superblock: none of its 4 copies is valid; restore the file from a backup, nothing was changed");
  }
  RETURN_IF_ERROR(check_format(*newest));
  if (newest->epoch == UINT32_MAX) return engine::resource_exhausted("superblock: no epoch is left");
  return Superblock{.database = {.id = newest->database, .wal_salt = newest->wal_salt, .epoch = newest->epoch},
                    .copies_valid = valid};
}

absl::StatusOr<Superblock> read_copies(engine::IoBackend& backend) {
  const std::string path(superblock_name);
  ASSIGN_OR_RETURN(engine::BlockingFile file, engine::BlockingFile::open(backend, path, engine::OpenMode::read));
  std::vector<std::byte> bytes(superblock_size);
  ASSIGN_OR_RETURN(const size_t size, file.read(0, bytes));
  return decode_copies(std::span(bytes).first(size));
}

bool contains(std::span<const engine::DirectoryEntry> entries, std::string_view name) {
  return std::ranges::any_of(entries, [name](const engine::DirectoryEntry& entry) { return entry.name == name; });
}

absl::Status create(engine::IoBackend& backend, std::span<const engine::DirectoryEntry> entries) {
  for (const engine::DirectoryEntry& entry : entries) {
    if (may_become_ours(entry.name)) continue;
    return engine::failed_precondition("the data directory is neither empty nor a Millrace database (it holds \"" + entry.name +
                                       "\" but no file \"" + std::string(marker_name) +
                                       "\"): is the disk mounted, is the path right?");
  }
  Database database;
  for (size_t i = 0; i < database.id.size(); i += sizeof(uint64_t)) engine::store(database.id.data() + i, backend.random());
  database.wal_salt = backend.random();
  std::vector<std::byte> bytes(superblock_size);
  encode_copies(database, bytes);
  // The marker comes last: where it is, a superblock is.
  RETURN_IF_ERROR(engine::replace_file(backend, std::string(superblock_name), bytes));
  return engine::replace_file(backend, std::string(marker_name), engine::as_bytes(marker_text));
}

// Two copies at a time, so that a torn write never touches all of them.
absl::Status write_copies(engine::IoBackend& backend, const Database& database) {
  VERIFY_GT(database.epoch, 0U);
  const std::string path(superblock_name);
  ASSIGN_OR_RETURN(engine::BlockingFile file, engine::BlockingFile::open(backend, path, engine::OpenMode::read_write_direct));
  engine::BufferPool pool({.buffer_count_max = 1, .buffer_size = superblock_size});
  const engine::PooledBuffer buffer = pool.acquire();
  encode_copies(database, buffer.bytes());
  constexpr size_t half = superblock_size / 2;
  for (const size_t offset : {size_t{0}, half}) {
    RETURN_IF_ERROR(file.write(offset, buffer.bytes().subspan(offset, half)));
    if (!engine::sabotaged("epoch_not_synced")) RETURN_IF_ERROR(file.sync_data());
  }
  return absl::OkStatus();
}

}  // namespace

bool may_become_ours(std::string_view name) {
  for (const std::string_view own : {marker_name, superblock_name}) {
    if (name == own || name == std::string(own) + ".tmp") return true;
  }
  for (const std::string_view ending : {".conf", ".json", ".log"}) {
    if (name.ends_with(ending)) return true;
  }
  return name == lock_name || name == "conf" || name == "lost+found";
}

absl::StatusOr<Superblock> open_or_create_superblock(engine::IoBackend& backend) {
  ASSIGN_OR_RETURN(const std::vector<engine::DirectoryEntry> entries, backend.list_directory("."));
  const bool created = !contains(entries, marker_name);
  if (created) RETURN_IF_ERROR(create(backend, entries));
  if (!created && !contains(entries, superblock_name)) {
    return engine::data_loss(
        "superblock: missing, although the directory is marked as a Millrace database; nothing was changed");
  }
  ASSIGN_OR_RETURN(Superblock superblock, read_copies(backend));
  ++superblock.database.epoch;
  superblock.created = created;
  RETURN_IF_ERROR(write_copies(backend, superblock.database));
  return superblock;
}

absl::StatusOr<Superblock> read_superblock(engine::IoBackend& backend) {
  ASSIGN_OR_RETURN(const std::vector<engine::DirectoryEntry> entries, backend.list_directory("."));
  if (!contains(entries, marker_name)) return engine::not_found("the directory is not a Millrace database");
  return read_copies(backend);
}

}  // namespace storage
