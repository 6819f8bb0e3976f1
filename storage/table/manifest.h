// What is committed of a partition and of a lane. These structs are the memory form; their files are written by LaneWriter and
// described in docs/tables.md. A manifest that is shared (ManifestRef) never changes: publishing makes a new one.
//
//   tables/<table>/schema                                   Schema (schema.h)
//   tables/<table>/<lane>/lane                              LaneManifest
//   tables/<table>/<lane>/symbols/<column>.<kind>           symbol texts, append-only: offsets and texts
//   tables/<table>/<lane>/<partition>/manifest              PartitionManifest
//   tables/<table>/<lane>/<partition>/<run>/<column>.<kind> column files
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/bytes.h"
#include "storage/schema/ids.h"
#include "storage/schema/schema.h"

namespace storage {

// Per partition. Rows that would need more are rejected long before they are acked (crowding.h); what is acked is applied
// and read back, also when it takes more.
inline constexpr size_t runs_max = 8192;

// Column files of a run. Values are stored in manifests; the names are file endings.
enum class FileKind : uint8_t {
  values = 1,    // .values: fixed-width values; symbols as int32 ids; booleans as an LSB bitmap; long256 as 32 bytes
  validity = 2,  // .validity: LSB bitmap, 1 = present; absent when the column has no null
  offsets = 3,   // .offsets: row_count + 1 int64, varchar only; of a dictionary: symbols + 1
  texts = 4,     // .texts: all texts back to back
};

// The committed part of a file that grows. Its last block is the one that a later write touches again, even when it is full
// (the last byte of a bitmap may have bits left); a crash in such a write may tear it, so `tail` is what its committed bytes
// are, whatever the file holds there.
struct CommittedFile {
  FileKind kind{};
  uint64_t size = 0;            // committed bytes; what follows in the file means nothing
  uint32_t crc = 0;             // CRC32C of the committed bytes
  std::vector<std::byte> tail;  // the last tail_size(size) of them

  friend bool operator==(const CommittedFile&, const CommittedFile&) = default;
};

// Committed bytes in the last block of a file of `size` committed bytes: 1 to block_size, 0 of an empty file.
constexpr size_t tail_size(uint64_t size) { return size == 0 ? 0 : static_cast<size_t>((size - 1) % engine::block_size) + 1; }

struct RunColumn {
  ColumnId column;
  ColumnType type{};
  uint64_t row_start = 0;  // rows of the run before this one are null
  uint64_t row_count = 0;  // rows of the run from row_start + row_count on are null
  uint64_t nulls = 0;      // among the row_count
  std::vector<CommittedFile> files;

  friend bool operator==(const RunColumn&, const RunColumn&) = default;
};

// Rows sorted by the designated timestamp, ties in order of arrival. Runs of a partition are numbered in order of creation, and
// of two rows with the same timestamp the one that arrived earlier is in the lower run: a reader that merges by (timestamp,
// run) restores the order of arrival. Writers keep it so by giving each row to the first run whose last timestamp is not after
// it (patience sorting: the last timestamps of runs 0, 1, 2... always fall).
struct Run {
  RunId id;
  uint64_t rows = 0;
  int64_t timestamp_min = 0;
  int64_t timestamp_max = 0;
  std::vector<RunColumn> columns;

  friend bool operator==(const Run&, const Run&) = default;
};

// How much of a symbol dictionary the rows of a manifest may name.
struct DictionaryExtent {
  ColumnId column;
  uint32_t count = 0;  // symbols
  CommittedFile offsets{.kind = FileKind::offsets};
  CommittedFile texts{.kind = FileKind::texts};

  friend bool operator==(const DictionaryExtent&, const DictionaryExtent&) = default;
};

struct PartitionManifest {
  LaneId lane;
  PartitionKey key;
  Txn applied;  // every row of this partition up to this commit is in the runs
  std::vector<Run> runs;

  uint64_t rows() const {
    uint64_t sum = 0;
    for (const Run& run : runs) sum += run.rows;
    return sum;
  }

  friend bool operator==(const PartitionManifest&, const PartitionManifest&) = default;
};

using ManifestRef = std::shared_ptr<const PartitionManifest>;

struct LaneManifest {
  LaneId lane;
  Txn checkpointed;  // every commit up to this one is in durable partition manifests: the WAL may forget it
  std::vector<DictionaryExtent> dictionaries;

  friend bool operator==(const LaneManifest&, const LaneManifest&) = default;
};

}  // namespace storage
