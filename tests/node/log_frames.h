// The frames that a start would believe in one segment of the log, for checkers: read by the rules of docs/wal.md with code of
// their own, so that a reader's mistake does not hide itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "storage/schema/ids.h"
#include "storage/wal/format.h"
#include "storage/wal/request_mark.h"

namespace sim {

struct SegmentName {
  storage::StreamId stream;
  uint64_t sequence = 0;
};

// Of "wal/3-0/17"; nothing for any other path.
std::optional<SegmentName> parse_segment_path(std::string_view path);

struct LogFrame {
  storage::FrameType type{};
  storage::LaneId lane;
  storage::Txn txn;
  storage::Lsn lsn;
  std::span<const std::byte> head;  // of the segment's bytes
};

// Up to the first frame that is not whole; none when the segment was not begun under this name.
std::vector<LogFrame> frames_of(std::span<const std::byte> segment, const SegmentName& name);

// A part of a request, or its end in a lane.
struct RequestFrame {
  storage::FrameType type{};
  storage::TableId table;
  storage::RequestMark mark;
};

// Of a group on its way to the disk, which begins with a frame.
std::vector<RequestFrame> request_frames_of(std::span<const std::byte> group);

}  // namespace sim
