// What the owner of a lane keeps in memory of its files: shared by the steps of a table writer.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/apply/column_append.h"
#include "storage/files/growing_directory.h"
#include "storage/files/growing_file.h"
#include "storage/schema/ids.h"
#include "storage/schema/schema.h"
#include "storage/table/file_names.h"
#include "storage/table/manifest.h"
#include "storage/table/symbol_dictionary.h"

namespace storage {

struct RunFiles {
  GrowingDirectory directory;
  std::vector<ColumnFiles> columns;  // parallel to Run::columns
};

struct PartitionFiles {
  GrowingDirectory directory;
  std::vector<RunFiles> runs;  // parallel to PartitionManifest::runs
};

struct PartitionState {
  ManifestRef manifest;                     // published
  std::shared_ptr<PartitionManifest> next;  // what applies make of it, up to the end of a commit
  std::unique_ptr<PartitionFiles> files;    // while it is written to
  bool is_dirty = false;                    // `manifest` is newer than the durable one
};

struct DictionaryState {
  DictionaryState(LaneId lane, ColumnId column, uint64_t hash_seed)
      : symbols(hash_seed),
        offsets(dictionary_path(lane, column, FileKind::offsets)),
        texts(dictionary_path(lane, column, FileKind::texts)) {
    extent.column = column;
  }

  SymbolDictionary symbols;
  DictionaryExtent extent;  // what the files hold
  GrowingFile offsets;
  GrowingFile texts;
};

struct LaneState {
  SchemaRef schema;
  LaneId lane;
  uint64_t hash_seed = 0;  // of texts that clients chose: drawn at start, so that nobody can prepare collisions
  std::map<PartitionKey, PartitionState> partitions;
  std::map<ColumnId, std::unique_ptr<DictionaryState>> dictionaries;
  Txn applied;
  Txn checkpointed;
  uint32_t schema_version_durable = 0;  // 0: there is no schema file
  bool dictionaries_changed = false;    // since the last lane manifest
  GrowingDirectory table_directory;     // stands for those above it, too: they come to be together
  GrowingDirectory lane_directory;
  GrowingDirectory dictionary_directory;
};

// The files of a partition that its manifest names, ready to be written to.
std::unique_ptr<PartitionFiles> make_partition_files(const LaneState& state, const PartitionManifest& manifest);

// Adds to `round` what makes the directories that every lane needs, once in the life of a LaneState.
void make_lane_directories(LaneState& state, IoRound& round);

// Whether the names of the files that a start finds are durable. What the last process renamed may be visible and not durable,
// and what is read there decides what the WAL may forget: so recovery syncs each directory before it believes its files. When
// it is done, everything that it left is durable, and so is what no frame of the WAL speaks of any more.
enum class Names : uint8_t { perhaps_durable, durable };

// Blocking, at start: fills a state that has only schema and lane from the manifests and dictionaries on disk. Nothing there is
// fine.
absl::Status load_lane(engine::IoBackend& backend, LaneState& state, Names names);

}  // namespace storage
