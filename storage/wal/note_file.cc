#include "storage/wal/note_file.h"

#include "engine/base/byte_stream.h"
#include "engine/base/crc32c.h"
#include "engine/io/blocking.h"
#include "storage/wal/names.h"

namespace storage {
namespace {

constexpr std::string_view magic = "MRNOTE\r\n";
constexpr uint32_t note_file_version = 1;
constexpr uint32_t flags_none = 0;
constexpr size_t note_size = 8 + 8 + 8 + 2 * sizeof(engine::Hash128);
constexpr uint64_t count_max = uint64_t{1} << 24;  // more than any number of shards keeps
constexpr size_t file_size_max = size_t{1} << 30;
static_assert(count_max * note_size < file_size_max);

}  // namespace

std::string notes_path(StreamId stream) { return stream_directory(stream) + '/' + std::string(notes_name); }

std::string final_notes_path(StreamId stream) { return stream_directory(stream) + '/' + std::string(final_notes_name); }

bool is_note_file(std::string_view name) {
  constexpr std::string_view replacing = ".tmp";
  if (name.ends_with(replacing)) name.remove_suffix(replacing.size());
  return name == notes_name || name == final_notes_name;
}

std::vector<std::byte> encode_note_file(const NoteFile& file) {
  engine::ByteWriter bytes;
  bytes.put_bytes(engine::as_bytes(magic));
  bytes.put(note_file_version);
  bytes.put(flags_none);
  bytes.put(file.epoch);
  bytes.put(static_cast<uint32_t>(file.notes.size()));
  bytes.put(file.time.ns);
  for (const DatedNote& dated : file.notes) {
    bytes.put(dated.note.request.source.value);
    bytes.put(dated.note.request.number);
    bytes.put(dated.time.ns);
    bytes.put(dated.note.content);
    bytes.put(dated.note.key);
  }
  bytes.put(engine::crc32c(bytes.bytes()));
  return bytes.take();
}

absl::StatusOr<NoteFile> decode_note_file(std::span<const std::byte> bytes, std::string_view path) {
  engine::ByteReader reader(bytes, path);
  reader.check(engine::as_text(reader.take_bytes(magic.size())) == magic, "magic", 1, 0);
  const auto format = reader.take<uint32_t>();
  reader.check(format == note_file_version, "format", note_file_version, format);
  NoteFile file;
  const auto flags = reader.take<uint32_t>();
  reader.check(flags == flags_none, "flags", flags_none, flags);
  file.epoch = reader.take<uint32_t>();
  const size_t count = reader.take_count<uint32_t>(count_max, note_size, "notes");
  file.time.ns = reader.take<int64_t>();
  for (size_t i = 0; i < count; ++i) {
    DatedNote& dated = file.notes.emplace_back();
    dated.note.request.source = StreamId{reader.take<uint64_t>()};
    dated.note.request.number = reader.take<uint64_t>();
    dated.time.ns = reader.take<int64_t>();
    dated.note.content = reader.take<engine::Hash128>();
    dated.note.key = reader.take<engine::Hash128>();
  }
  const uint32_t expected = engine::crc32c(bytes.first(reader.offset()));
  const auto found = reader.take<uint32_t>();
  reader.check(found == expected, "checksum", expected, found);
  reader.check(reader.left() == 0, "bytes behind the end", 0, reader.left());
  RETURN_IF_ERROR(reader.status());
  return file;
}

absl::StatusOr<std::optional<NoteFile>> read_note_file(engine::IoBackend& backend, const std::string& path) {
  const absl::StatusOr<std::vector<std::byte>> bytes = engine::read_file(backend, path, file_size_max);
  if (absl::IsNotFound(bytes.status())) return std::optional<NoteFile>();
  if (!bytes.ok()) return bytes.status();
  ASSIGN_OR_RETURN(NoteFile file, decode_note_file(*bytes, path));
  return std::optional<NoteFile>(std::move(file));
}

}  // namespace storage
