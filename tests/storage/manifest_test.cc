#include "storage/table/manifest_format.h"

#include <cstring>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "tests/catch.h"
#include "tests/storage/golden/manifests.h"
#include "tests/storage/hex.h"

namespace storage {
namespace {

using engine::message_of;
using tests::hex_text;

std::vector<std::byte> bytes_of(std::string_view text) {
  const std::span<const std::byte> bytes = engine::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

PartitionManifest partition_manifest() {
  RunColumn timestamp{.column = ColumnId{0}, .type = ColumnType::timestamp_us, .row_count = 2};
  timestamp.files = {{.kind = FileKind::values, .size = 16, .crc = 0xAABBCCDD, .tail = bytes_of("0123456789abcdef")}};
  RunColumn text{.column = ColumnId{5}, .type = ColumnType::varchar, .row_start = 1, .row_count = 1, .nulls = 1};
  text.files = {{.kind = FileKind::validity, .size = 1, .crc = 1, .tail = bytes_of("\1")},
                {.kind = FileKind::offsets, .size = 0, .crc = 0, .tail = {}},
                {.kind = FileKind::texts, .size = 4099, .crc = 3, .tail = bytes_of("xyz")}};
  const Run run{.id = RunId{0}, .rows = 2, .timestamp_min = -5, .timestamp_max = 9, .columns = {timestamp, text}};
  return {.lane = {TableId{7}, LaneNumber{1}}, .key = PartitionKey{-86'400'000'000}, .applied = Txn{42}, .runs = {run}};
}

LaneManifest lane_manifest() {
  const CommittedFile offsets{.kind = FileKind::offsets, .size = 8, .crc = 5, .tail = bytes_of("12345678")};
  const CommittedFile texts{.kind = FileKind::texts, .size = 6, .crc = 9, .tail = bytes_of("abcdef")};
  return {.lane = {TableId{7}, LaneNumber{1}}, .checkpointed = Txn{40}, .dictionaries = {{ColumnId{2}, 3, offsets, texts}}};
}

Schema schema() {
  return make_schema(TableId{7}, {.name = "cpu",
                                  .partition_unit = PartitionUnit::day,
                                  .designated = {1},
                                  .columns = {{"host", ColumnType::symbol}, {"timestamp", ColumnType::timestamp_us}}});
}

// The file with some bytes changed and a checksum that fits.
std::vector<std::byte> patched(std::vector<std::byte> file, size_t offset, uint32_t value) {
  engine::store(file.data() + offset, value);
  const size_t body_end = file.size() - sizeof(uint32_t);
  engine::store(file.data() + body_end, engine::crc32c(std::span(file).first(body_end)));
  return file;
}

TEST_CASE("manifest: files lead back to what was written") {
  CHECK(decode_partition_manifest(encode_partition_manifest(partition_manifest()), "m").value() == partition_manifest());
  CHECK(decode_lane_manifest(encode_lane_manifest(lane_manifest()), "m").value() == lane_manifest());
  CHECK(decode_schema_file(encode_schema_file(schema()), "m").value() == schema());
}

TEST_CASE("manifest: the bytes are those of format version 2") {
  CHECK(hex_text(encode_partition_manifest(partition_manifest())) == golden::partition_manifest);
  CHECK(hex_text(encode_lane_manifest(lane_manifest())) == golden::lane_manifest);
  CHECK(hex_text(encode_schema_file(schema())) == golden::schema_file);
}

TEST_CASE("manifest: every flipped bit and every cut is found") {
  const std::vector<std::byte> file = encode_partition_manifest(partition_manifest());
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    std::vector<std::byte> flipped = file;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    CHECK_FALSE(decode_partition_manifest(flipped, "m").ok());
  }
  for (size_t size = 0; size < file.size(); ++size) {
    CHECK_FALSE(decode_partition_manifest(std::span(file).first(size), "m").ok());
  }
}

// What is decoded keeps to what encoding asks of a manifest: a checkpoint writes it again, and ends the process where it does
// not.
TEST_CASE("manifest: fields that cannot be true are refused even under a good checksum") {
  PartitionManifest two_runs = partition_manifest();
  two_runs.runs.push_back({.id = RunId{1}, .rows = 1, .timestamp_min = -7, .timestamp_max = 3});
  const std::vector<std::byte> file = encode_partition_manifest(two_runs);
  for (size_t offset = 24; offset + 8 <= file.size(); ++offset) {
    for (const uint32_t value : {0U, 1U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
      const absl::StatusOr<PartitionManifest> decoded = decode_partition_manifest(patched(file, offset, value), "m");
      if (decoded.ok()) CHECK(encode_partition_manifest(*decoded).size() <= file.size());
    }
  }
}

TEST_CASE("manifest: errors name file, offset, expected and found") {
  const std::vector<std::byte> file = encode_lane_manifest(lane_manifest());
  const auto message = [](std::span<const std::byte> bytes) {
    return std::string(message_of(decode_lane_manifest(bytes, "tables/7/1/lane").status()));
  };
  CHECK(message(std::span(file).first(10)) == "tables/7/1/lane: truncated: bytes needed at offset 8: expected 4, found 2");
  std::vector<std::byte> damaged = file;
  damaged[30] ^= std::byte{1};
  CHECK(
      message(damaged).starts_with("tables/7/1/lane: checksum at offset " + std::to_string(file.size() - 4) + ": expected 0x"));
  CHECK(message(patched(file, 40, 4'000'000'000)) ==
        "tables/7/1/lane: dictionaries at offset 44: expected at most 1, found 4000000000");
}

TEST_CASE("manifest: other kinds and newer formats are refused, not called damaged") {
  const std::vector<std::byte> file = encode_lane_manifest(lane_manifest());
  const auto code = [](std::span<const std::byte> bytes) { return decode_lane_manifest(bytes, "lane").status().code(); };
  CHECK(code(encode_partition_manifest(partition_manifest())) == absl::StatusCode::kFailedPrecondition);
  CHECK(code(patched(file, 8, 3)) == absl::StatusCode::kFailedPrecondition);
  CHECK(code(patched(file, 16, 0x80000000)) == absl::StatusCode::kFailedPrecondition);
  std::vector<std::byte> flipped = file;
  flipped[8] ^= std::byte{4};
  CHECK(code(flipped) == absl::StatusCode::kDataLoss);
}

TEST_CASE("manifest: fields of a feature that may be ignored are skipped") {
  std::vector<std::byte> file = encode_lane_manifest(lane_manifest());
  file.insert(file.end() - 4, 12, std::byte{0x5A});
  engine::store(file.data() + 20, static_cast<uint32_t>(file.size() - 28));
  CHECK(decode_lane_manifest(patched(file, 12, 0), "m").status().code() == absl::StatusCode::kDataLoss);
  CHECK(decode_lane_manifest(patched(file, 12, 4), "m").value() == lane_manifest());
}

}  // namespace
}  // namespace storage
