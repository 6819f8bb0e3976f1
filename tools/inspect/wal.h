// One segment of the write-ahead log, frame by frame. Where a frame cannot be believed, says why, and goes on with the next
// group that has a valid trailer.
//
// Not a WalReader: that one reads a stream and stops at the first damage; this one reads any copy of a single file, and
// believes what the segment's header says of its place.
#pragma once

#include <cstddef>
#include <span>

#include "tools/inspect/output.h"
#include "tools/inspect/source.h"

namespace tools {

inline constexpr size_t inspected_segment_size_max = size_t{1} << 31;

void inspect_segment(const InspectSource& source, std::span<const std::byte> bytes, InspectOutput& output);

}  // namespace tools
