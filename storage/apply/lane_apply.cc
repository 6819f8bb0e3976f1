#include "storage/apply/lane_apply.h"

#include <algorithm>
#include <memory>
#include <string>

#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "storage/schema/partition_key.h"
#include "storage/table/file_names.h"

namespace storage {

namespace {

constexpr uint32_t row_left_out = UINT32_MAX;  // a position: the row is in no share

// Bytes of offsets that `count` further symbols bring: an end each, and the first brings the start of the first text.
size_t offsets_size(const DictionaryExtent& extent, size_t count) {
  return (count + (extent.count == 0 ? 1 : 0)) * sizeof(int64_t);
}

// The end of the symbols that a round of `memory` takes. One at least of an empty round, however long it is.
uint32_t end_of_fitting(const DictionaryState& dictionary, const IoRound& round) {
  const DictionaryExtent& extent = dictionary.extent;
  size_t texts_size = 0;
  uint32_t end = extent.count;
  for (; end < dictionary.symbols.size(); ++end) {
    texts_size += dictionary.symbols.text(SymbolId{end}).size();
    const size_t memory =
        FileAppend::memory_size(texts_size) + FileAppend::memory_size(offsets_size(extent, end + 1 - extent.count));
    if (memory > round.memory_left()) break;
  }
  return end == extent.count && round.empty() ? end + 1 : end;
}

}  // namespace

void LaneApply::start(RowBlock block) {
  VERIFY(shares_.empty());
  VERIFY(!append_);
  block_ = std::move(block);
  block_.complete_columns();
  sort_rows();
  split_rows();
  sort_sparse_columns();
  dictionaries_planned_ = false;
  share_ = 0;
  share_open_ = false;
}

void LaneApply::sort_rows() {
  order_.clear();
  if (!block_.in_order()) order_ = order_by_timestamp(block_.timestamps());
}

// Once for all shares, of which there may be as many as rows.
void LaneApply::sort_sparse_columns() {
  sparse_.assign(block_.columns().size(), {});
  std::vector<uint32_t> positions;  // by row, of the rows that are in a share
  for (size_t i = 0; i < block_.columns().size(); ++i) {
    const BlockColumn& column = block_.columns()[i];
    if (column.is_full(block_.rows())) continue;
    if (positions.empty() && !order_.empty()) {
      positions.assign(block_.rows(), row_left_out);
      for (const Share& share : shares_) {
        for (size_t k = share.rows.begin; k < share.rows.end; ++k) positions[order_[k]] = static_cast<uint32_t>(k);
      }
    }
    sparse_[i] = sort_places(column, positions);
  }
}

std::vector<LaneApply::SortedPlace> LaneApply::sort_places(const BlockColumn& column,
                                                           std::span<const uint32_t> positions) const {
  std::vector<SortedPlace> sorted;
  for (size_t piece = 0; piece < column.pieces.size(); ++piece) {
    const auto [row_first, place_first] = column.pieces[piece];
    const size_t place_end = piece + 1 < column.pieces.size() ? column.pieces[piece + 1].place : column.values.places();
    VERIFY_LE(row_first + (place_end - place_first), block_.rows());
    for (size_t place = place_first; place < place_end; ++place) {
      const size_t row = row_first + (place - place_first);
      const uint32_t position = positions.empty() ? static_cast<uint32_t>(row) : positions[row];
      if (position == row_left_out || !column.values.has(place)) continue;
      sorted.push_back({.position = position, .place = static_cast<uint32_t>(place)});
    }
  }
  if (!positions.empty()) std::ranges::sort(sorted, {}, &SortedPlace::position);
  return sorted;
}

// Makes `spread_` of the values that a sparse column has in `slice`. Returns the part of the slice that it holds, empty when
// there is none. It has a row for each position from the first value to the last, so that what is far apart costs rows, but
// nothing in front and behind:
//
//   slice of positions   4 5 6 7 8 9
//   values at              5   7          spread_ holds 5, 6 (null), 7; returned is [5, 8)
RowSlice LaneApply::spread_out(const BlockColumn& source, std::span<const SortedPlace> places, RowSlice slice) {
  const auto first = std::ranges::lower_bound(places, slice.begin, {}, &SortedPlace::position);
  const auto end = std::ranges::lower_bound(places, slice.end, {}, &SortedPlace::position);
  spread_.clear();
  if (first == end) return {{}, slice.begin, slice.begin};
  const size_t begin = first->position;
  const size_t rows = (end - 1)->position + size_t{1} - begin;
  VERIFY_LE(begin + rows, slice.end);
  const ColumnVector& values = source.values;
  spread_.type = values.type;
  spread_.words.resize(rows);
  spread_.present.resize(rows);
  if (values.kind() == Kind::texts) spread_.sizes.resize(rows);
  for (auto place = first; place != end; ++place) {
    const size_t row = place->position - begin;
    spread_.present[row] = 1;
    spread_.words[row] = is_word(values.kind()) ? values.words[place->place] : spread_.bytes.size();
    if (values.kind() == Kind::texts) {
      spread_.sizes[row] = values.sizes[place->place];
      spread_.bytes.append(values.text(place->place));
    } else if (!is_word(values.kind())) {
      spread_.bytes.append(engine::as_text(values.wide(place->place)));
    }
  }
  return {{}, begin, begin + rows};
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
    if (partition.next == nullptr) {
      partition.next = std::make_shared<PartitionManifest>(*partition.manifest);
      touched_.push_back(&partition);
    }
    partition.next->applied = block_.last_txn();
    std::vector<int64_t> lasts;
    for (const Run& run : partition.next->runs) lasts.push_back(run.timestamp_max);
    for (const RunShare& rows : deal_to_runs(lasts, timestamps, slice)) shares_.push_back({&partition, rows});
  }
}

