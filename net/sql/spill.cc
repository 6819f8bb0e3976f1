#include "net/sql/spill.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "engine/base/verify.h"
#include "engine/io/blocking.h"

namespace net {
namespace {

constexpr int path_size_max = 256;
constexpr int64_t julian_ms_of_1970 = 210'866'760'000'000;  // SQLite counts milliseconds from noon in 4714 BC

SpillFiles& owner_of(sqlite3_vfs* vfs) { return *static_cast<SpillFiles*>(vfs->pAppData); }

// One file, behind SQLite's pointer.
class SpillFile {
 public:
  explicit SpillFile(SpillFiles& owner) : owner_(owner), file_(owner.pool(), owner.next_path(), engine::OpenMode::read_write) {}

  int close() {
    owner_.remove_file(allocated_);
    const absl::Status removed = engine::remove_file(owner_.backend(), file_.path());
    return removed.ok() ? SQLITE_OK : SQLITE_IOERR_DELETE;
  }

  // What is beyond the end reads as zeros.
  int read(std::span<std::byte> buffer, uint64_t offset) {
    const auto here = static_cast<size_t>(std::min<uint64_t>(buffer.size(), size_ > offset ? size_ - offset : 0));
    if (here > 0) {
      const absl::StatusOr<size_t> count = file_.read(offset, buffer.first(here));
      if (!count.ok()) return fail(count.status(), SQLITE_IOERR_READ);
      if (*count != here) return fail(make_cut_short(offset, here, *count), SQLITE_IOERR_READ);
    }
    std::ranges::fill(buffer.subspan(here), std::byte{0});
    return here == buffer.size() ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }

  int write(std::span<const std::byte> bytes, uint64_t offset) {
    const uint64_t end = offset + bytes.size();
    if (end > allocated_ && !owner_.grow(end - allocated_)) return SQLITE_FULL;
    allocated_ = std::max(allocated_, end);
    if (absl::Status status = file_.write(offset, bytes); !status.ok()) return fail(std::move(status), SQLITE_IOERR_WRITE);
    size_ = std::max(size_, end);
    return SQLITE_OK;
  }

  void truncate(uint64_t size) { size_ = std::min(size_, size); }
  uint64_t size() const { return size_; }

 private:
  absl::Status make_cut_short(uint64_t offset, size_t expected, size_t found) const {
    return engine::data_loss(file_.path() + ": read at " + std::to_string(offset) + ": " + std::to_string(expected) +
                             " bytes were written there, found " + std::to_string(found));
  }

  int fail(absl::Status status, int code) {
    owner_.set_failure(std::move(status));
    return code;
  }

  SpillFiles& owner_;
  engine::PooledFile file_;
  uint64_t size_ = 0;
  uint64_t allocated_ = 0;  // the most that it had, and what it takes on disk until it is closed
};

struct SqliteFile : sqlite3_file {
  SpillFile* file;
};

SpillFile& file_of(sqlite3_file* file) { return *static_cast<SqliteFile*>(file)->file; }

int close_file(sqlite3_file* file) {
  const int code = file_of(file).close();
  delete &file_of(file);
  return code;
}

int read_file(sqlite3_file* file, void* target, int size, sqlite3_int64 offset) {
  return file_of(file).read({static_cast<std::byte*>(target), static_cast<size_t>(size)}, static_cast<uint64_t>(offset));
}

int write_file(sqlite3_file* file, const void* source, int size, sqlite3_int64 offset) {
  const std::span<const std::byte> bytes(static_cast<const std::byte*>(source), static_cast<size_t>(size));
  return file_of(file).write(bytes, static_cast<uint64_t>(offset));
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  file_of(file).truncate(static_cast<uint64_t>(size));
  return SQLITE_OK;
}

int tell_size(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(file_of(file).size());
  return SQLITE_OK;
}

// Nobody else opens these files, and they end with the query: there is nothing to lock and nothing to sync.
constexpr sqlite3_io_methods file_methods{
    .iVersion = 1,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = [](sqlite3_file*, int) { return SQLITE_OK; },
    .xFileSize = tell_size,
    .xLock = [](sqlite3_file*, int) { return SQLITE_OK; },
    .xUnlock = [](sqlite3_file*, int) { return SQLITE_OK; },
    .xCheckReservedLock =
        [](sqlite3_file*, int* is_locked) {
          *is_locked = 0;
          return SQLITE_OK;
        },
    .xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; },
    .xSectorSize = [](sqlite3_file*) { return static_cast<int>(engine::block_size); },
    .xDeviceCharacteristics = [](sqlite3_file*) { return 0; },
};

// Only files without a name: SQLite's own, that go with it.
int open_file(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* target, int flags, int* flags_out) {
  target->pMethods = nullptr;
  if (name != nullptr) return SQLITE_CANTOPEN;
  SpillFiles& owner = owner_of(vfs);
  absl::Status made = engine::make_directory(owner.backend(), spill_directory);
  if (!made.ok()) {
    owner.set_failure(std::move(made));
    return SQLITE_CANTOPEN;
  }
  if (!owner.add_file()) return SQLITE_CANTOPEN;
  auto* file = static_cast<SqliteFile*>(target);
  file->file = new SpillFile(owner);
  file->pMethods = &file_methods;
  if (flags_out != nullptr) *flags_out = flags;
  return SQLITE_OK;
}

int give_random(sqlite3_vfs* vfs, int size, char* target) {
  for (int done = 0; done < size;) {
    const uint64_t word = owner_of(vfs).backend().random();
    const int count = std::min<int>(size - done, sizeof(word));
    std::memcpy(target + done, &word, static_cast<size_t>(count));
    done += count;
  }
  return size;
}

int tell_time_ms(sqlite3_vfs* vfs, sqlite3_int64* time) {
  *time = owner_of(vfs).backend().wall_now().ns / 1'000'000 + julian_ms_of_1970;
  return SQLITE_OK;
}

int tell_days(sqlite3_vfs* vfs, double* days) {
  constexpr double ms_per_day = 86'400'000.0;
  sqlite3_int64 time = 0;
  const int code = tell_time_ms(vfs, &time);
  *days = static_cast<double>(time) / ms_per_day;
  return code;
}

int copy_path(sqlite3_vfs*, const char* path, int size, char* target) {
  sqlite3_snprintf(size, target, "%s", path);
  return SQLITE_OK;
}

int tell_access(sqlite3_vfs*, const char*, int, int* is_there) {
  *is_there = 0;
  return SQLITE_OK;
}

}  // namespace

