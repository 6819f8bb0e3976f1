// That what the code above calls durable is asked of the kernel as that, and reaches the disk: seen from outside of the
// backend, in the memory that it shares with the kernel and in what the disk counts. Reading files back would see neither, for
// the page cache has what was written, durable or not.
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/io/blocking.h"
#include "engine/io/buffer_pool.h"
#include "engine/uring/backend.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"

namespace engine {
namespace {

constexpr uint32_t submission_count = 64;

std::set<int> open_rings() {
  std::set<int> rings;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    if (std::filesystem::read_symlink(entry, error) == "anon_inode:[io_uring]")
      rings.insert(std::stoi(entry.path().filename()));
  }
  return rings;
}

// A backend, and its submission queue mapped a second time: the entries stay in it as they were handed over, until others take
// their places.
class WatchedBackend {
 public:
  WatchedBackend() {
    const std::set<int> before = open_rings();
    auto created = UringBackend::create({.data_directory = directory_.path(), .submission_count_max = submission_count});
    REQUIRE(created.ok());
    backend_ = *std::move(created);
    for (const int ring : open_rings()) {
      if (!before.contains(ring)) ring_ = ring;
    }
    REQUIRE(ring_ >= 0);
    memory_ = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, ring_, static_cast<off_t>(IORING_OFF_SQES));
    REQUIRE(memory_ != MAP_FAILED);
  }
  ~WatchedBackend() {
    if (memory_ != MAP_FAILED) ::munmap(memory_, size);
  }
  WatchedBackend(const WatchedBackend&) = delete;
  WatchedBackend& operator=(const WatchedBackend&) = delete;

  UringBackend& backend() { return *backend_; }
  const std::filesystem::path& directory() const { return directory_.path(); }

  // The entries of the queue that ask for `opcode` with this file.
  std::vector<io_uring_sqe> asked(uint8_t opcode, const std::string& path) const {
    const std::filesystem::path wanted = path == "." ? directory() : directory() / path;
    std::vector<io_uring_sqe> found;
    for (const io_uring_sqe& entry : std::span(static_cast<const io_uring_sqe*>(memory_), submission_count)) {
      if (entry.opcode == opcode && path_of(entry.fd) == wanted) found.push_back(entry);
    }
    return found;
  }

 private:
  static constexpr size_t size = submission_count * sizeof(io_uring_sqe);

  static std::filesystem::path path_of(int fd) {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), error);
  }

  tests::TemporaryDirectory directory_;
  std::unique_ptr<UringBackend> backend_;
  int ring_ = -1;
  void* memory_ = MAP_FAILED;
};

PooledBuffer block_of(BufferPool& pool, char fill) {
  PooledBuffer buffer = pool.acquire();
  std::ranges::fill(buffer.bytes(), static_cast<std::byte>(fill));
  return buffer;
}

int32_t write_block(IoBackend& backend, IoOp op, const BlockingFile& file, uint64_t offset, const PooledBuffer& block) {
  return run_blocking(backend, {.op = op, .file = file.id(), .offset = offset, .buffer = block.bytes()});
}

TEST_CASE("uring: the kernel is asked for durable writes and for syncs as what they are") {
  WatchedBackend watched;
  IoBackend& backend = watched.backend();
  BufferPool pool({.buffer_count_max = 1, .buffer_size = block_size});
  const PooledBuffer block = block_of(pool, 'x');
  absl::StatusOr<BlockingFile> plain = BlockingFile::open(backend, "plain", OpenMode::read_write_direct);
  absl::StatusOr<BlockingFile> durable = BlockingFile::open(backend, "durable", OpenMode::read_write_direct);
  absl::StatusOr<BlockingFile> directory = BlockingFile::open(backend, ".", OpenMode::directory);
  REQUIRE(plain.ok());
  REQUIRE(durable.ok());
  REQUIRE(directory.ok());

  REQUIRE(write_block(backend, IoOp::write, *plain, 0, block) == block_size);
  REQUIRE(write_block(backend, IoOp::write_dsync, *durable, block_size, block) == block_size);
  REQUIRE(plain->sync_data().ok());
  REQUIRE(directory->sync_data().ok());

  const auto plain_writes = watched.asked(IORING_OP_WRITE, "plain");
  REQUIRE(plain_writes.size() == 1);
  CHECK(plain_writes[0].rw_flags == 0);
  const auto durable_writes = watched.asked(IORING_OP_WRITE, "durable");
  REQUIRE(durable_writes.size() == 1);
  CHECK(durable_writes[0].rw_flags == RWF_DSYNC);
  CHECK(durable_writes[0].off == block_size);
  CHECK(durable_writes[0].len == block_size);
  // Around the page cache, where a sync would have more to do and a failed one less to say.
  for (const int fd : {plain_writes[0].fd, durable_writes[0].fd}) CHECK((::fcntl(fd, F_GETFL) & O_DIRECT) != 0);
  const auto syncs = watched.asked(IORING_OP_FSYNC, "plain");
  REQUIRE(syncs.size() == 1);
  CHECK(syncs[0].fsync_flags == IORING_FSYNC_DATASYNC);
  CHECK(syncs[0].len == 0);  // all of the file
  // The entries of a directory are metadata: a sync of the data alone might leave them out.
  const auto directory_syncs = watched.asked(IORING_OP_FSYNC, ".");
  REQUIRE(directory_syncs.size() == 1);
  CHECK(directory_syncs[0].fsync_flags == 0);
}