// Commits up to `applied` are in the partition's runs: replay repeats them, and they must not be in it twice.
void LaneApply::leave_out_applied(Txn applied, RowSlice& slice) {
  if (engine::sabotaged("applied_twice")) return;
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
  VERIFY(round.empty());
  if (!plan_dictionaries(round)) return true;
  while (share_ < shares_.size()) {
    if (!plan_share(round, shares_[share_])) return true;
    ++share_;
  }
  return !round.empty();
}

RowBlock LaneApply::finish(BlockEnd end) {
  VERIFY(dictionaries_planned_);
  VERIFY_EQ(share_, shares_.size());
  VERIFY(!append_);
  if (end == BlockEnd::whole) publish();
  shares_.clear();
  order_.clear();
  sparse_ = {};
  spread_ = {};
  block_.clear();
  return std::move(block_);
}

void LaneApply::publish() {
  for (PartitionState* partition : touched_) {
    VERIFY_GE(partition->next->applied, partition->manifest->applied);
    partition->manifest = std::move(partition->next);
    partition->is_dirty = true;
  }
  state_.applied = std::max(state_.applied, block_.last_txn());
  touched_.clear();
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
  const uint32_t count = dictionary.symbols.size();
  if (dictionary.extent.count == count) return true;
  VERIFY_LT(dictionary.extent.count, count);
  if (round.files_left() < 2) return false;
  const uint32_t end = end_of_fitting(dictionary, round);
  if (end == dictionary.extent.count) return false;
  append_symbols(round, dictionary, end);
  return end == count;
}