SpillFiles::SpillFiles(engine::FilePool& pool, const SpillBounds& bounds)
    : pool_(pool), bounds_(bounds), name_("spill-" + std::to_string(pool.backend().random())) {
  vfs_.iVersion = 2;
  vfs_.szOsFile = sizeof(SqliteFile);
  vfs_.mxPathname = path_size_max;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = open_file;
  vfs_.xDelete = [](sqlite3_vfs*, const char*, int) { return SQLITE_OK; };
  vfs_.xAccess = tell_access;
  vfs_.xFullPathname = copy_path;
  vfs_.xRandomness = give_random;
  vfs_.xSleep = [](sqlite3_vfs*, int) { return 0; };
  vfs_.xCurrentTime = tell_days;
  vfs_.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
  vfs_.xCurrentTimeInt64 = tell_time_ms;
  const int code = sqlite3_vfs_register(&vfs_, 0);
  VERIFY_EQ(code, SQLITE_OK);
}

SpillFiles::~SpillFiles() { sqlite3_vfs_unregister(&vfs_); }

std::string SpillFiles::next_path() { return std::string(spill_directory) + "/" + name_ + "-" + std::to_string(files_made_++); }

bool SpillFiles::add_file() {
  if (files_ == bounds_.files_max) {
    failure_ = engine::resource_exhausted("the query needs more files than the " + std::to_string(bounds_.files_max) +
                                          " that queries of one reader may have to sort and keep rows in: ask for less at a "
                                          "time");
    return false;
  }
  ++files_;
  return true;
}

bool SpillFiles::grow(uint64_t size) {
  if (size > bounds_.size_max - size_) {
    failure_ = engine::resource_exhausted("the query needs more disk than the " + std::to_string(bounds_.size_max >> 20U) +
                                          " MiB that queries of one reader may take to sort and keep rows: ask for fewer rows "
                                          "or columns, or for a shorter time");
    return false;
  }
  size_ += size;
  size_seen_ = std::max(size_seen_, size_);
  return true;
}

void SpillFiles::remove_file(uint64_t size) {
  VERIFY_LE(size, size_);
  VERIFY_GT(files_, 0U);
  size_ -= size;
  --files_;
}

absl::Status SpillFiles::remove_left(engine::IoBackend& backend) {
  absl::StatusOr<std::vector<engine::DirectoryEntry>> entries = backend.list_directory(spill_directory);
  if (absl::IsNotFound(entries.status())) return absl::OkStatus();
  if (!entries.ok()) return entries.status();
  for (const engine::DirectoryEntry& entry : *entries) {
    if (entry.is_directory) continue;
    RETURN_IF_ERROR(engine::remove_file(backend, std::string(spill_directory) + "/" + entry.name));
  }
  return absl::OkStatus();
}

}  // namespace net
