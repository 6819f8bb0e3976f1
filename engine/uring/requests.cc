#include "engine/uring/requests.h"

#include <fcntl.h>
#include <liburing.h>
#include <sys/socket.h>

#include <cstddef>
#include <span>

#include "engine/base/verify.h"

namespace engine {
namespace {

constexpr mode_t file_mode = 0640;
constexpr mode_t directory_mode = 0750;

constexpr size_t io_size_max = size_t{1} << 30;  // one read, write, send or receive; the kernel cuts at 2 GiB

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return O_RDONLY | O_CLOEXEC;
    case OpenMode::read_write:
      return O_RDWR | O_CREAT | O_CLOEXEC;
    case OpenMode::read_write_direct:
      return O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC;
    case OpenMode::directory:
      return O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  }
  UNREACHABLE("open mode");
}

unsigned io_size(std::span<const std::byte> buffer) {
  VERIFY_LE(buffer.size(), io_size_max);
  return static_cast<unsigned>(buffer.size());
}

}  // namespace

void prepare_path(io_uring_sqe& entry, int root, UringFiles& files, const IoRequest& request) {
  VERIFY(request.path != nullptr);
  switch (request.op) {
    case IoOp::open:
      VERIFY(files.at(request.file).fd.get() < 0);
      files.at(request.file).is_directory = request.open_mode == OpenMode::directory;
      io_uring_prep_openat(&entry, root, request.path, open_flags(request.open_mode), file_mode);
      return;
    case IoOp::rename:
      VERIFY(request.path_target != nullptr);
      io_uring_prep_renameat(&entry, root, request.path, root, request.path_target, 0);
      return;
    case IoOp::unlink:
      io_uring_prep_unlinkat(&entry, root, request.path, 0);
      return;
    case IoOp::mkdir:
      io_uring_prep_mkdirat(&entry, root, request.path, directory_mode);
      return;
    case IoOp::rmdir:
      io_uring_prep_unlinkat(&entry, root, request.path, AT_REMOVEDIR);
      return;
    default:
      UNREACHABLE("operation on a path");
  }
}

void prepare_file(io_uring_sqe& entry, UringFiles& files, const IoRequest& request) {
  switch (request.op) {
    case IoOp::close:
      io_uring_prep_close(&entry,
                          files.at(request.file).fd.release());  // the kernel closes it now, even if we end before it did
      return;
    case IoOp::read:
      io_uring_prep_read(&entry, files.fd(request.file), request.buffer.data(), io_size(request.buffer), request.offset);
      return;
    case IoOp::write:
    case IoOp::write_dsync:
      io_uring_prep_write(&entry, files.fd(request.file), request.buffer.data(), io_size(request.buffer), request.offset);
      if (request.op == IoOp::write_dsync) entry.rw_flags = RWF_DSYNC;
      return;
    case IoOp::sync_data:
      // The entries of a directory are all there is of it: no data without metadata.
      io_uring_prep_fsync(&entry, files.fd(request.file), files.at(request.file).is_directory ? 0 : IORING_FSYNC_DATASYNC);
      return;
    case IoOp::allocate:
      VERIFY_GT(request.size, 0U);
      io_uring_prep_fallocate(&entry, files.fd(request.file), 0, static_cast<off_t>(request.offset),
                              static_cast<off_t>(request.size));
      return;
    default:
      UNREACHABLE("operation on a file");
  }
}

void prepare_socket(io_uring_sqe& entry, UringFiles& files, const IoRequest& request) {
  switch (request.op) {
    case IoOp::accept:
      io_uring_prep_multishot_accept(&entry, files.fd(request.file), nullptr, nullptr, SOCK_CLOEXEC);
      return;
    case IoOp::recv_into:
      VERIFY(!request.buffer.empty());
      io_uring_prep_recv(&entry, files.fd(request.file), request.buffer.data(), io_size(request.buffer), 0);
      return;
    case IoOp::send:
      io_uring_prep_send(&entry, files.fd(request.file), request.buffer.data(), io_size(request.buffer), MSG_NOSIGNAL);
      return;
    case IoOp::shutdown:
      io_uring_prep_shutdown(&entry, files.fd(request.file), SHUT_RDWR);
      return;
    default:
      UNREACHABLE("operation on a socket");
  }
}

}  // namespace engine
