#include "storage/wal/reader.h"

#include <algorithm>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "storage/wal/names.h"
#include "storage/wal/request_mark.h"
#include "storage/wal/request_note.h"

namespace storage {

using engine::block_size;

namespace {

bool checksums_matter() { return !engine::sabotaged("checksum_ignored"); }
bool origin_matters() { return !engine::sabotaged("origin_ignored"); }

// What of a whole frame this release does not know; empty when there is nothing.
std::string what_is_newer(const WalFrameHeader& header, std::span<const std::byte> attachments) {
  constexpr uint16_t flags_known = wal_flag_attachments_must_be_known;
  if (!is_frame_type(header.type) || (header.flags & ~flags_known) != 0) {
    return "type " + std::to_string(header.type) + ", flags " + std::to_string(header.flags);
  }
  while (const std::optional<WalAttachment> attachment = take_attachment(attachments)) {
    const bool is_known = attachment->type == wal_attachment_request || attachment->type == wal_attachment_note;
    if (is_known || (header.flags & wal_flag_attachments_must_be_known) == 0) continue;
    return "an attachment of type " + std::to_string(attachment->type) + " that must be known";
  }
  return attachments.empty() ? std::string() : "attachments of another form";
}

}  // namespace

WalReader::WalReader(engine::IoBackend& backend, const Database& database, WalStreamFiles files)
    : backend_(backend), database_(database), files_(std::move(files)), window_(backend) {
  VERIFY(std::ranges::is_sorted(files_.segments, {}, &WalSegmentFile::sequence));
}

absl::StatusOr<std::optional<WalFrame>> WalReader::next() {
  RETURN_IF_ERROR(status_);
  absl::StatusOr<std::optional<WalFrame>> frame = read_next();
  if (!frame.ok()) status_ = frame.status();
  return frame;
}

// Where the stream goes on after each group, until stop() says what ends it:
//
//   frame x | frame y | end | trailer || frame z | ...      || is a border of blocks
//                           good, good, end -> end_group() -> good ...
//   at a border: not good -> go_to_next_segment(), or the stream has ended in order
//   within a group: bad -> stop()
absl::StatusOr<std::optional<WalFrame>> WalReader::read_next() {
  while (!ended_) {
    if (!begun_) {
      begun_ = true;
      if (files_.segments.empty()) break;
      ASSIGN_OR_RETURN(const bool readable, begin_segment(0));
      if (!readable) {
        RETURN_IF_ERROR(stop());
        break;
      }
    }
    ASSIGN_OR_RETURN(const Parsed parsed, parse_frame());
    if (parsed.verdict == Verdict::newer) return newer_status(parsed);
    if (parsed.verdict == Verdict::good) {
      const uint64_t stored_size = engine::align_up(uint64_t{parsed.header.size}, wal_frame_alignment);
      place_ = {.sequence = static_cast<uint32_t>(files_.segments[segment_].sequence),
                .offset = static_cast<uint32_t>(offset_),
                .size = static_cast<uint32_t>(stored_size)};
      offset_ += stored_size;
      VERIFY_LT(offset_, window_.size());  // fields_fit() has left room for a trailer
      VERIFY_EQ(parsed.frame.lsn, expected_);
      in_group_ = true;
      expected_ = Lsn{parsed.header.lsn + 1};
      previous_crc_ = parsed.header.header_crc;
      ++counts_.frames;
      counts_.frames_size += parsed.header.size;
      return parsed.frame;
    }
    bool goes_on = false;
    if (!in_group_) {
      ASSIGN_OR_RETURN(goes_on, go_to_next_segment());
    } else if (parsed.verdict == Verdict::end) {
      ASSIGN_OR_RETURN(goes_on, end_group());
    }
    if (!goes_on) RETURN_IF_ERROR(stop());
  }
  ended_ = true;
  return std::optional<WalFrame>{};
}

std::string WalReader::path() const { return segment_path(files_.stream, files_.segments[segment_].sequence); }

WalPlace WalReader::placed_at(uint64_t offset) const {
  return {.salt = database_.wal_salt,
          .stream = files_.stream.value,
          .sequence = files_.segments[segment_].sequence,
          .offset = offset};
}

absl::Status WalReader::open_segment(size_t index) {
  VERIFY_LT(index, files_.segments.size());
  segment_ = index;
  return window_.open(path(), files_.segments[index].size);
}

bool WalReader::is_ours(const WalSegmentHeader& header) const {
  return header.database == database_.id && header.salt == database_.wal_salt && header.stream == files_.stream.value &&
         header.sequence == files_.segments[segment_].sequence && header.epoch == stream_epoch(files_.stream);
}

// Of the open segment; nothing when it was not begun in this life, or the header is damaged.
absl::StatusOr<std::optional<WalSegmentHeader>> WalReader::read_segment_header() {
  constexpr std::optional<WalSegmentHeader> none;
  ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, window_.bytes(0, sizeof(WalSegmentHeader)));
  if (bytes.size() < sizeof(WalSegmentHeader)) return none;
  const auto header = engine::load<WalSegmentHeader>(bytes.data());
  if (header.magic != wal_magic || (checksums_matter() && header.crc != wal_crc(header))) return none;
  // Of another format nobody knows where the rest stands; of this one, a former life's features do not matter.
  if (header.format == wal_format && origin_matters() && !is_ours(header)) return none;
  const uint64_t unknown = header.features_must_know & ~wal_features_known;
  if (header.format != wal_format || unknown != 0) {
    return engine::failed_precondition(path() + ": written by another release: format " + std::to_string(header.format) +
                                       " (this release knows " + std::to_string(wal_format) + "), unknown features " +
                                       std::to_string(unknown));
  }
  return header.first_lsn == 0 ? none : std::optional(header);
}

