// Reads the frames of one stream back, in order of LSN, and tells a torn tail from damage.
//
// A frame is believed when everything about it is right: size, LSN, epoch, chain, place, both checksums. At the first one that
// is not, frame x, the reader looks over all that follows for a group's trailer or a segment's header which says that x was
// durable once. There is none: x was never acknowledged, the stream ends there. There is one: x was acknowledged and is
// damaged; next() says data-loss and names what is missing, and damage() has it in numbers. Nothing is ever changed.
//
// Takes bytes that nobody vouches for. Memory: a chunk of the file, a frame's head that fits into the segment, or a whole frame
// whose header checksum was right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "storage/database/superblock.h"
#include "storage/wal/format.h"
#include "storage/wal/frame_bytes.h"
#include "storage/wal/window.h"

namespace storage {

struct WalSegmentFile {
  uint64_t sequence = 0;
  uint64_t size = 0;
};

struct WalStreamFiles {
  StreamId stream;
  std::vector<WalSegmentFile> segments;  // by sequence
};

// Acknowledged frames that are not there.
struct WalDamage {
  Lsn first;              // the first frame that cannot be read
  Lsn last;               // frames up to here were acknowledged
  Lsn readable_from;      // the first frame of the next group that looks whole
  uint64_t sequence = 0;  // where frame `first` was expected
  uint64_t offset = 0;
};

struct WalReadCounts {
  uint64_t frames = 0;
  uint64_t frames_size = 0;       // bytes
  uint64_t segments = 0;          // with frames
  uint64_t sequence_last = 0;     // of the last segment that was in use; those before were too
  uint64_t trailers_damaged = 0;  // of groups whose frames are whole
  bool tail_torn = false;         // the last group was cut: known only where its beginning can be recognised
};

class WalReader {
 public:
  WalReader(engine::IoBackend& backend, const Database& database, WalStreamFiles files);

  // The next frame, nothing at the end. Its spans are valid until the next call; the body is aligned to 8. Blocking. Errors:
  // data-loss: see above; failed-precondition: written by a newer release; others: the disk could not be read.
  absl::StatusOr<std::optional<WalFrame>> next();

  // Of the frame that next() gave last.
  const WalFramePlace& place() const { return place_; }

  const std::optional<WalDamage>& damage() const { return damage_; }
  const WalReadCounts& counts() const { return counts_; }

 private:
  enum class Verdict : uint8_t { good, end, bad, newer };

  struct Parsed {
    Verdict verdict = Verdict::bad;
    WalFrame frame;
    WalFrameHeader header{};
    std::string newer;  // what of it this release does not know
  };

  absl::StatusOr<std::optional<WalFrame>> read_next();
  absl::Status open_segment(size_t index);
  bool is_ours(const WalSegmentHeader& header) const;
  absl::StatusOr<std::optional<WalSegmentHeader>> read_segment_header();
  absl::StatusOr<bool> begin_segment(size_t index);
  absl::StatusOr<bool> go_to_next_segment();
  absl::StatusOr<Parsed> parse_frame();
  bool fields_fit(const WalFrameHeader& header) const;
  absl::StatusOr<bool> end_group();
  absl::Status stop();
  absl::Status look_ahead(uint64_t offset);
  void add_witness(Lsn durable, Lsn readable_from);
  absl::Status look_at_header();
  absl::Status look_for_trailers(uint64_t offset, bool first_segment);
  absl::StatusOr<std::optional<WalTrailer>> read_trailer(uint64_t block_end);
  absl::Status newer_status(const Parsed& parsed) const;
  absl::Status damage_status() const;
  std::string path() const;
  WalPlace placed_at(uint64_t offset) const;

  engine::IoBackend& backend_;
  Database database_;
  WalStreamFiles files_;
  WalWindow window_;
  size_t segment_ = 0;  // index in files_
  bool begun_ = false;
  bool ended_ = false;
  absl::Status status_;
  WalFramePlace place_;
  uint64_t offset_ = 0;    // in the segment, of the next frame
  bool in_group_ = false;  // a frame of the group at hand was read
  Lsn expected_;           // 0: not known, the first segment cannot be read
  uint32_t previous_crc_ = 0;
  std::optional<WalDamage> damage_;
  WalReadCounts counts_;
};

}  // namespace storage
