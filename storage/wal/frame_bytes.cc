#include "storage/wal/frame_bytes.h"

#include "engine/base/crc32c.h"
#include "engine/base/verify.h"

namespace storage {

bool header_holds(const WalPlace& place, const WalFrameHeader& header, std::span<const std::byte> head_and_attachments) {
  return wal_crc(place, header, head_and_attachments) == header.header_crc;
}

bool body_holds(const WalFrameHeader& header, std::span<const std::byte> bytes) {
  VERIFY_EQ(bytes.size(), header.size);
  return engine::crc32c(bytes.subspan(header.size - header.body_size)) == header.body_crc;
}

WalFrame view_frame(const WalFrameHeader& header, std::span<const std::byte> bytes) {
  VERIFY_EQ(bytes.size(), header.size);
  VERIFY_EQ(wal_body_offset(header.head_size, header.attachments_size) + header.body_size, header.size);
  return {.type = static_cast<FrameType>(header.type),
          .lane = {TableId{header.table}, LaneNumber{header.lane}},
          .txn = Txn{header.txn},
          .lsn = Lsn{header.lsn},
          .head = bytes.subspan(sizeof(WalFrameHeader), header.head_size),
          .body = bytes.subspan(header.size - header.body_size),
          .body_crc = header.body_crc,
          .attachments = bytes.subspan(sizeof(WalFrameHeader) + header.head_size, header.attachments_size),
          .attachments_must_be_known = (header.flags & wal_flag_attachments_must_be_known) != 0};
}

std::optional<WalFrame> whole_frame(const WalPlace& place, std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(WalFrameHeader)) return std::nullopt;
  const auto header = engine::load<WalFrameHeader>(bytes.data());
  const uint64_t size = wal_body_offset(header.head_size, header.attachments_size) + header.body_size;
  if (size != header.size || size > bytes.size() || !is_frame_type(header.type)) return std::nullopt;
  const std::span<const std::byte> behind_header = bytes.subspan(sizeof(header));
  const uint64_t checked_size = uint64_t{header.head_size} + header.attachments_size;
  if (!header_holds(place, header, behind_header.first(static_cast<size_t>(checked_size)))) return std::nullopt;
  bytes = bytes.first(header.size);
  if (!body_holds(header, bytes)) return std::nullopt;
  return view_frame(header, bytes);
}

}  // namespace storage
