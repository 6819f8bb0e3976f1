#include "storage/wal/sync.h"

#include <algorithm>
#include <array>

#include "engine/base/bytes.h"
#include "engine/base/time.h"
#include "engine/base/verify.h"
#include "engine/io/blocking.h"
#include "engine/io/buffer_pool.h"

namespace storage {

namespace {

constexpr uint32_t measured_writes = 16;         // of each size
constexpr size_t measured_size_max = 64 * 1024;  // a usual group under load; the small one is a block

absl::Status write_once(engine::IoBackend& backend, engine::IoRequest request, SyncMethod method) {
  VERIFY(method != SyncMethod::automatic);
  request.op = method == SyncMethod::dsync ? engine::IoOp::write_dsync : engine::IoOp::write;
  int32_t result = engine::run_blocking(backend, request);
  if (result >= 0 && method == SyncMethod::write_then_sync) {
    result = engine::run_blocking(backend, {.op = engine::IoOp::sync_data, .file = request.file});
  }
  return result < 0 ? engine::errno_status(-result, "try out how to sync the write-ahead log") : absl::OkStatus();
}

}  // namespace

std::string_view sync_method_name(SyncMethod method) {
  constexpr std::array<std::string_view, 3> names{"automatic", "dsync", "write_then_sync"};
  VERIFY_LT(static_cast<size_t>(method), names.size());
  return names[static_cast<size_t>(method)];
}

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
        RETURN_IF_ERROR(write_once(backend, {.file = file, .buffer = zeros.bytes().first(size)}, methods[m]));
        spent[m] = spent[m] + (backend.now() - start);
      }
    }
  }
  return spent[0] <= spent[1] ? SyncMethod::dsync : SyncMethod::write_then_sync;
}

}  // namespace storage
