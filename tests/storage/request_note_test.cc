// Notes of requests as bytes: in a frame, in a file, and what a start makes of both.
#include "storage/wal/request_note.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/byte_stream.h"
#include "engine/io/blocking.h"
#include "storage/recovery/recovered_notes.h"
#include "storage/wal/names.h"
#include "storage/wal/note_file.h"
#include "storage/wal/request_mark.h"
#include "tests/catch.h"
#include "tests/sim/sim_machine.h"
#include "tests/storage/hex.h"

namespace {

using engine::Instant;
using storage::DatedNote;
using storage::NoteFile;
using storage::RequestNote;

constexpr storage::StreamId stream = storage::stream_id(3, engine::ShardId{1});
constexpr storage::RepeatOptions options{.notes_max = 4, .key_time = engine::seconds(600), .content_time = engine::seconds(60)};

constexpr Instant at(int64_t seconds) { return Instant{} + engine::seconds(seconds); }

DatedNote note(uint64_t number, Instant time, bool has_key = false) {
  return {.note = {.key = {.low = has_key ? number : 0, .high = 0},
                   .content = {.low = 0x0102030405060708, .high = 0x1112131415161718},
                   .request = {.source = stream, .number = number}},
          .time = time};
}

bool same(const DatedNote& a, const DatedNote& b) {
  return a.note.key == b.note.key && a.note.content == b.note.content && a.note.request == b.note.request && a.time == b.time;
}

// What a start finds after one frame for each of `logged`, and these files, in that one stream or in two.
std::vector<uint64_t> found(const std::vector<DatedNote>& logged, const std::map<std::string, NoteFile>& files = {},
                            std::optional<storage::StreamId> other = {}) {
  sim::SimMachine machine(1);
  machine.world.set_auto_advance(true);
  engine::IoBackend& backend = machine.backend();
  REQUIRE(engine::make_directory(backend, "wal").ok());
  REQUIRE(engine::make_directory(backend, storage::stream_directory(stream)).ok());
  for (const auto& [path, file] : files) REQUIRE(engine::replace_file(backend, path, encode_note_file(file)).ok());
  storage::RecoveredNotes notes(options);
  for (const DatedNote& each : logged) {
    const storage::EncodedNote encoded(each);
    notes.add(stream, {.type = storage::FrameType::data, .attachments = encoded.bytes()});
  }
  std::vector<storage::WalStreamFiles> streams{{.stream = stream, .segments = {}}};
  if (other) streams.push_back({.stream = *other, .segments = {}});
  const auto collected = notes.collect(backend, streams);
  REQUIRE(collected.ok());
  std::vector<uint64_t> numbers;
  for (const RequestNote& each : *collected) numbers.push_back(each.request.number);
  return numbers;
}

TEST_CASE("request_note: an attachment, byte by byte") {
  DatedNote dated = note(5, Instant{.ns = 9}, true);
  CHECK(tests::hex_text(storage::EncodedNote(dated).bytes()) ==
        "0400000038000000"                    // type, size
        "0100030000000000"                    // stream
        "0500000000000000"                    // number
        "0900000000000000"                    // time
        "08070605040302011817161514131211"    // content
        "05000000000000000000000000000000");  // key
  dated.note.key = {};
  CHECK(storage::EncodedNote(dated).bytes().size() == 48);
  CHECK(storage::EncodedNote(DatedNote()).bytes().empty());
}

TEST_CASE("request_note: it is found behind a mark, and one of another size is none") {
  const DatedNote dated = note(5, at(1), true);
  engine::ByteWriter attachments;
  attachments.put_bytes(storage::encode_request_mark({.request = dated.note.request, .part = 1, .is_shared = true}));
  attachments.put_bytes(storage::EncodedNote(dated).bytes());
  const auto read = storage::find_request_note(attachments.bytes());
  REQUIRE(read.has_value());
  CHECK(same(*read, dated));
  CHECK(storage::find_request_mark(attachments.bytes()).has_value());
  CHECK_FALSE(storage::find_request_note(std::span(attachments.bytes()).first(storage::request_mark_size)).has_value());
  const storage::EncodedNote encoded(dated);
  std::vector<std::byte> other(encoded.bytes().begin(), encoded.bytes().end());
  other[4] = std::byte{44};
  other.resize(8 + 44);
  CHECK_FALSE(storage::find_request_note(other).has_value());
}

TEST_CASE("note_file: what was written is read, and each changed byte is noticed") {
  const NoteFile file{.epoch = 3, .time = at(7), .notes = {note(1, at(2), true), note(2, at(3))}};
  std::vector<std::byte> bytes = storage::encode_note_file(file);
  const auto read = storage::decode_note_file(bytes, "notes");
  REQUIRE(read.ok());
  CHECK(read->epoch == 3);
  CHECK(read->time == at(7));
  REQUIRE(read->notes.size() == 2);
  CHECK(same(read->notes[0], file.notes[0]));
  CHECK(same(read->notes[1], file.notes[1]));
  for (std::byte& byte : bytes) {
    byte ^= std::byte{1};
    CHECK_FALSE(storage::decode_note_file(bytes, "notes").ok());
    byte ^= std::byte{1};
  }
  bytes.pop_back();
  CHECK_FALSE(storage::decode_note_file(bytes, "notes").ok());
}

TEST_CASE("recovered_notes: of the log what is not older than its time before the last sign of life") {
  CHECK(found({note(1, at(0)), note(2, at(0), true), note(3, at(59)), note(4, at(60))}) == std::vector<uint64_t>{2, 3, 4});
  CHECK(found({note(1, at(0), true), note(2, at(599))}) == std::vector<uint64_t>{1, 2});
  CHECK(found({note(1, at(0), true), note(2, at(600))}) == std::vector<uint64_t>{2});
}

TEST_CASE("recovered_notes: what the log has no longer stands in the file of its stream, and counts once") {
  const NoteFile file{.epoch = 3, .time = at(2), .notes = {note(1, at(1)), note(2, at(2), true)}};
  CHECK(found({note(2, at(2), true), note(3, at(3))}, {{storage::notes_path(stream), file}}) == std::vector<uint64_t>{1, 2, 3});
}

TEST_CASE(
    "recovered_notes: where all shards were stopped, final files say what is in doubt, whatever the log and the last start "
    "say") {
  const NoteFile file{.epoch = 3, .time = at(9), .notes = {note(2, at(9), true)}};
  const NoteFile last_start{.epoch = 3, .time = at(0), .notes = {note(8, at(0))}};
  CHECK(found({note(1, at(1)), note(2, at(2), true)}, {{storage::final_notes_path(stream), file}, {"notes", last_start}}) ==
        std::vector<uint64_t>{2});
}

TEST_CASE("recovered_notes: a stop that was cut off before each shard had its final file counts as a crash") {
  const storage::StreamId other = storage::stream_id(3, engine::ShardId{2});
  const NoteFile final{.epoch = 3, .time = at(9), .notes = {note(7, at(9), true)}};
  const NoteFile written{.epoch = 3, .time = at(1), .notes = {note(1, at(1), true)}};
  CHECK(found({note(2, at(2), true)}, {{storage::final_notes_path(stream), final}, {storage::notes_path(stream), written}},
              other) == std::vector<uint64_t>{1, 2, 7});
}

TEST_CASE("recovered_notes: after a crash what the last start had found counts on") {
  const NoteFile last_start{.epoch = 3, .time = at(5), .notes = {note(8, at(5)), note(9, at(5), true)}};
  CHECK(found({note(1, at(6))}, {{"notes", last_start}}) == std::vector<uint64_t>{8, 9, 1});
  CHECK(found({note(1, at(70))}, {{"notes", last_start}}) == std::vector<uint64_t>{9, 1});
}

}  // namespace
