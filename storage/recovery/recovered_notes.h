// Which requests a start has still to know: what the log says of them, what stands in the files of notes
// (storage/wal/note_file.h), and how old that was when the start before ended. How long the machine was down does not count:
// whoever was sending then comes again after it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "storage/repeat/options.h"
#include "storage/schema/request_note.h"
#include "storage/wal/format.h"
#include "storage/wal/note_file.h"
#include "storage/wal/reader.h"

namespace storage {

class RecoveredNotes {
 public:
  explicit RecoveredNotes(const RepeatOptions& options) : options_(options) {}

  // Of a frame that is believed.
  void add(StreamId stream, const WalFrame& frame);

  // When all streams have been read: with what the files say. Oldest first, as far as they are known.
  absl::StatusOr<std::vector<RequestNote>> collect(engine::IoBackend& backend, std::span<const WalStreamFiles> streams);

  // After that. Durable when it returns: the next start knows them, whatever becomes of the streams that they came from.
  absl::Status keep(engine::IoBackend& backend, uint32_t epoch, std::span<const RequestNote> notes) const;

 private:
  // What one start has left.
  struct Left {
    void add(const NoteFile& file, std::vector<DatedNote>& target);
    std::vector<DatedNote> take();

    std::vector<DatedNote> notes;
    std::vector<DatedNote> final_notes;  // of the shards that were stopped
    engine::Instant newest;              // the last sign of its life
    bool is_final = true;                // all of its shards were stopped
  };

  absl::Status add_stream(engine::IoBackend& backend, StreamId stream);
  absl::Status add_last_start(engine::IoBackend& backend);
  bool is_old(const DatedNote& note, engine::Instant newest) const;

  const RepeatOptions options_;
  std::map<StreamId, std::deque<DatedNote>> logged_;
  std::map<uint32_t, Left> left_;  // by epoch
  bool has_file_ = false;          // of the last start
};

}  // namespace storage
