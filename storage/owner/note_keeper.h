// The notes of requests in this shard's log that are not too old to be of use. Before the log gives a segment up, those in it
// stand in a file beside it (storage/wal/note_file.h).
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "storage/files/rounds.h"
#include "storage/repeat/options.h"
#include "storage/schema/request_note.h"

namespace storage {

class NoteKeeperListener {
 public:
  virtual void on_notes_written() = 0;  // releasable() may have risen
  virtual void on_notes_failed(const absl::Status& status) = 0;

 protected:
  ~NoteKeeperListener() = default;
};

class NoteKeeper final : private RoundWaiter, private RoundListener {
 public:
  NoteKeeper(Rounds& rounds, const RepeatOptions& options, NoteKeeperListener& listener)
      : rounds_(rounds), options_(options), listener_(listener) {}

  void set_stream(StreamId stream) { stream_ = stream; }

  // Its frame is appended.
  void add(Lsn lsn, const DatedNote& note);

  // What the log may give up of the frames up to `wanted`.
  Lsn releasable(Lsn wanted, engine::Instant now);

  // Puts all notes up to `durable` into the file, unless that is under way.
  void write(Lsn durable, engine::Instant now);

  // The last time, when nothing is being written: what this shard is the home of.
  void write_final(std::span<const RequestNote> notes, engine::Instant now);
  bool is_final_written() const { return is_final_written_; }

  bool is_idle() const { return !is_writing_; }
  uint64_t pushed_out() const { return pushed_out_; }

 private:
  struct Logged {
    Lsn lsn;
    DatedNote note;
  };

  void on_round_free(IoRound& round) override;
  void on_round_done(const absl::Status& status) override;
  bool is_old(const DatedNote& note, engine::Instant now) const;
  void begin_write(std::vector<std::byte> bytes, Lsn upto);

  Rounds& rounds_;
  const RepeatOptions& options_;
  NoteKeeperListener& listener_;
  StreamId stream_;
  std::deque<Logged> notes_;  // by LSN; keys may stay behind contents that are too old
  Lsn written_;               // all up to here stand in the file
  uint64_t pushed_out_ = 0;

  bool is_writing_ = false;
  bool is_final_ = false;  // what is written, or waits to be
  bool is_final_written_ = false;
  Lsn writing_upto_;
  std::vector<std::byte> bytes_;
  IoRound* round_ = nullptr;
};

}  // namespace storage
