// A frame as it lies in a segment. Its checksums say that it is whole and at its place; that it is the one which is expected
// there says nobody but who expects it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "storage/wal/format.h"

namespace storage {

// Where a frame of a stream is. Small: whoever waits for a large request keeps one for each of its parts.
struct WalFramePlace {
  uint32_t sequence = 0;  // of the segment
  uint32_t offset = 0;    // in it
  uint32_t size = 0;      // WalFrame::stored_size

  friend bool operator==(const WalFramePlace&, const WalFramePlace&) = default;
};

bool header_holds(const WalPlace& place, const WalFrameHeader& header, std::span<const std::byte> head_and_attachments);

// `bytes` are the whole frame, of header.size.
bool body_holds(const WalFrameHeader& header, std::span<const std::byte> bytes);
WalFrame view_frame(const WalFrameHeader& header, std::span<const std::byte> bytes);

// The frame at the front of `bytes`; nothing when any checksum fails.
std::optional<WalFrame> whole_frame(const WalPlace& place, std::span<const std::byte> bytes);

}  // namespace storage
