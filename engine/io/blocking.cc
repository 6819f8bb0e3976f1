#include "engine/io/blocking.h"

#include <array>
#include <utility>

#include "engine/base/verify.h"
#include "engine/io/direct.h"
#include "engine/io/error_policy.h"
#include "engine/io/write_progress.h"

namespace engine {

namespace {

class Waiter final : public IoCompletion {
 public:
  void complete(const IoResult& result) override {
    VERIFY(!done_);
    VERIFY(!result.more);
    done_ = true;
    result_ = result.result;
  }

  bool done() const { return done_; }
  int32_t result() const { return result_; }

 private:
  bool done_ = false;
  int32_t result_ = 0;
};

void reap_some(IoBackend& backend) {
  std::array<IoResult, 16> results;
  const size_t count = backend.reap(results, instant_never);
  VERIFY_LE(count, results.size());
  for (size_t i = 0; i < count; ++i) {
    if (results[i].completion != nullptr) results[i].completion->complete(results[i]);
  }
}

absl::Status status_of(int32_t result, std::string_view operation, std::string_view path) {
  if (result >= 0) return absl::OkStatus();
  std::string what(operation);
  what += ' ';
  what += path;
  return errno_status(-result, what);
}

absl::Status run_path(IoBackend& backend, IoOp op, std::string_view operation, const std::string& path) {
  const int32_t result = run_blocking(backend, {.op = op, .path = path.c_str()});
  return error_policy(op, result) == ErrorPolicy::forgiven ? absl::OkStatus() : status_of(result, operation, path);
}

}  // namespace

int32_t run_blocking(IoBackend& backend, IoRequest request) {
  VERIFY(request.completion == nullptr);
  Waiter waiter;
  request.completion = &waiter;
  while (backend.submit({&request, 1}) == 0) reap_some(backend);
  while (!waiter.done()) reap_some(backend);
  return waiter.result();
}

absl::StatusOr<BlockingFile> BlockingFile::open(IoBackend& backend, std::string path, OpenMode mode) {
  BlockingFile file(backend, backend.reserve_file(), std::move(path), mode);  // gives the slot back when the open fails
  const int32_t result =
      run_blocking(backend, {.op = IoOp::open, .open_mode = mode, .file = file.file_, .path = file.path_.c_str()});
  RETURN_IF_ERROR(status_of(result, "open", file.path_));
  return file;
}

BlockingFile::BlockingFile(BlockingFile&& other) noexcept
    : backend_(other.backend_),
      file_(std::exchange(other.file_, file_none)),
      path_(std::move(other.path_)),
      mode_(other.mode_) {}

BlockingFile::~BlockingFile() {
  // What was written is durable by sync_data or not at all; the result of close says nothing.
  if (file_ != file_none) run_blocking(backend_, {.op = IoOp::close, .file = file_});
}

// A read that stops within a block is repeated from the start of that block: O_DIRECT takes no other offset. One that gets no
// further than the one before tells the end of the file:
//
//   10'000 bytes, buffer of 16'384:   read at 0 -> 10'000,   at 8'192 -> 1'808 more, up to 10'000 again: the end
absl::StatusOr<size_t> BlockingFile::read(uint64_t offset, std::span<std::byte> buffer) {
  VERIFY(file_ != file_none);
  if (mode_ == OpenMode::read_write_direct) verify_direct(offset, buffer);
  size_t done = 0;
  while (done < buffer.size()) {
    const size_t start = resume_at(done);
    const int32_t result =
        run_blocking(backend_, {.op = IoOp::read, .file = file_, .offset = offset + start, .buffer = buffer.subspan(start)});
    RETURN_IF_ERROR(status_of(result, "read", path_));
    const size_t end = start + static_cast<size_t>(result);
    VERIFY_LE(end, buffer.size());
    if (end <= done) break;  // end of the file
    done = end;
  }
  return done;
}

absl::Status BlockingFile::write(uint64_t offset, std::span<const std::byte> bytes) {
  VERIFY(file_ != file_none);
  if (mode_ == OpenMode::read_write_direct) verify_direct(offset, bytes);
  const std::span<std::byte> buffer{const_cast<std::byte*>(bytes.data()), bytes.size()};  // a write only reads it
  if (buffer.empty()) return absl::OkStatus();
  WriteProgress progress(buffer.size(), mode_);
  WriteProgress::Next next{};
  do {
    const uint64_t done = progress.offset();
    next = progress.settle(
        run_blocking(backend_, {.op = IoOp::write, .file = file_, .offset = offset + done, .buffer = buffer.subspan(done)}));
  } while (next == WriteProgress::Next::again);
  return next == WriteProgress::Next::done ? absl::OkStatus() : status_of(progress.error(), "write", path_);
}

absl::Status BlockingFile::sync_data() {
  VERIFY(file_ != file_none);
  return status_of(run_blocking(backend_, {.op = IoOp::sync_data, .file = file_}), "sync", path_);
}

FileId BlockingFile::release() {
  VERIFY(file_ != file_none);
  return std::exchange(file_, file_none);
}

absl::StatusOr<std::vector<std::byte>> read_file(IoBackend& backend, const std::string& path, size_t size_max) {
  ASSIGN_OR_RETURN(BlockingFile file, BlockingFile::open(backend, path, OpenMode::read));
  constexpr size_t chunk_size = 64 * 1024;
  std::vector<std::byte> bytes;
  for (;;) {
    const size_t before = bytes.size();
    bytes.resize(before + chunk_size);
    ASSIGN_OR_RETURN(const size_t size, file.read(before, std::span(bytes).subspan(before)));
    bytes.resize(before + size);
    if (bytes.size() > size_max)
      return resource_exhausted("read " + path + ": larger than " + std::to_string(size_max) + " bytes");
    if (size < chunk_size) return bytes;
  }
}

absl::Status replace_file(IoBackend& backend, const std::string& path, std::span<const std::byte> bytes) {
  VERIFY(!bytes.empty());
  const std::string temporary = path + ".tmp";
  RETURN_IF_ERROR(remove_file(backend, temporary));  // an older attempt may have been longer
  {
    ASSIGN_OR_RETURN(BlockingFile file, BlockingFile::open(backend, temporary, OpenMode::read_write));
    RETURN_IF_ERROR(file.write(0, bytes));
    RETURN_IF_ERROR(file.sync_data());
  }
  RETURN_IF_ERROR(rename_path(backend, temporary, path));
  return sync_directory(backend, parent_directory(path));
}

absl::Status make_directory(IoBackend& backend, const std::string& path) {
  return run_path(backend, IoOp::mkdir, "create directory", path);
}

absl::Status remove_directory(IoBackend& backend, const std::string& path) {
  return run_path(backend, IoOp::rmdir, "remove directory", path);
}

absl::Status remove_file(IoBackend& backend, const std::string& path) {
  return run_path(backend, IoOp::unlink, "remove", path);
}

absl::Status rename_path(IoBackend& backend, const std::string& source, const std::string& target) {
  const int32_t result = run_blocking(backend, {.op = IoOp::rename, .path = source.c_str(), .path_target = target.c_str()});
  return status_of(result, "rename", source + " to " + target);
}

absl::Status sync_directory(IoBackend& backend, const std::string& path) {
  ASSIGN_OR_RETURN(BlockingFile directory, BlockingFile::open(backend, path, OpenMode::directory));
  return directory.sync_data();
}

std::string parent_directory(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

}  // namespace engine
