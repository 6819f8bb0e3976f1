// The note of a request, as an attachment: of its DATA frame, where one batch is all of it, or of the COMMIT frame that
// decides.
//
// note := | stream u64 | number u64 | time i64 | content 16 bytes | key 16 bytes, if any |     little-endian, of type 4
//         stream, number: the request, as in a mark; content, key: low u64, high u64
//
// Who does not know it stores the same rows, and takes a request that comes again for a new one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "storage/schema/request_note.h"

namespace storage {

inline constexpr uint16_t wal_attachment_note = 4;
inline constexpr size_t request_note_size_max = 8 + 56;  // with the attachment's header

// The attachment in memory of its own.
class EncodedNote {
 public:
  // Of a note that is none: no bytes.
  explicit EncodedNote(const DatedNote& note);

  std::span<const std::byte> bytes() const { return std::span(bytes_).first(size_); }

 private:
  std::array<std::byte, request_note_size_max> bytes_{};
  size_t size_ = 0;
};

// The note among a frame's attachments. Nothing: there is none, or one of another form.
std::optional<DatedNote> find_request_note(std::span<const std::byte> attachments);

}  // namespace storage
