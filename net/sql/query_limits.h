// What a query may take.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/time.h"

namespace net {

inline constexpr size_t query_size_max = 64 * 1024;              // bytes of its text
inline constexpr int64_t computed_size_max = 1024 * 1024;        // bytes of a text that it computes
inline constexpr int64_t row_texts_size_max = 64 * 1024 * 1024;  // bytes of the stored texts of one row
inline constexpr int designated_none = -1;

struct QueryLimits {
  int64_t memory_max = 256 * 1024 * 1024;    // bytes that SQLite takes, over all queries of the process
  uint64_t spill_max = uint64_t{32} << 30U;  // bytes on disk for what has no room there, likewise
  uint32_t spill_files_max = 4096;           // files that they are in, likewise
  uint32_t files_max = 512;                  // open at a time, these and those of the tables, likewise
  engine::Duration duration_max = engine::seconds(60);
};

}  // namespace net
