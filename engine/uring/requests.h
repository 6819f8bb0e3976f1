// An IoRequest as an entry of the kernel's ring. Used by the backend alone, which receives by uring_receive and cancels itself.
#pragma once

#include "engine/io/backend.h"
#include "engine/uring/files.h"

struct io_uring_sqe;

namespace engine {

// open, rename, unlink, mkdir, rmdir. Paths are relative to the directory `root`.
void prepare_path(io_uring_sqe& entry, int root, UringFiles& files, const IoRequest& request);

// close, read, write, write_dsync, sync_data, allocate. The slot of a closed file holds no descriptor from here on.
void prepare_file(io_uring_sqe& entry, UringFiles& files, const IoRequest& request);

// accept, send, shutdown.
void prepare_socket(io_uring_sqe& entry, UringFiles& files, const IoRequest& request);

}  // namespace engine
