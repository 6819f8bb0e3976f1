// What ties the frames of a request together: an attachment of each PART and COMMIT frame.
//
// mark := | stream u64 | number u64 | part u32 | flags u32 |                            little-endian, an attachment of type 3
//         part: of a PART its number in the lane, from 1; of a COMMIT how many the lane has
//         flags: 1: other lanes take part, and this COMMIT says that all of them have all of their parts
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "storage/schema/ids.h"

namespace storage {

inline constexpr uint16_t wal_attachment_request = 3;

struct RequestMark {
  RequestId request;
  uint32_t part = 0;
  bool is_shared = false;
};

inline constexpr size_t request_mark_size = 8 + 24;  // with the attachment's header

std::array<std::byte, request_mark_size> encode_request_mark(const RequestMark& mark);

// The mark among a frame's attachments. Nothing: there is none, or one of another form.
std::optional<RequestMark> find_request_mark(std::span<const std::byte> attachments);

}  // namespace storage
