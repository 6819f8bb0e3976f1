#include "tests/node/log_frames.h"

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "storage/wal/names.h"

namespace sim {

std::optional<SegmentName> parse_segment_path(std::string_view path) {
  if (!path.starts_with("wal/")) return std::nullopt;
  path.remove_prefix(4);
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto stream = storage::parse_stream_name(path.substr(0, slash));
  const auto sequence = storage::parse_segment_name(path.substr(slash + 1));
  if (!stream || !sequence) return std::nullopt;
  return SegmentName{.stream = *stream, .sequence = *sequence};
}

std::vector<LogFrame> frames_of(std::span<const std::byte> segment, const SegmentName& name) {
  std::vector<LogFrame> frames;
  if (segment.size() < storage::wal_groups_offset) return frames;
  const auto begin = engine::load<storage::WalSegmentHeader>(segment.data());
  if (begin.magic != storage::wal_magic || begin.crc != storage::wal_crc(begin)) return frames;
  if (begin.stream != name.stream.value || begin.sequence != name.sequence) return frames;
  uint64_t offset = storage::wal_groups_offset;
  uint64_t group_begin = offset;
  while (offset + sizeof(storage::WalFrameHeader) <= segment.size()) {
    const auto header = engine::load<storage::WalFrameHeader>(segment.data() + offset);
    if (header.size == 0 && offset != group_begin) {
      group_begin = offset = engine::align_up(offset + sizeof(storage::WalTrailer), engine::block_size);
      continue;
    }
    const uint64_t body_offset = storage::wal_body_offset(header.head_size, header.attachments_size);
    if (header.lsn != begin.first_lsn + frames.size() || header.epoch != begin.epoch) break;
    if (body_offset + header.body_size != header.size || offset + header.size > segment.size()) break;
    const std::span<const std::byte> frame = segment.subspan(offset, header.size);
    const storage::WalPlace place{.salt = begin.salt, .stream = begin.stream, .sequence = begin.sequence, .offset = offset};
    const size_t checked_size = size_t{header.head_size} + header.attachments_size;
    if (storage::wal_crc(place, header, frame.subspan(sizeof(header), checked_size)) != header.header_crc) break;
    if (engine::crc32c(frame.subspan(body_offset)) != header.body_crc) break;
    frames.push_back({.type = static_cast<storage::FrameType>(header.type),
                      .lane = {storage::TableId{header.table}, storage::LaneNumber{header.lane}},
                      .txn = storage::Txn{header.txn},
                      .lsn = storage::Lsn{header.lsn},
                      .head = frame.subspan(sizeof(header), header.head_size)});
    offset += engine::align_up(header.size, storage::wal_frame_alignment);
  }
  return frames;
}

std::vector<RequestFrame> request_frames_of(std::span<const std::byte> group) {
  std::vector<RequestFrame> frames;
  for (uint64_t offset = 0; offset + sizeof(storage::WalFrameHeader) <= group.size();) {
    const auto header = engine::load<storage::WalFrameHeader>(group.data() + offset);
    if (header.size < sizeof(header) || header.size > group.size() - offset) break;
    const uint64_t attachments = offset + sizeof(header) + header.head_size;
    if (attachments + header.attachments_size > offset + header.size) break;
    const auto type = static_cast<storage::FrameType>(header.type);
    const auto mark = storage::find_request_mark(group.subspan(attachments, header.attachments_size));
    if (mark) frames.push_back({.type = type, .table = storage::TableId{header.table}, .mark = *mark});
    offset += engine::align_up(header.size, storage::wal_frame_alignment);
  }
  return frames;
}

}  // namespace sim
