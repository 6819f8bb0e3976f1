#include "storage/apply/lane_checkpoint.h"

#include <utility>

#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "storage/table/file_names.h"
#include "storage/table/manifest_format.h"

namespace storage {

void LaneCheckpoint::start() {
  VERIFY(phase_ == Phase::done);
  VERIFY(files_.empty() && directories_.empty() && partitions_.empty());
  VERIFY_GE(state_.applied, state_.checkpointed);
  phase_ = Phase::sync;
  schema_ = state_.schema;
  applied_ = state_.applied;
}

bool LaneCheckpoint::plan(IoRound& round) {
  VERIFY(round.empty());
  while (phase_ != Phase::done) {
    const bool is_full = !plan_phase(round);
    if (!is_full) phase_ = static_cast<Phase>(static_cast<uint8_t>(phase_) + 1);
    if (!round.empty()) return true;
    VERIFY(!is_full);
  }
  return false;
}

void LaneCheckpoint::finish() {
  VERIFY(phase_ == Phase::done);
  VERIFY(files_.empty() && directories_.empty() && partitions_.empty());
  VERIFY_EQ(state_.applied, applied_);  // no apply has run
  state_.checkpointed = applied_;
  schema_.reset();
}

// False when the round is full: the phase goes on in the next one.
bool LaneCheckpoint::plan_phase(IoRound& round) {
  switch (phase_) {
    case Phase::sync:
      return plan_sync(round);
    case Phase::names:
      if (!engine::sabotaged("names_after_partitions")) plan_names(round);
      return true;
    case Phase::partitions:
      return plan_partitions(round);
    case Phase::lane:
      if (applied_ != state_.checkpointed) replace_lane_manifest(round, applied_);
      if (engine::sabotaged("names_after_partitions")) plan_names(round);
      return true;
    case Phase::done:
      break;
  }
  UNREACHABLE("checkpoint phase");
}

void LaneCheckpoint::collect(GrowingFile& file) {
  if (std::exchange(file.dirty, false) && !engine::sabotaged("column_files_not_synced")) files_.push_back(&file);
}

void LaneCheckpoint::collect_base() {
  if (state_.table_directory.take_changed()) {
    directories_.emplace_back(".");
    directories_.emplace_back(tables_directory);
    directories_.push_back(state_.table_directory.path());
  }
  if (state_.lane_directory.take_changed()) directories_.push_back(state_.lane_directory.path());
  if (state_.dictionary_directory.take_changed()) directories_.push_back(state_.dictionary_directory.path());
}

void LaneCheckpoint::collect_partition(PartitionState& partition) {
  const bool is_open = partition.next != nullptr;  // a commit is applied in part: of that nothing is said to be there
  if (!partition.is_dirty) {
    if (!is_open) partition.files.reset();  // no row came since the last checkpoint
    return;
  }
  partitions_.push_back(&partition);
  if (partition.files == nullptr) return;
  PartitionFiles& files = *partition.files;
  VERIFY_EQ(files.runs.size(), (is_open ? partition.next : partition.manifest)->runs.size());
  if (files.directory.take_changed()) directories_.push_back(files.directory.path());
  for (RunFiles& run : files.runs) {
    const bool changed = run.directory.take_changed();
    if (changed && !engine::sabotaged("run_directory_not_synced")) directories_.push_back(run.directory.path());
    for (ColumnFiles& column : run.columns) {
      for (const auto& file : column.by_kind) {
        if (file != nullptr) collect(*file);
      }
    }
  }
}

bool LaneCheckpoint::plan_sync(IoRound& round) {
  if (files_.empty() && directories_.empty()) {
    make_lane_directories(state_, round);
    collect_base();
    for (const auto& [column, dictionary] : state_.dictionaries) {
      if (engine::sabotaged("dictionaries_not_synced")) continue;
      collect(dictionary->offsets);
      collect(dictionary->texts);
    }
    for (auto& [key, partition] : state_.partitions) collect_partition(partition);
  }
  while (!files_.empty() && round.files_left() > 0) {
    GrowingFile& file = *files_.back();
    files_.pop_back();
    const engine::FileId id = round.pin(file.handle, file.path.c_str());
    round.add(Stage::sync, {.op = engine::IoOp::sync_data, .file = id, .path = file.path.c_str()});
  }
  while (!directories_.empty() && round.files_left() > 0) {
    if (!engine::sabotaged("directory_not_synced")) round.sync_directory(directories_.back());
    directories_.pop_back();
  }
  return files_.empty() && directories_.empty();
}

void LaneCheckpoint::plan_names(IoRound& round) {
  // The schema belongs to the owner of lane 0.
  if (state_.lane.lane == lane_first && schema_->version > state_.schema_version_durable) {
    round.replace(schema_path(state_.lane.table), encode_schema_file(*schema_));
    state_.schema_version_durable = schema_->version;
  }
  const Txn checkpointed = engine::sabotaged("lane_manifest_too_early") ? applied_ : state_.checkpointed;
  if (state_.dictionaries_changed) replace_lane_manifest(round, checkpointed);
}

bool LaneCheckpoint::plan_partitions(IoRound& round) {
  while (!partitions_.empty() && round.files_left() > 0) {
    PartitionState& partition = *partitions_.back();
    partitions_.pop_back();
    VERIFY(partition.is_dirty);
    const std::string directory = partition_directory(*schema_, state_.lane.lane, partition.manifest->key);
    round.replace(partition_manifest_path(directory), encode_partition_manifest(*partition.manifest));
    partition.is_dirty = false;
  }
  return partitions_.empty();
}

void LaneCheckpoint::replace_lane_manifest(IoRound& round, Txn checkpointed) {
  VERIFY_GE(checkpointed, state_.checkpointed);
  LaneManifest manifest{.lane = state_.lane, .checkpointed = checkpointed, .dictionaries = {}};
  for (const auto& [column, dictionary] : state_.dictionaries) {
    const DictionaryExtent& extent = dictionary->extent;
    if (extent.count == 0) continue;
    VERIFY_EQ(extent.offsets.size, (uint64_t{extent.count} + 1) * sizeof(int64_t));  // a start takes no other
    manifest.dictionaries.push_back(extent);
  }
  round.replace(lane_manifest_path(state_.lane), encode_lane_manifest(manifest));
  state_.dictionaries_changed = false;
}

}  // namespace storage
