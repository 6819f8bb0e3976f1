#include "storage/wal/request_mark.h"

#include "engine/base/bytes.h"
#include "storage/wal/format.h"

namespace storage {
namespace {

constexpr uint32_t flag_shared = 1;

}  // namespace

std::array<std::byte, request_mark_size> encode_request_mark(const RequestMark& mark) {
  std::array<std::byte, request_mark_size> bytes{};
  std::byte* const at = bytes.data();
  engine::store(at, wal_attachment_request);
  engine::store(at + 4, static_cast<uint32_t>(request_mark_size - wal_attachment_header_size));
  engine::store(at + wal_attachment_header_size, mark.request.source.value);
  engine::store(at + wal_attachment_header_size + 8, mark.request.number);
  engine::store(at + wal_attachment_header_size + 16, mark.part);
  engine::store(at + wal_attachment_header_size + 20, mark.is_shared ? flag_shared : uint32_t{0});
  return bytes;
}

std::optional<RequestMark> find_request_mark(std::span<const std::byte> attachments) {
  while (const std::optional<WalAttachment> attachment = take_attachment(attachments)) {
    if (attachment->type != wal_attachment_request) continue;
    if (attachment->bytes.size() != request_mark_size - wal_attachment_header_size) return std::nullopt;
    const std::byte* const at = attachment->bytes.data();
    return RequestMark{.request = {.source = StreamId{engine::load<uint64_t>(at)}, .number = engine::load<uint64_t>(at + 8)},
                       .part = engine::load<uint32_t>(at + 16),
                       .is_shared = (engine::load<uint32_t>(at + 20) & flag_shared) != 0};
  }
  return std::nullopt;
}

}  // namespace storage