// Those from the extent's end to `end`.
void LaneApply::append_symbols(IoRound& round, DictionaryState& dictionary, uint32_t end) {
  DictionaryExtent& extent = dictionary.extent;
  size_t texts_size = 0;
  for (uint32_t id = extent.count; id < end; ++id) texts_size += dictionary.symbols.text(SymbolId{id}).size();
  make_lane_directories(state_, round);
  FileAppend texts(round, dictionary.texts, extent.texts, texts_size);
  FileAppend offsets(round, dictionary.offsets, extent.offsets, offsets_size(extent, end - extent.count));
  const auto put_offset = [&offsets](uint64_t offset) {
    engine::store(offsets.tail().data(), static_cast<int64_t>(offset));
    offsets.advance(sizeof(int64_t));
  };
  uint64_t offset = extent.texts.size;
  if (extent.count == 0) put_offset(0);
  for (uint32_t id = extent.count; id < end; ++id) {
    const std::string_view text = dictionary.symbols.text(SymbolId{id});
    std::copy(text.begin(), text.end(), reinterpret_cast<char*>(texts.tail().data()));
    texts.advance(text.size());
    offset += text.size();
    put_offset(offset);
  }
  if (extent.count == 0) state_.dictionary_directory.add_name();
  texts.finish();
  offsets.finish();
  extent.count = end;
  VERIFY_EQ(extent.texts.size, offset);
  VERIFY_EQ(extent.offsets.size, (uint64_t{end} + 1) * sizeof(int64_t));
  state_.dictionaries_changed = true;
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
  if (!files.directory.is_made()) {
    round.add(Stage::make_partition_directory, {.op = engine::IoOp::mkdir, .path = files.directory.path().c_str()});
    files.directory.set_made();
    state_.lane_directory.add_name();
  }
  VERIFY_EQ(files.runs.size(), manifest.runs.size());
  VERIFY_LE(share.rows.run, manifest.runs.size());
  if (share.rows.run == manifest.runs.size()) {
    const RunId id{manifest.runs.empty() ? 0 : manifest.runs.back().id.value + 1};
    manifest.runs.push_back({.id = id});
    // What a crashed process may have left under this name is written over; no manifest names its bytes.
    files.runs.push_back({.directory = GrowingDirectory(run_directory(files.directory.path(), id)), .columns = {}});
  }
  RunFiles& run = files.runs[share.rows.run];
  if (!run.directory.is_made()) {
    round.add(Stage::make_run_directory, {.op = engine::IoOp::mkdir, .path = round.keep(run.directory.path())});
    run.directory.set_made();
    files.directory.add_name();
  }
  share_open_ = true;
  column_ = 0;
}

// The last timestamps of runs fall strictly, before and after: that is what the next rows are dealt by.
void LaneApply::close_share(const Share& share) {
  const std::span<Run> runs(share.partition->next->runs);
  Run& run = runs[share.rows.run];
  const RowSlice slice{order_, share.rows.begin, share.rows.end};
  const std::span<const int64_t> timestamps = block_.timestamps();
  const int64_t first = timestamps[slice.row(slice.begin)];
  VERIFY(run.rows == 0 || first >= run.timestamp_max);
  if (run.rows == 0) run.timestamp_min = first;
  run.timestamp_max = timestamps[slice.row(slice.end - 1)];
  VERIFY_LE(first, run.timestamp_max);
  VERIFY(share.rows.run == 0 || runs[share.rows.run - 1].timestamp_max > run.timestamp_max);
  run.rows += slice.size();
  for (const RunColumn& column : run.columns) VERIFY_LE(column.row_start + column.row_count, run.rows);
  share_open_ = false;
}

bool LaneApply::plan_column(IoRound& round, const Share& share, size_t index) {
  Run& run = share.partition->next->runs[share.rows.run];
  RunFiles& files = share.partition->files->runs[share.rows.run];
  VERIFY_EQ(files.columns.size(), run.columns.size());
  if (!append_) {
    const BlockColumn& source = block_.columns()[index];
    const RowSlice slice{order_, share.rows.begin, share.rows.end};
    const bool is_full = source.is_full(block_.rows());
    const RowSlice part = is_full ? slice : spread_out(source, sparse_[index], slice);
    const ColumnVector& values = is_full ? source.values : spread_;
    const RowSlice rows = is_full ? slice : RowSlice{{}, 0, part.size()};
    if (ColumnAppend::is_needless(values, rows)) return true;
    // Mostly at the block's own position.
    size_t place = index;
    if (place >= run.columns.size() || run.columns[place].column != source.id) {
      const auto found = std::find_if(run.columns.begin(), run.columns.end(),
                                      [&source](const RunColumn& column) { return column.column == source.id; });
      place = static_cast<size_t>(found - run.columns.begin());
    }
    if (place == run.columns.size()) {
      run.columns.push_back({.column = source.id, .type = values.type});
      files.columns.emplace_back();
    }
    const uint64_t rows_before = run.rows + (part.begin - slice.begin);
    append_.emplace(values, rows, rows_before, files.directory.path(), run.columns[place], files.columns[place]);
  }
  if (!append_->append(round)) return false;
  if (append_->made_files()) files.directory.add_name();
  append_.reset();
  return true;
}

}  // namespace storage
