#include "storage/apply/lane_apply.h"

#include <algorithm>
#include <memory>
#include <string>

#include "engine/base/verify.h"
#include "storage/sabotage.h"
#include "storage/schema/partition_key.h"
#include "storage/table/file_names.h"

namespace storage {

void LaneApply::start(RowBlock block) {
  VERIFY(touched_.empty());
  block_ = std::move(block);
  block_.complete_columns();
  sort_rows();
  split_rows();
  text_starts_.assign(block_.columns().size(), {});
  for (size_t i = 0; i < block_.columns().size(); ++i) {
    if (block_.columns()[i].type != ColumnType::varchar) continue;
    uint64_t start = 0;
    text_starts_[i].reserve(block_.rows());
    for (const uint32_t length : block_.columns()[i].lengths) {
      text_starts_[i].push_back(start);
      start += length;
    }
  }
  dictionaries_planned_ = false;
  share_ = 0;
  share_open_ = false;
}

void LaneApply::sort_rows() {
  order_.clear();
  if (!block_.in_order()) order_ = order_by_timestamp(block_.timestamps());
}

// Cuts the sorted rows at the edges of partitions.
void LaneApply::split_rows() {
  const std::span<const int64_t> timestamps = block_.timestamps();
  const Schema& schema = *state_.schema;
  const ColumnType designated = schema.designated_column().type;
  size_t begin = 0;
  while (begin < timestamps.size()) {
    RowSlice slice{order_, begin, timestamps.size()};
    const PartitionRange range = partition_of(timestamps[slice.row(begin)], schema.partition_unit, designated);
    size_t low = begin + 1;  // the first place after the partition
    for (size_t high = slice.end; low < high;) {
      const size_t middle = low + (high - low) / 2;
      if (timestamps[slice.row(middle)] <= range.timestamp_last) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    slice.end = low;
    begin = low;
    PartitionState& partition = state_.partitions[range.key];
    if (partition.manifest == nullptr) {
      partition.manifest = std::make_shared<const PartitionManifest>(
          PartitionManifest{.lane = state_.lane, .key = range.key, .applied = state_.checkpointed, .runs = {}});
    }
    leave_out_applied(partition.manifest->applied, slice);
    if (slice.size() == 0) continue;
    std::vector<int64_t> lasts;
    for (const Run& run : partition.manifest->runs) lasts.push_back(run.timestamp_max);
    for (const RunShare& rows : deal_to_runs(lasts, timestamps, slice)) shares_.push_back({&partition, rows});
    partition.next = std::make_shared<PartitionManifest>(*partition.manifest);
    partition.next->applied = block_.last_txn();
    touched_.push_back(&partition);
  }
}

// Commits up to `applied` are in the partition's runs: replay repeats them, and they must not be in it twice.
void LaneApply::leave_out_applied(Txn applied, RowSlice& slice) {
  if (sabotaged(Sabotage::apply_twice)) return;
  size_t row_begin = 0;  // the first row of a later commit
  for (const BlockCommit& commit : block_.commits()) {
    if (commit.txn > applied) break;
    row_begin = commit.row_end;
  }
  if (row_begin == 0) return;
  if (order_.empty()) {
    slice.begin = std::clamp(row_begin, slice.begin, slice.end);
    return;
  }
  const auto at = [this](size_t place) { return order_.begin() + static_cast<std::ptrdiff_t>(place); };
  const auto kept = std::remove_if(at(slice.begin), at(slice.end), [row_begin](uint32_t row) { return row < row_begin; });
  slice.end = static_cast<size_t>(kept - order_.begin());
}

bool LaneApply::plan(IoRound& round) {
  if (!plan_dictionaries(round)) return true;
  while (share_ < shares_.size()) {
    if (!plan_share(round, shares_[share_])) return true;
    ++share_;
  }
  return !round.empty();
}

RowBlock LaneApply::finish() {
  for (PartitionState* partition : touched_) {
    partition->manifest = std::move(partition->next);
    partition->is_dirty = true;
  }
  state_.applied = std::max(state_.applied, block_.last_txn());
  touched_.clear();
  shares_.clear();
  order_.clear();
  block_.clear();
  return std::move(block_);
}

// The functions below return false when the round is full: they are called again with an empty one, and go on.

bool LaneApply::plan_dictionaries(IoRound& round) {
  if (dictionaries_planned_) return true;
  for (const auto& [column, dictionary] : state_.dictionaries) {
    if (!append_symbols(round, *dictionary)) return false;
  }
  dictionaries_planned_ = true;
  return true;
}

bool LaneApply::append_symbols(IoRound& round, DictionaryState& dictionary) {
  DictionaryExtent& extent = dictionary.extent;
  const uint32_t count = dictionary.symbols.size();
  if (extent.count == count) return true;
  size_t size = 0;
  uint32_t end = extent.count;
  for (; end < count; ++end) {
    const size_t entry_size = sizeof(uint32_t) + dictionary.symbols.text(SymbolId{end}).size();
    // A single text may be larger than a round, which has memory for one such.
    const bool has_own_round = size == 0 && round.empty();
    if (!has_own_round && FileAppend::memory_size(size + entry_size) > round.memory_left()) break;
    size += entry_size;
  }
  if (round.files_left() == 0 || end == extent.count) return false;

  make_lane_directories(state_, round);
  FileAppend append(round, dictionary.file, extent.file, size);
  for (uint32_t id = extent.count; id < end; ++id) {
    const std::string_view text = dictionary.symbols.text(SymbolId{id});
    engine::store(append.tail().data(), static_cast<uint32_t>(text.size()));
    append.advance(sizeof(uint32_t));
    std::copy(text.begin(), text.end(), reinterpret_cast<char*>(append.tail().data()));
    append.advance(text.size());
  }
  if (extent.count == 0) state_.dictionary_entries_changed = true;
  append.finish();
  extent.count = end;
  state_.dictionaries_changed = true;
  return end == count;
}

bool LaneApply::plan_share(IoRound& round, const Share& share) {
  if (!share_open_) open_share(round, share);
  while (column_ < block_.columns().size()) {
    if (!plan_column(round, share, column_)) return false;
    ++column_;
  }
  close_share(share);
  return true;
}

// Makes the directories of the share's run, and the run.
void LaneApply::open_share(IoRound& round, const Share& share) {
  make_lane_directories(state_, round);
  PartitionManifest& manifest = *share.partition->next;
  if (share.partition->files == nullptr) share.partition->files = make_partition_files(state_, *share.partition->manifest);
  PartitionFiles& files = *share.partition->files;
  if (!files.is_made) {
    round.add(Stage::make_partition_directory, {.op = engine::IoOp::mkdir, .path = files.directory.c_str()});
    files.is_made = true;
    state_.lane_entries_changed = true;
  }
  if (share.rows.run == manifest.runs.size()) {
    const RunId id{manifest.runs.empty() ? 0 : manifest.runs.back().id.value + 1};
    manifest.runs.push_back({.id = id});
    // What a crashed process may have left under this name is written over; no manifest names its bytes.
    files.runs.push_back({.directory = run_directory(files.directory, id)});
  }
  RunFiles& run = files.runs[share.rows.run];
  if (!run.is_made) {
    round.add(Stage::make_run_directory, {.op = engine::IoOp::mkdir, .path = round.keep(run.directory)});
    run.is_made = true;
    files.entries_changed = true;
  }
  share_open_ = true;
  column_ = 0;
}

void LaneApply::close_share(const Share& share) {
  Run& run = share.partition->next->runs[share.rows.run];
  const RowSlice slice{order_, share.rows.begin, share.rows.end};
  const std::span<const int64_t> timestamps = block_.timestamps();
  const int64_t first = timestamps[slice.row(slice.begin)];
  VERIFY(run.rows == 0 || first >= run.timestamp_max);
  if (run.rows == 0) run.timestamp_min = first;
  run.timestamp_max = timestamps[slice.row(slice.end - 1)];
  run.rows += slice.size();
  share_open_ = false;
}

bool LaneApply::plan_column(IoRound& round, const Share& share, size_t index) {
  Run& run = share.partition->next->runs[share.rows.run];
  RunFiles& files = share.partition->files->runs[share.rows.run];
  if (!append_) {
    const BlockColumn& source = block_.columns()[index];
    const RowSlice slice{order_, share.rows.begin, share.rows.end};
    if (ColumnAppend::is_needless(source, slice)) return true;
    // Mostly at the block's own position.
    size_t place = index;
    if (place >= run.columns.size() || run.columns[place].column != source.id) {
      const auto found = std::find_if(run.columns.begin(), run.columns.end(),
                                      [&source](const RunColumn& column) { return column.column == source.id; });
      place = static_cast<size_t>(found - run.columns.begin());
    }
    if (place == run.columns.size()) {
      run.columns.push_back({.column = source.id, .type = source.type});
      files.columns.emplace_back();
    }
    append_.emplace(source, text_starts_[index], slice, run.rows, files.directory, run.columns[place], files.columns[place]);
  }
  if (!append_->append(round)) return false;
  if (append_->made_files()) files.entries_changed = true;
  append_.reset();
  return true;
}

}  // namespace storage
