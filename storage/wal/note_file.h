// Notes of requests that must outlive the segments which they were written in, in files that are replaced as a whole:
//
//   wal/<epoch>-<shard>/notes   of that stream: all that its segments know and have known, while it is not too old
//   wal/<epoch>-<shard>/final   when its shard was stopped: what it is the home of. Where all shards of a start have one, these
//                               say what is left of it, whatever the logs and the other files have more
//   notes                       what the last start found; it speaks for the starts before
//
// file := | magic 8 | format u32 | flags u32 | epoch u32 | count u32 | time i64 | note... | crc u32 |       little-endian
// note := | stream u64 | number u64 | time i64 | content 16 | key 16 |                       key: zero where there is none
//         flags: 0; time: of the start `epoch`, as are those of the notes; crc: CRC-32C of all before
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "storage/schema/request_note.h"

namespace storage {

struct NoteFile {
  uint32_t epoch = 0;
  engine::Instant time;
  std::vector<DatedNote> notes;
};

inline constexpr std::string_view notes_name = "notes";  // in the data directory, and in that of a stream

inline constexpr std::string_view final_notes_name = "final";

std::string notes_path(StreamId stream);
std::string final_notes_path(StreamId stream);

// One of these, or such a one while it is replaced.
bool is_note_file(std::string_view name);

std::vector<std::byte> encode_note_file(const NoteFile& file);
absl::StatusOr<NoteFile> decode_note_file(std::span<const std::byte> bytes, std::string_view path);

// Nothing: there is none. Blocking.
absl::StatusOr<std::optional<NoteFile>> read_note_file(engine::IoBackend& backend, const std::string& path);

}  // namespace storage
