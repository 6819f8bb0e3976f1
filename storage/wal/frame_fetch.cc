#include "storage/wal/frame_fetch.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>

#include "engine/base/verify.h"
#include "storage/wal/names.h"

namespace storage {

absl::Status WalFrameFetch::open(uint32_t sequence) {
  if (sequence_ == sequence) return absl::OkStatus();
  const auto segment = std::ranges::find(files_.segments, uint64_t{sequence}, &WalSegmentFile::sequence);
  VERIFY(segment != files_.segments.end());
  RETURN_IF_ERROR(window_.open(segment_path(files_.stream, sequence), segment->size));
  sequence_ = sequence;
  return absl::OkStatus();
}

absl::StatusOr<WalFrame> WalFrameFetch::fetch(const WalFramePlace& place) {
  RETURN_IF_ERROR(open(place.sequence));
  ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, window_.bytes(place.offset, place.size));
  const WalPlace where{
      .salt = database_.wal_salt, .stream = files_.stream.value, .sequence = place.sequence, .offset = place.offset};
  if (const std::optional<WalFrame> frame = whole_frame(where, bytes)) return *frame;
  return engine::data_loss(segment_path(files_.stream, place.sequence) + " at offset " + std::to_string(place.offset) +
                           ": a frame that was read before is damaged");
}

}  // namespace storage