// What the disk below a directory counts; why it cannot be asked is the reason to skip.
class FlushCounter {
 public:
  explicit FlushCounter(const std::filesystem::path& directory) {
    struct stat status {};
    REQUIRE(::stat(directory.c_str(), &status) == 0);
    std::filesystem::path device =
        "/sys/dev/block/" + std::to_string(major(status.st_dev)) + ":" + std::to_string(minor(status.st_dev));
    std::error_code error;
    device = std::filesystem::canonical(device, error);
    if (error) {
      reason_ = "no block device below " + directory.string();
      return;
    }
    if (std::filesystem::exists(device / "partition")) device = device.parent_path();  // flushes are those of the whole disk
    stat_ = device / "stat";
    std::string cache;
    std::getline(std::ifstream(device / "queue/write_cache") >> std::ws, cache);
    if (cache != "write back") reason_ = device.string() + " has no cache that would have to be flushed";
    std::string fua;
    std::ifstream(device / "queue/fua") >> fua;
    if (fua == "1") reason_ = device.string() + " writes through its cache (FUA) where others flush";
    if (!count()) reason_ = stat_.string() + " does not count flushes";
  }

  const std::string& reason() const { return reason_; }  // empty: it counts

  // Field 16 of the statistics (Documentation/block/stat.rst), since Linux 5.5.
  std::optional<uint64_t> count() const {
    std::ifstream file(stat_);
    uint64_t value = 0;
    for (int field = 0; field < 16; ++field) file >> value;
    return file ? std::optional(value) : std::nullopt;
  }

 private:
  std::filesystem::path stat_;
  std::string reason_;
};

TEST_CASE("uring: each durable write and each sync of new bytes flushes the disk's cache") {
  WatchedBackend watched;
  const FlushCounter flushes(watched.directory());
  if (!flushes.reason().empty()) SKIP_TEST(flushes.reason());
  IoBackend& backend = watched.backend();
  BufferPool pool({.buffer_count_max = 1, .buffer_size = block_size});
  absl::StatusOr<BlockingFile> file = BlockingFile::open(backend, "file", OpenMode::read_write_direct);
  REQUIRE(file.ok());

  // Others on this disk add to the count, so many at once: a bug would have to hide behind as many flushes of somebody else.
  constexpr uint64_t rounds = 100;
  const uint64_t before_writes = *flushes.count();
  for (uint64_t i = 0; i < rounds; ++i) {
    const PooledBuffer block = block_of(pool, static_cast<char>('a' + i % 26));
    REQUIRE(write_block(backend, IoOp::write_dsync, *file, i * block_size, block) == block_size);
  }
  const uint64_t before_syncs = *flushes.count();
  for (uint64_t i = 0; i < rounds; ++i) {
    const PooledBuffer block = block_of(pool, static_cast<char>('A' + i % 26));
    REQUIRE(write_block(backend, IoOp::write, *file, i * block_size, block) == block_size);
    REQUIRE(file->sync_data().ok());
  }
  CHECK(before_syncs - before_writes >= rounds);
  CHECK(*flushes.count() - before_syncs >= rounds);
}

}  // namespace
}  // namespace engine
