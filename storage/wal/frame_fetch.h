// Reads frames of an earlier start's stream once more, by their places. Blocking, for start-up. Memory: that of a window.
#pragma once

#include <cstdint>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "storage/database/superblock.h"
#include "storage/wal/frame_bytes.h"
#include "storage/wal/reader.h"
#include "storage/wal/window.h"

namespace storage {

class WalFrameFetch {
 public:
  WalFrameFetch(engine::IoBackend& backend, const Database& database, const WalStreamFiles& files)
      : database_(database), files_(files), window_(backend) {}

  // A frame that a WalReader gave before; its spans are valid until the next call. data-loss: it is not there any more.
  absl::StatusOr<WalFrame> fetch(const WalFramePlace& place);

 private:
  absl::Status open(uint32_t sequence);

  const Database& database_;
  const WalStreamFiles& files_;
  WalWindow window_;
  uint32_t sequence_ = 0;  // of the open segment; 0: none
};

}  // namespace storage
