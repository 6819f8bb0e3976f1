#include "tools/inspect/wal.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "storage/wal/format.h"
#include "storage/wal/names.h"
#include "storage/wal/request_mark.h"
#include "tools/inspect/rows.h"
#include "tools/inspect/tables.h"

namespace tools {
namespace {

using engine::block_size;
using storage::FrameType;
using storage::WalFrameHeader;
using storage::WalSegmentHeader;
using storage::WalTrailer;

std::string_view frame_type_name(uint16_t type) {
  switch (static_cast<FrameType>(type)) {
    case FrameType::create:
      return "CREATE";
    case FrameType::schema:
      return "SCHEMA";
    case FrameType::data:
      return "DATA";
    case FrameType::part:
      return "PART";
    case FrameType::commit:
      return "COMMIT";
    case FrameType::abort:
      return "ABORT";
  }
  return "unknown";
}

class SegmentInspector {
 public:
  SegmentInspector(const InspectSource& source, std::span<const std::byte> bytes, InspectOutput& output)
      : source_(source), bytes_(bytes), output_(output), rows_(source) {}

  void run() {
    if (!begin()) return;
    while (read_group() || go_on()) {
    }
    output_.line("end", {{"offset", offset_}, {"groups", groups_}, {"frames", frames_}, {"rows", row_count_}});
    if (segment_size_ > bytes_.size()) {
      output_.damage(source_.path, bytes_.size(), fmt::format("the file ends, its header says {} bytes", segment_size_));
    }
  }

 private:
  bool begin();
  bool begin_by_name();
  void show_header(const WalSegmentHeader& header);
  bool read_group();
  bool go_on();
  std::string fault_of(const WalFrameHeader& header) const;
  void take_frame(const WalFrameHeader& header);
  void show_content(const storage::WalFrame& frame);
  std::optional<WalTrailer> trailer_at(uint64_t block_end) const;
  bool looks_begun() const;

  storage::WalPlace place(uint64_t offset) const {
    return {.salt = place_.salt, .stream = place_.stream, .sequence = place_.sequence, .offset = offset};
  }
  std::span<const std::byte> bytes(uint64_t offset, uint64_t size) const {
    return bytes_.subspan(static_cast<size_t>(offset), static_cast<size_t>(size));
  }

