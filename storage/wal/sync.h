// How a group becomes durable. Which way is faster depends on the disk and cannot be known beforehand: with protected caches
// one durable write costs nothing extra, on consumer drives it is several times slower than a write and a flush.
#pragma once

#include <cstdint>

#include "engine/base/status.h"
#include "engine/io/backend.h"

namespace storage {

enum class SyncMethod : uint8_t {
  automatic,        // the faster of the two, tried out at start
  dsync,            // one write that is durable when it completes
  write_then_sync,  // a write, and when that has completed a sync of the file
};

// Writes zeros over the first blocks of `file` both ways, timing them, and returns the faster. Blocking.
absl::StatusOr<SyncMethod> measure_sync_method(engine::IoBackend& backend, engine::FileId file, uint64_t file_size);

}  // namespace storage
