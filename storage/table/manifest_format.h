// The three files that say what is committed: partition manifest, lane manifest, schema file. Each is small, replaced as a
// whole by rename, and checked as a whole: what decodes is what was written. The other way round, decoding takes bytes that
// nobody vouches for: every count and size is checked before memory is taken for it.
//
// file := | magic u8[8] | format_version u32 | may_ignore u32 | must_know u32 | body_size u32 | body | crc u32 |
//         all little-endian, unpadded; crc is CRC32C of everything before it
//
// magic          MRPART\r\n, MRLANE\r\n or MRSCHM\r\n: text-mode copies break it
// format_version counts bodies that have nothing in common with the one before; the frame around the body stays as it is
// may_ignore     a set bit: fields of that feature follow at the end of the body; who does not know it skips them
// must_know      a set bit that a reader does not know: it must refuse the file
//
// partition body := | table u32 | lane u16 | reserved u16 | key i64 | applied u64 | run_count u32 | run... |
// run            := | id u32 | rows u64 | timestamp_min i64 | timestamp_max i64 | column_count u32 | column... |
// column         := | id u32 | type u8 | file_count u8 | reserved u16 | row_start u64 | row_count u64 | nulls u64 | file... |
// file           := | kind u8 | reserved u8[3] | crc u32 | size u64 | tail: last (size - 1) % 4096 + 1 bytes, none of size 0 |
// lane body      := | table u32 | lane u16 | reserved u16 | checkpointed u64 | dictionary_count u32 | dictionary... |
// dictionary     := | column u32 | count u32 | file (offsets) | file (texts) |
// must_know 1    of a lane, reserved: a list of source positions follows the dictionaries, | count u32 | position... |, each
//                | source u32 | line u32 | offset u64 | watermark u64 | fingerprint u64 | (docs/wal.md, attachments); to be
//                known, since a release that left them out would store rows twice
// schema body    := the schema record of schema/schema.h
//
// Unknown magic, version or must-know bit: failed precondition. Anything else that is wrong: data loss.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "storage/schema/schema.h"
#include "storage/table/manifest.h"

namespace storage {

inline constexpr size_t manifest_size_max = size_t{1} << 30;  // a reader refuses larger files unread

std::vector<std::byte> encode_partition_manifest(const PartitionManifest& manifest);
std::vector<std::byte> encode_lane_manifest(const LaneManifest& manifest);
std::vector<std::byte> encode_schema_file(const Schema& schema);

// `path` opens error messages.
absl::StatusOr<PartitionManifest> decode_partition_manifest(std::span<const std::byte> file, std::string_view path);
absl::StatusOr<LaneManifest> decode_lane_manifest(std::span<const std::byte> file, std::string_view path);
absl::StatusOr<Schema> decode_schema_file(std::span<const std::byte> file, std::string_view path);

}  // namespace storage