  const InspectSource& source_;
  std::span<const std::byte> bytes_;
  InspectOutput& output_;
  FrameRows rows_;
  storage::WalPlace place_;
  uint64_t segment_size_ = 0;
  uint64_t offset_ = storage::wal_groups_offset;
  uint64_t group_start_ = storage::wal_groups_offset;
  std::string fault_;                     // why the frame at offset_ is not believed
  std::optional<uint64_t> lsn_expected_;  // unknown behind a damaged header
  std::optional<uint32_t> previous_crc_;  // unknown behind damage
  uint64_t groups_ = 0;
  uint64_t frames_ = 0;
  uint64_t row_count_ = 0;
};

void SegmentInspector::show_header(const WalSegmentHeader& header) {
  output_.fields("segment", {{"path", source_.path},
                             {"format", header.format},
                             {"database", hex(header.database)},
                             {"stream", storage::stream_name(storage::StreamId{header.stream})},
                             {"epoch", header.epoch},
                             {"shard", header.shard},
                             {"sequence", header.sequence},
                             {"segment_size", header.segment_size},
                             {"first_lsn", header.first_lsn},
                             {"previous_crc", hex(header.previous_crc, 8)},
                             {"features_may_ignore", header.features_may_ignore},
                             {"features_must_know", header.features_must_know},
                             {"crc", hex(header.crc, 8)}});
}

// Learns from the header where the bytes belong.
bool SegmentInspector::begin() {
  if (bytes_.size() < sizeof(WalSegmentHeader)) {
    output_.damage(source_.path, 0, fmt::format("a header of {} bytes, found {}", sizeof(WalSegmentHeader), bytes_.size()));
    return false;
  }
  const auto header = engine::load<WalSegmentHeader>(bytes_.data());
  if (std::ranges::all_of(bytes(0, sizeof(header)), [](std::byte byte) { return byte == std::byte{0}; })) {
    output_.line("segment", {{"path", source_.path}, {"state", "not begun: made ahead of use"}});
    return false;
  }
  show_header(header);
  const uint32_t crc = storage::wal_crc(header);
  if (header.magic != storage::wal_magic || header.crc != crc) {
    output_.damage(source_.path, 0, fmt::format("header checksum {:08x}, found {:08x}", crc, header.crc));
    return begin_by_name();
  }
  if (header.format != storage::wal_format || (header.features_must_know & ~storage::wal_features_known) != 0) {
    output_.damage(source_.path, 8, "written by another release");
    return false;
  }
  place_ = {.salt = header.salt, .stream = header.stream, .sequence = header.sequence, .offset = 0};
  segment_size_ = header.segment_size;
  lsn_expected_ = header.first_lsn;
  previous_crc_ = header.previous_crc;
  const std::optional<SegmentName> name = segment_name_of(source_);
  if (name && (name->stream.value != header.stream || name->sequence != header.sequence)) {
    output_.line("note", {{"what", "not begun under this name: what follows is its former life"}});
  }
  if (source_.superblock && source_.superblock->database.id != header.database) {
    output_.damage(source_.path, 32, "the segment belongs to another database");
  }
  return true;
}

// Behind a damaged header the path and the superblock still say where the bytes belong.
bool SegmentInspector::begin_by_name() {
  const std::optional<SegmentName> name = segment_name_of(source_);
  if (!name || !source_.superblock) return false;
  place_ = {
      .salt = source_.superblock->database.wal_salt, .stream = name->stream.value, .sequence = name->sequence, .offset = 0};
  return true;
}

// True when the group is whole and the next one may follow. Otherwise offset_ is where it stopped and fault_ says why.
bool SegmentInspector::read_group() {
  group_start_ = offset_;
  for (;;) {
    if (offset_ + sizeof(WalFrameHeader) > bytes_.size()) {
      fault_ = "the file ends";
      return false;
    }
    const auto header = engine::load<WalFrameHeader>(bytes_.data() + offset_);
    if (header.size == 0 && offset_ != group_start_) break;
    fault_ = fault_of(header);
    if (!fault_.empty()) return false;
    take_frame(header);
  }
  const uint64_t group_end = engine::align_up(offset_ + sizeof(WalTrailer), block_size);
  const std::optional<WalTrailer> trailer = trailer_at(group_end);
  if (!trailer) {
    output_.damage(source_.path, group_end - sizeof(WalTrailer), "the trailer of this group is damaged, its frames are whole");
  } else {
    output_.line("group", {{"offset", group_start_},
                           {"size", trailer->size},
                           {"first_lsn", trailer->first_lsn},
                           {"last_lsn", trailer->last_lsn},
                           {"synced_lsn", trailer->synced_lsn}});
  }
  ++groups_;
  offset_ = group_end;
  return true;
}

// Empty when everything about the frame at offset_ is right.
std::string SegmentInspector::fault_of(const WalFrameHeader& header) const {
  const uint64_t parts = storage::wal_body_offset(header.head_size, header.attachments_size) + header.body_size;
  if (header.size == 0) return "no frame";
  if (parts != header.size) return fmt::format("frame size {}, its parts take {}", header.size, parts);
  if (header.size > bytes_.size() - offset_) return fmt::format("a frame of {} bytes does not fit the file", header.size);
  if (lsn_expected_ && header.lsn != *lsn_expected_) return fmt::format("LSN {}, found {}", *lsn_expected_, header.lsn);
  if (const uint32_t epoch = storage::stream_epoch(storage::StreamId{place_.stream}); header.epoch != epoch) {
    return fmt::format("epoch {}, found {}", epoch, header.epoch);
  }
  if (previous_crc_ && header.previous_crc != *previous_crc_) {
    return fmt::format("previous crc {:08x}, found {:08x}", *previous_crc_, header.previous_crc);
  }
  const uint64_t checked = uint64_t{header.head_size} + header.attachments_size;
  const uint32_t crc = storage::wal_crc(place(offset_), header, bytes(offset_ + sizeof(header), checked));
  if (crc != header.header_crc) return fmt::format("header checksum {:08x}, found {:08x}", crc, header.header_crc);
  const uint32_t body_crc = engine::crc32c(bytes(offset_ + header.size - header.body_size, header.body_size));
  if (body_crc != header.body_crc) return fmt::format("body checksum {:08x}, found {:08x}", body_crc, header.body_crc);
  if (!storage::is_frame_type(header.type) || (header.flags & ~storage::wal_flag_attachments_must_be_known) != 0) {
    return fmt::format("type {} and flags {} of a newer release", header.type, header.flags);
  }
  return {};
}

void SegmentInspector::take_frame(const WalFrameHeader& header) {
  const storage::WalFrame frame{.type = static_cast<FrameType>(header.type),
                                .lane = {storage::TableId{header.table}, storage::LaneNumber{header.lane}},
                                .txn = storage::Txn{header.txn},
                                .lsn = storage::Lsn{header.lsn},
                                .head = bytes(offset_ + sizeof(header), header.head_size),
                                .body = bytes(offset_ + header.size - header.body_size, header.body_size),
                                .body_crc = header.body_crc,
                                .attachments = bytes(offset_ + sizeof(header) + header.head_size, header.attachments_size)};
  output_.line("frame", {{"lsn", header.lsn},
                         {"type", std::string(frame_type_name(header.type))},
                         {"table", header.table},
                         {"lane", header.lane},
                         {"txn", header.txn},
                         {"offset", offset_},
                         {"size", header.size},
                         {"head", header.head_size},
                         {"body", header.body_size},
                         {"crc", hex(header.header_crc, 8)}});
  show_content(frame);
  ++frames_;
  offset_ += engine::align_up(header.size, storage::wal_frame_alignment);
  lsn_expected_ = header.lsn + 1;
  previous_crc_ = header.header_crc;
}

void SegmentInspector::show_content(const storage::WalFrame& frame) {
  const std::string where = fmt::format("{} frame {}", source_.path, frame.lsn.value);
  if (const auto mark = storage::find_request_mark(frame.attachments)) {
    output_.line("request", {{"stream", storage::stream_name(mark->request.source)},
                             {"number", mark->request.number},
                             {"part", mark->part},
                             {"shared", mark->is_shared}});
  }
  if (storage::ends_request(frame.type)) return;
  if (!storage::has_rows(frame.type)) {
    const absl::StatusOr<storage::Schema> schema = storage::decode_schema(frame.head, where);
    if (!schema.ok()) return output_.damage(where, schema.status());
    rows_.learn(*schema);
    return show_schema(*schema, output_);
  }
  const absl::StatusOr<std::vector<Record>> rows = rows_.rows(frame);
  if (!rows.ok()) return output_.damage(where, rows.status());
  output_.table("row", *rows);
  row_count_ += rows->size();
}

std::optional<WalTrailer> SegmentInspector::trailer_at(uint64_t block_end) const {
  if (block_end > bytes_.size()) return std::nullopt;
  const uint64_t offset = block_end - sizeof(WalTrailer);
  const auto trailer = engine::load<WalTrailer>(bytes_.data() + offset);
  const bool valid = trailer.salt == place_.salt && trailer.crc == storage::wal_crc(place(offset), trailer) &&
                     trailer.size >= block_size && trailer.size <= block_end - storage::wal_groups_offset;
  return valid ? std::optional(trailer) : std::nullopt;
}

// What stands at offset_ was meant to be the next frame.
bool SegmentInspector::looks_begun() const {
  if (offset_ != group_start_) return true;
  if (offset_ + sizeof(WalFrameHeader) > bytes_.size()) return offset_ < bytes_.size();
  const auto header = engine::load<WalFrameHeader>(bytes_.data() + offset_);
  return lsn_expected_ && header.lsn == *lsn_expected_ &&
         header.epoch == storage::stream_epoch(storage::StreamId{place_.stream});
}

// After a frame that is not believed: to the next group with a valid trailer. False when there is none.
bool SegmentInspector::go_on() {
  for (uint64_t end = engine::align_down(offset_, block_size) + block_size; end <= bytes_.size(); end += block_size) {
    const std::optional<WalTrailer> trailer = trailer_at(end);
    if (!trailer) continue;
    const bool acknowledged = lsn_expected_ && trailer->synced_lsn >= *lsn_expected_;
    output_.damage(source_.path, offset_,
                   fmt::format("{}; {}the next trailer is that of frames {} to {}", fault_,
                               acknowledged ? "it was acknowledged, " : "", trailer->first_lsn, trailer->last_lsn));
    const uint64_t start = end - trailer->size;
    const bool is_this_group = start <= offset_;
    offset_ = is_this_group ? end : start;
    lsn_expected_ = is_this_group ? trailer->last_lsn + 1 : trailer->first_lsn;
    previous_crc_.reset();
    return true;
  }
  if (looks_begun())
    output_.damage(source_.path, offset_, fault_ + "; no group follows: a torn tail, or damage of the last group");
  return false;
}

}  // namespace

void inspect_segment(const InspectSource& source, std::span<const std::byte> bytes, InspectOutput& output) {
  SegmentInspector(source, bytes, output).run();
}

}  // namespace tools
