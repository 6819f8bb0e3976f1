// A request that must end, because the log cannot be released before it does, and what its client is told.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/status.h"
#include "storage/schema/ids.h"

namespace storage {

struct RequestHurry {
  RequestId request;
  // Not 0: it fills by itself what one may have of its owner's log, so many bytes, and would again.
  uint64_t log_size_max = 0;
};

inline absl::Status status_of(const RequestHurry& hurry) {
  if (hurry.log_size_max == 0) {
    return engine::unavailable(
        "the log is full of rows that came after this request began, which must end sooner or be sent again later");
  }
  return engine::make_status(absl::StatusCode::kOutOfRange, "transaction is too large: its rows take more than " +
                                                                std::to_string(hurry.log_size_max) +
                                                                " bytes of the log, half of what there may be (wal.size.max)");
}

}  // namespace storage
