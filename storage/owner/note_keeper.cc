#include "storage/owner/note_keeper.h"

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"
#include "storage/wal/names.h"
#include "storage/wal/note_file.h"

namespace storage {

void NoteKeeper::add(Lsn lsn, const DatedNote& note) {
  VERIFY(note.note.is_set());
  VERIFY(notes_.empty() || notes_.back().lsn < lsn);
  notes_.push_back({.lsn = lsn, .note = note});
  if (notes_.size() <= options_.notes_max) return;
  if (!is_old(notes_.front().note, note.time)) ++pushed_out_;
  notes_.pop_front();
}

bool NoteKeeper::is_old(const DatedNote& note, engine::Instant now) const {
  return note.time + (note.note.has_key() ? options_.key_time : options_.content_time) <= now;
}

Lsn NoteKeeper::releasable(Lsn wanted, engine::Instant now) {
  while (!notes_.empty() && is_old(notes_.front().note, now)) notes_.pop_front();
  const auto first = std::ranges::upper_bound(notes_, written_, {}, &Logged::lsn);
  const auto held = std::find_if(first, notes_.end(), [&](const Logged& each) { return !is_old(each.note, now); });
  return held == notes_.end() ? wanted : std::min(wanted, Lsn{held->lsn.value - 1});
}

// What is not durable must not be known to anybody after a crash.
void NoteKeeper::write(Lsn durable, engine::Instant now) {
  if (is_writing_) return;
  NoteFile file{.epoch = stream_epoch(stream_), .time = now, .notes = {}};
  for (const Logged& logged : notes_) {
    if (logged.lsn <= durable && !is_old(logged.note, now)) file.notes.push_back(logged.note);
  }
  begin_write(encode_note_file(file), durable);
}

void NoteKeeper::write_final(std::span<const RequestNote> notes, engine::Instant now) {
  VERIFY(!is_final_);
  is_final_ = true;
  NoteFile file{.epoch = stream_epoch(stream_), .time = now, .notes = {}};
  for (const RequestNote& note : notes) file.notes.push_back({.note = note, .time = now});
  begin_write(encode_note_file(file), written_);
}

void NoteKeeper::begin_write(std::vector<std::byte> bytes, Lsn upto) {
  VERIFY(!is_writing_);
  is_writing_ = true;
  writing_upto_ = upto;
  bytes_ = std::move(bytes);
  rounds_.acquire(*this);
}

void NoteKeeper::on_round_free(IoRound& round) {
  round_ = &round;
  round.replace(is_final_ ? final_notes_path(stream_) : notes_path(stream_), std::move(bytes_));
  round.run(*this);
}

void NoteKeeper::on_round_done(const absl::Status& status) {
  rounds_.give_back(*std::exchange(round_, nullptr));
  if (!status.ok()) return listener_.on_notes_failed(status);
  is_writing_ = false;
  written_ = std::max(written_, writing_upto_);
  is_final_written_ = is_final_;
  listener_.on_notes_written();
}

}  // namespace storage
