#include "storage/wal/sync.h"

#include <algorithm>
#include <array>
#include <span>

#include "engine/base/bytes.h"
#include "engine/base/time.h"
#include "engine/base/verify.h"
#include "engine/io/blocking.h"
#include "engine/io/buffer_pool.h"
#include "engine/io/write_progress.h"

namespace storage {

namespace {

constexpr uint32_t measured_writes = 16;         // of each size
constexpr size_t measured_size_max = 64 * 1024;  // a usual group under load; the small one is a block

absl::Status write_once(engine::IoBackend& backend, engine::FileId file, std::span<std::byte> zeros, SyncMethod method) {
  VERIFY(method != SyncMethod::automatic);
  const engine::IoOp op = method == SyncMethod::dsync ? engine::IoOp::write_dsync : engine::IoOp::write;
  engine::WriteProgress progress(zeros.size(), engine::OpenMode::read_write_direct);
  engine::WriteProgress::Next next{};
  do {
    const uint64_t done = progress.offset();
    next =
        progress.settle(engine::run_blocking(backend, {.op = op, .file = file, .offset = done, .buffer = zeros.subspan(done)}));
  } while (next == engine::WriteProgress::Next::again);
  int32_t result = next == engine::WriteProgress::Next::failed ? progress.error() : 0;
  if (result == 0 && method == SyncMethod::write_then_sync) {
    result = engine::run_blocking(backend, {.op = engine::IoOp::sync_data, .file = file});
  }
  return result < 0 ? engine::errno_status(-result, "try out how to sync the write-ahead log") : absl::OkStatus();
}

}  // namespace

absl::StatusOr<SyncMethod> measure_sync_method(engine::IoBackend& backend, engine::FileId file, uint64_t file_size) {
  VERIFY_GE(file_size, engine::block_size);
  const size_t large = static_cast<size_t>(std::min<uint64_t>(measured_size_max, file_size));
  engine::BufferPool pool({.buffer_count_max = 1, .buffer_size = large});
  const engine::PooledBuffer zeros = pool.acquire();
  std::ranges::fill(zeros.bytes(), std::byte{0});
  constexpr std::array methods{SyncMethod::dsync, SyncMethod::write_then_sync};
  std::array<engine::Duration, methods.size()> spent{};
  // In turns, so that a disturbance hits both.
  for (uint32_t i = 0; i < measured_writes; ++i) {
    for (const size_t size : {engine::block_size, large}) {
      for (size_t m = 0; m < methods.size(); ++m) {
        const engine::Instant start = backend.now();
        RETURN_IF_ERROR(write_once(backend, file, zeros.bytes().first(size), methods[m]));
        spent[m] = spent[m] + (backend.now() - start);
      }
    }
  }
  return spent[0] <= spent[1] ? SyncMethod::dsync : SyncMethod::write_then_sync;
}

}  // namespace storage