// False when the stream does not go on there.
absl::StatusOr<bool> WalReader::begin_segment(size_t index) {
  VERIFY(!in_group_);
  VERIFY_EQ(index > 0, expected_.value != 0);
  RETURN_IF_ERROR(open_segment(index));
  ASSIGN_OR_RETURN(const std::optional<WalSegmentHeader> header, read_segment_header());
  if (!header) return false;
  if (index > 0 && (header->first_lsn != expected_.value || header->previous_crc != previous_crc_)) return false;
  expected_ = Lsn{header->first_lsn};
  previous_crc_ = header->previous_crc;
  offset_ = wal_groups_offset;
  ++counts_.segments;
  counts_.sequence_last = files_.segments[index].sequence;
  return true;
}

// At the start of a group that is not there: the writer may have gone on in the next segment, whose header then says so.
absl::StatusOr<bool> WalReader::go_to_next_segment() {
  VERIFY(!in_group_);
  VERIFY_EQ(offset_ % block_size, 0U);
  const size_t here = segment_;
  const size_t next = segment_ + 1;
  if (next >= files_.segments.size() || files_.segments[next].sequence != files_.segments[here].sequence + 1) return false;
  ASSIGN_OR_RETURN(const bool readable, begin_segment(next));
  if (readable) return true;
  RETURN_IF_ERROR(open_segment(here));
  return false;
}

bool WalReader::fields_fit(const WalFrameHeader& header) const {
  const uint64_t parts = wal_body_offset(header.head_size, header.attachments_size) + header.body_size;
  const uint64_t end = offset_ + engine::align_up(header.size, wal_frame_alignment) + sizeof(WalTrailer);
  if (parts != header.size || end > window_.size() || header.lsn != expected_.value) return false;
  return !origin_matters() || (header.epoch == stream_epoch(files_.stream) && header.previous_crc == previous_crc_);
}

// What is cheap and small is looked at first, and nothing is read by a size that no checksum vouches for: the fields must fit
// into the segment, then the header's checksum must hold, then the body is read.
absl::StatusOr<WalReader::Parsed> WalReader::parse_frame() {
  VERIFY_EQ(offset_ % wal_frame_alignment, 0U);
  Parsed parsed;
  ASSIGN_OR_RETURN(std::span<const std::byte> bytes, window_.bytes(offset_, sizeof(WalFrameHeader)));
  if (bytes.size() < sizeof(WalFrameHeader)) return parsed;
  const auto header = engine::load<WalFrameHeader>(bytes.data());
  parsed.header = header;
  if (header.size == 0) {
    parsed.verdict = Verdict::end;
    return parsed;
  }
  if (!fields_fit(header)) return parsed;
  const size_t checked_size = size_t{header.head_size} + header.attachments_size;
  ASSIGN_OR_RETURN(bytes, window_.bytes(offset_, sizeof(WalFrameHeader) + checked_size));
  if (bytes.size() < sizeof(WalFrameHeader) + checked_size) return parsed;
  const bool is_header = header_holds(placed_at(offset_), header, bytes.subspan(sizeof(WalFrameHeader)));
  if (checksums_matter() && !is_header) return parsed;
  ASSIGN_OR_RETURN(bytes, window_.bytes(offset_, header.size));
  if (bytes.size() < header.size) return parsed;
  if (checksums_matter() && !body_holds(header, bytes)) return parsed;
  parsed.frame = view_frame(header, bytes);
  parsed.newer = what_is_newer(header, parsed.frame.attachments);
  parsed.verdict = parsed.newer.empty() ? Verdict::good : Verdict::newer;
  return parsed;
}

