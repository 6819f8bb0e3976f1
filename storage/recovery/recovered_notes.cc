#include "storage/recovery/recovered_notes.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/io/blocking.h"
#include "storage/wal/names.h"
#include "storage/wal/note_file.h"
#include "storage/wal/request_note.h"

namespace storage {

bool RecoveredNotes::is_old(const DatedNote& note, engine::Instant newest) const {
  return note.time + (note.note.has_key() ? options_.key_time : options_.content_time) <= newest;
}

// A log may be long, and what is noted in it be of hours.
void RecoveredNotes::add(StreamId stream, const WalFrame& frame) {
  if (frame.type != FrameType::data && frame.type != FrameType::commit) return;
  const std::optional<DatedNote> note = find_request_note(frame.attachments);
  if (!note || !note->note.is_set()) return;
  std::deque<DatedNote>& notes = logged_[stream];
  notes.push_back(*note);
  while (notes.size() > options_.notes_max || is_old(notes.front(), note->time)) notes.pop_front();
}

absl::Status RecoveredNotes::add_stream(engine::IoBackend& backend, StreamId stream) {
  ASSIGN_OR_RETURN(std::optional<NoteFile> file, read_note_file(backend, notes_path(stream)));
  ASSIGN_OR_RETURN(std::optional<NoteFile> final, read_note_file(backend, final_notes_path(stream)));
  Left& left = left_[stream_epoch(stream)];
  left.is_final = left.is_final && final.has_value();
  if (file) left.add(*file, left.notes);
  if (final) left.add(*final, left.final_notes);
  std::ranges::move(std::exchange(logged_[stream], {}), std::back_inserter(left.notes));
  return absl::OkStatus();
}

void RecoveredNotes::Left::add(const NoteFile& file, std::vector<DatedNote>& target) {
  newest = std::max(newest, file.time);
  std::ranges::copy(file.notes, std::back_inserter(target));
}

// What its stopped shards say is in doubt. Unless one did not get to say it: then nobody knows more than the logs.
std::vector<DatedNote> RecoveredNotes::Left::take() {
  if (is_final) return std::move(final_notes);
  std::ranges::move(final_notes, std::back_inserter(notes));
  return std::move(notes);
}

// What the last start had found is what its shards went on with: when all of them were stopped, they say what is left of it.
absl::Status RecoveredNotes::add_last_start(engine::IoBackend& backend) {
  ASSIGN_OR_RETURN(const std::optional<NoteFile> file, read_note_file(backend, std::string(notes_name)));
  has_file_ = file.has_value();
  if (!file) return absl::OkStatus();
  const auto start = left_.find(file->epoch);
  if (start != left_.end() && start->second.is_final) return absl::OkStatus();
  Left& left = left_[file->epoch];
  left.is_final = false;
  left.newest = std::max(left.newest, file->time);
  left.notes.insert(left.notes.begin(), file->notes.begin(), file->notes.end());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RequestNote>> RecoveredNotes::collect(engine::IoBackend& backend,
                                                                 std::span<const WalStreamFiles> streams) {
  for (const WalStreamFiles& stream : streams) RETURN_IF_ERROR(add_stream(backend, stream.stream));
  RETURN_IF_ERROR(add_last_start(backend));
  std::vector<RequestNote> found;
  std::set<RequestId> seen;
  for (auto& [epoch, left] : left_) {
    const std::vector<DatedNote> notes = left.take();
    for (const DatedNote& note : notes) left.newest = std::max(left.newest, note.time);
    for (const DatedNote& note : notes) {
      if (!is_old(note, left.newest) && seen.insert(note.note.request).second) found.push_back(note.note);
    }
  }
  return found;
}

absl::Status RecoveredNotes::keep(engine::IoBackend& backend, uint32_t epoch, std::span<const RequestNote> notes) const {
  if (notes.empty() && !has_file_) return absl::OkStatus();
  NoteFile file{.epoch = epoch, .time = backend.now(), .notes = {}};
  for (const RequestNote& note : notes) file.notes.push_back({.note = note, .time = file.time});
  return engine::replace_file(backend, std::string(notes_name), encode_note_file(file));
}

}  // namespace storage
