#include "storage/wal/request_note.h"

#include "engine/base/bytes.h"
#include "storage/wal/format.h"

namespace storage {
namespace {

constexpr size_t key_offset = 40;  // in the attachment's bytes
constexpr size_t size_with_key = key_offset + sizeof(engine::Hash128);
static_assert(sizeof(engine::Hash128) == 16);
static_assert(wal_attachment_header_size + size_with_key == request_note_size_max);

}  // namespace

EncodedNote::EncodedNote(const DatedNote& note) {
  if (!note.note.is_set()) return;
  const size_t content_size = note.note.has_key() ? size_with_key : key_offset;
  std::byte* const at = bytes_.data() + wal_attachment_header_size;
  engine::store(bytes_.data(), wal_attachment_note);
  engine::store(bytes_.data() + 4, static_cast<uint32_t>(content_size));
  engine::store(at, note.note.request.source.value);
  engine::store(at + 8, note.note.request.number);
  engine::store(at + 16, note.time.ns);
  engine::store(at + 24, note.note.content);
  if (note.note.has_key()) engine::store(at + key_offset, note.note.key);
  size_ = wal_attachment_header_size + content_size;
}

std::optional<DatedNote> find_request_note(std::span<const std::byte> attachments) {
  while (const std::optional<WalAttachment> attachment = take_attachment(attachments)) {
    if (attachment->type != wal_attachment_note) continue;
    const std::span<const std::byte> bytes = attachment->bytes;
    if (bytes.size() != key_offset && bytes.size() != size_with_key) return std::nullopt;
    DatedNote note{.note = {.key = {},
                            .content = engine::load<engine::Hash128>(bytes.data() + 24),
                            .request = {.source = StreamId{engine::load<uint64_t>(bytes.data())},
                                        .number = engine::load<uint64_t>(bytes.data() + 8)}},
                   .time = {engine::load<int64_t>(bytes.data() + 16)}};
    if (bytes.size() == size_with_key) note.note.key = engine::load<engine::Hash128>(bytes.data() + key_offset);
    return note;
  }
  return std::nullopt;
}

}  // namespace storage