absl::StatusOr<std::optional<WalTrailer>> WalReader::read_trailer(uint64_t block_end) {
  VERIFY_GE(block_end, block_size);
  VERIFY_EQ(block_end % block_size, 0U);
  const uint64_t offset = block_end - sizeof(WalTrailer);
  ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, window_.bytes(offset, sizeof(WalTrailer)));
  if (bytes.size() < sizeof(WalTrailer)) return std::optional<WalTrailer>{};
  const auto trailer = engine::load<WalTrailer>(bytes.data());
  const bool ours = trailer.salt == database_.wal_salt && trailer.epoch == stream_epoch(files_.stream);
  const bool valid = (ours || !origin_matters()) && trailer.crc == wal_crc(placed_at(offset), trailer);
  return valid ? std::optional(trailer) : std::nullopt;
}

// The frames of the group were whole. Its trailer only bears witness of earlier groups, so a damaged one is counted, no more.
absl::StatusOr<bool> WalReader::end_group() {
  VERIFY(in_group_);
  const uint64_t group_end = engine::align_up(offset_ + sizeof(WalTrailer), block_size);
  ASSIGN_OR_RETURN(const std::optional<WalTrailer> trailer, read_trailer(group_end));
  if (!trailer || trailer->last_lsn + 1 != expected_.value) ++counts_.trailers_damaged;
  offset_ = group_end;
  in_group_ = false;
  return true;
}

absl::Status WalReader::stop() {
  VERIFY(!ended_);
  VERIFY(!damage_);
  ended_ = true;
  const size_t segment = segment_;
  const uint64_t offset = offset_;
  ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, window_.bytes(offset_, sizeof(WalFrameHeader)));
  if (bytes.size() == sizeof(WalFrameHeader) && expected_.value != 0) {
    const auto header = engine::load<WalFrameHeader>(bytes.data());
    counts_.tail_torn = in_group_ || (header.lsn == expected_.value && header.epoch == stream_epoch(files_.stream));
  }
  RETURN_IF_ERROR(look_ahead(offset));
  if (!damage_) return absl::OkStatus();
  damage_->sequence = files_.segments[segment].sequence;
  damage_->offset = offset;
  return damage_status();
}

absl::Status WalReader::look_ahead(uint64_t offset) {
  const size_t first = segment_;
  RETURN_IF_ERROR(look_for_trailers(engine::align_down(offset, block_size), first == 0));
  for (size_t index = first + 1; index < files_.segments.size(); ++index) {
    RETURN_IF_ERROR(open_segment(index));
    RETURN_IF_ERROR(look_at_header());
    RETURN_IF_ERROR(look_for_trailers(0, false));
  }
  return absl::OkStatus();
}

void WalReader::add_witness(Lsn durable, Lsn readable_from) {
  VERIFY_GE(durable, expected_);
  if (!damage_) damage_ = WalDamage{.first = expected_, .last = {}, .readable_from = readable_from};
  damage_->last = std::max(damage_->last, durable);
}

// A segment's header goes out with its first group, when everything before that is durable: it bears witness even where the
// group's trailer was never written.
absl::Status WalReader::look_at_header() {
  ASSIGN_OR_RETURN(const std::optional<WalSegmentHeader> header, read_segment_header());
  if (!header || header->first_lsn == 1) return absl::OkStatus();
  if (expected_.value == 0) expected_ = Lsn{1};
  if (header->first_lsn > expected_.value) add_witness(Lsn{header->first_lsn - 1}, Lsn{header->first_lsn});
  return absl::OkStatus();
}

absl::Status WalReader::look_for_trailers(uint64_t offset, bool first_segment) {
  VERIFY_EQ(offset % block_size, 0U);
  for (uint64_t end = offset + block_size; end <= window_.size(); end += block_size) {
    ASSIGN_OR_RETURN(const std::optional<WalTrailer> trailer, read_trailer(end));
    if (!trailer) continue;
    // Without a readable header the first frame's LSN is unknown: the segment's first group gives it. When that is missing too,
    // whatever follows it bears witness that it was there.
    if (expected_.value == 0) {
      const bool first_group = first_segment && end - trailer->size == wal_groups_offset;
      expected_ = Lsn{first_group ? trailer->first_lsn : 1};
    }
    if (trailer->synced_lsn >= expected_.value) add_witness(Lsn{trailer->synced_lsn}, Lsn{trailer->first_lsn});
  }
  return absl::OkStatus();
}

absl::Status WalReader::newer_status(const Parsed& parsed) const {
  return engine::failed_precondition(path() + ": frame " + std::to_string(parsed.header.lsn) + " at offset " +
                                     std::to_string(offset_) + " was written by a newer release: " + parsed.newer);
}

absl::Status WalReader::damage_status() const {
  return engine::data_loss("wal stream " + stream_name(files_.stream) + ": frame " + std::to_string(damage_->first.value) +
                           " is damaged, expected in " + segment_path(files_.stream, damage_->sequence) + " at offset " +
                           std::to_string(damage_->offset) + "; frames up to " + std::to_string(damage_->last.value) +
                           " were acknowledged, the next group that looks whole begins with frame " +
                           std::to_string(damage_->readable_from.value));
}

}  // namespace storage
