#include "storage/wal/format.h"

#include "engine/base/crc32c.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"

namespace storage {

namespace {

template <typename T>
std::span<const std::byte> bytes_of(const T& value, size_t size) {
  return std::as_bytes(std::span(&value, 1)).first(size);
}

uint32_t place_crc(const WalPlace& place) {
  VERIFY_EQ(place.offset % wal_frame_alignment, 0U);
  WalPlace written = place;
  if (engine::sabotaged("origin_ignored")) written = {.offset = place.offset};
  return engine::crc32c(bytes_of(written, sizeof(written)));
}

}  // namespace

std::optional<WalAttachment> take_attachment(std::span<const std::byte>& rest) {
  if (rest.size() < wal_attachment_header_size) return std::nullopt;
  const auto size = engine::load<uint32_t>(rest.data() + 4);
  const uint64_t padded = wal_attachment_header_size + engine::align_up(size, 4);
  if (padded > rest.size()) return std::nullopt;
  const WalAttachment taken{.type = engine::load<uint16_t>(rest.data()),
                            .bytes = rest.subspan(wal_attachment_header_size, size)};
  rest = rest.subspan(static_cast<size_t>(padded));
  return taken;
}

uint32_t wal_crc(const WalSegmentHeader& header) { return engine::crc32c(bytes_of(header, offsetof(WalSegmentHeader, crc))); }

uint32_t wal_crc(const WalPlace& place, const WalFrameHeader& header, std::span<const std::byte> head_and_attachments) {
  const uint32_t crc = engine::crc32c_extend(place_crc(place), bytes_of(header, offsetof(WalFrameHeader, header_crc)));
  return engine::crc32c_extend(crc, head_and_attachments);
}

uint32_t wal_crc(const WalPlace& place, const WalTrailer& trailer) {
  return engine::crc32c_extend(place_crc(place), bytes_of(trailer, offsetof(WalTrailer, crc)));
}

}  // namespace storage
