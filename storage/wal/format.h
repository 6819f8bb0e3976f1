// The bytes of the write-ahead log. docs/wal.md says the same in words, with the recovery rules. Everything is little-endian.
//
// A stream is the log of one shard from one start to the next: wal/<epoch>-<shard>/<sequence>, segments of equal size.
//
// segment := | segment header, one block | group | group | ...                       blocks of 4 KiB
// group   := | frame | frame | ... | zeros | trailer |                               whole blocks, written by one write
// frame   := | frame header, 64 bytes | head | attachments | pad to 8 | body | pad to 8 |
//
// The bytes behind the last group are zeros, or what the file held in a former life. Nothing is ever written into a block again
// while its segment is in use.
//
// A checksum that is "placed" covers, before its own bytes, the 32 bytes of a WalPlace: where the bytes belong. It fails for
// bytes of another database, of a former life of the file, and for bytes that a disk wrote to the wrong place. The salt is
// known to nobody outside, so no row that a client sends can look like a frame or a trailer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/base/bytes.h"
#include "storage/schema/ids.h"

namespace storage {

inline constexpr uint64_t wal_magic = 0x3157454341524c4dU;  // "MLRACEW1"
inline constexpr uint32_t wal_format = 2;
inline constexpr uint64_t wal_features_known = 0;  // bits of features_must_know that this release reads; it writes none

// Values are stored. A frame of a type that a reader does not know comes from a newer release: it stops there and says so.
enum class FrameType : uint16_t {
  create = 1,  // a table comes to be; head: its schema
  schema = 2,  // a table's next schema version; head: the schema
  data = 3,    // rows of one lane and their commit; head: resolved symbols, body: a sealed ColumnBatch
  part = 4,    // rows of a request that mean nothing before it commits; as data, txn: the lane's last one; a request mark
  commit = 5,  // of all parts that the lane has of a request; a request mark and nothing else
  abort = 6,   // of a request: its parts never were
};

constexpr bool is_frame_type(uint16_t value) { return value >= 1 && value <= 6; }
constexpr bool has_rows(FrameType type) { return type == FrameType::data || type == FrameType::part; }
constexpr bool ends_request(FrameType type) { return type == FrameType::commit || type == FrameType::abort; }

// attachments := attachment...                       what a commit brings along beside its rows: typed, skippable
// attachment  := | type u16 | reserved u16 | size u32 | bytes, padded to 4 |
//
// Types are given in docs/wal.md; this release knows one (request_mark.h). With the flag a reader that does not know a type
// stops and says so; without it, it steps over.
struct WalAttachment {
  uint16_t type = 0;
  std::span<const std::byte> bytes;
};

inline constexpr size_t wal_attachment_header_size = 8;
inline constexpr uint16_t wal_flag_attachments_must_be_known = 1;

// Takes the first one off `rest`. Nothing at the end, and where there is no attachment: then `rest` is not empty.
std::optional<WalAttachment> take_attachment(std::span<const std::byte>& rest);

struct WalPlace {
  uint64_t salt = 0;  // of the database, from its superblock
  uint64_t stream = 0;
  uint64_t sequence = 0;  // of the segment
  uint64_t offset = 0;    // in the segment, of the bytes that are checked
};
static_assert(sizeof(WalPlace) == 32);

struct WalSegmentHeader {
  uint64_t magic;
  uint32_t format;
  uint32_t epoch;
  uint64_t features_may_ignore;  // a reader goes on without knowing these
  uint64_t features_must_know;   // a reader refuses the file when it does not know all of these
  std::array<std::byte, 16> database;
  uint64_t salt;
  uint64_t stream;
  uint64_t sequence;
  uint64_t segment_size;
  uint64_t first_lsn;     // of the first frame
  uint32_t previous_crc;  // header_crc of the frame before it, 0 when there is none
  uint16_t shard;
  uint16_t reserved;
  uint32_t reserved_2;
  uint32_t crc;  // of the fields before, unplaced; the rest of the block is zeros
};
static_assert(sizeof(WalSegmentHeader) == 104);
static_assert(offsetof(WalSegmentHeader, crc) == 100);

struct WalFrameHeader {
  uint32_t size;   // from the header to the end of the body; 0: the group holds no further frame
  uint16_t type;   // FrameType
  uint16_t flags;  // wal_flag_...
  uint64_t lsn;    // one more than the frame before
  uint32_t epoch;
  uint32_t previous_crc;  // header_crc of the frame before in the stream, 0 for LSN 1
  uint32_t table;
  uint16_t lane;
  uint16_t reserved;
  uint64_t txn;
  uint32_t head_size;
  uint32_t attachments_size;
  uint32_t body_size;
  uint32_t body_crc;  // of the body, unplaced
  uint32_t reserved_2;
  uint32_t header_crc;  // placed; of the fields before, then head and attachments
};
static_assert(sizeof(WalFrameHeader) == 64);
static_assert(offsetof(WalFrameHeader, header_crc) == 60);

// The last bytes of a group's last block. It opens with what ends the frames.
struct WalTrailer {
  uint64_t zero;       // 0
  uint64_t salt;       // of the database
  uint64_t first_lsn;  // of the group
  uint64_t last_lsn;
  uint64_t synced_lsn;  // every frame up to here was durable when this group was written
  uint32_t epoch;
  uint32_t size;  // of the group, all blocks
  uint64_t reserved;
  uint32_t reserved_2;
  uint32_t crc;  // placed; of the fields before
};
static_assert(sizeof(WalTrailer) == 64);
static_assert(offsetof(WalTrailer, crc) == 60);

inline constexpr size_t wal_frame_alignment = 8;                   // of frames and bodies
inline constexpr uint64_t wal_groups_offset = engine::block_size;  // of the first group in a segment
static_assert(sizeof(WalSegmentHeader) <= wal_groups_offset);

// Offset of the body from the start of the frame.
constexpr uint64_t wal_body_offset(uint64_t head_size, uint64_t attachments_size) {
  return engine::align_up(sizeof(WalFrameHeader) + head_size + attachments_size, wal_frame_alignment);
}

// What a frame takes at most beside its head and its body.
inline constexpr uint64_t wal_frame_overhead_max = sizeof(WalFrameHeader) + 2 * (wal_frame_alignment - 1);

// Size of the group whose frames, with their padding, take `frames_size` bytes.
constexpr uint64_t wal_group_size(uint64_t frames_size) {
  return engine::align_up(frames_size + sizeof(WalTrailer), engine::block_size);
}

uint32_t wal_crc(const WalSegmentHeader& header);
uint32_t wal_crc(const WalPlace& place, const WalFrameHeader& header, std::span<const std::byte> head_and_attachments);
uint32_t wal_crc(const WalPlace& place, const WalTrailer& trailer);

// A frame as its owner knows it.
struct WalFrame {
  FrameType type{};
  LaneId lane;
  Txn txn;
  Lsn lsn;                          // given by append; set in frames that are read
  std::span<const std::byte> head;  // the owner's part
  std::span<const std::byte> body;  // the source's part, as it was sealed
  uint32_t body_crc = 0;            // crc32c of the body
  std::span<const std::byte> attachments;
  bool attachments_must_be_known = false;

  // Space in a group.
  uint64_t stored_size() const {
    return engine::align_up(wal_body_offset(head.size(), attachments.size()) + body.size(), wal_frame_alignment);
  }
};

}  // namespace storage
