#include "storage/read/table_scan.h"

#include <algorithm>
#include <iterator>
#include <queue>
#include <tuple>

#include "engine/base/verify.h"
#include "storage/read/dictionary_reader.h"
#include "storage/read/run_reader.h"
#include "storage/table/symbol_dictionary.h"

namespace storage {
namespace {

// Bytes of column files held at once, over all columns of all runs that are merged. Their windows share it.
constexpr size_t scan_memory_max = 64 * 1024 * 1024;
constexpr size_t window_size_min = 512;
constexpr size_t window_size_max = 64 * 1024;
constexpr size_t windows_max = scan_memory_max / window_size_min;

// Where merged rows come from next: the run whose head is first. Greater, because std::priority_queue shows the greatest.
struct LaterHead {
  bool operator()(const RunReader* a, const RunReader* b) const {
    return std::tuple(a->timestamp(), a->place().order) > std::tuple(b->timestamp(), b->place().order);
  }
};

class RunScan final : public TableScan {
 public:
  RunScan(engine::FilePool& files, TableSnapshot snapshot, ScanOptions options)
      : snapshot_(std::move(snapshot)), options_(std::move(options)), files_(files) {
    const Schema& schema = *snapshot_.schema;
    for (const ColumnIndex index : options_.columns) {
      VERIFY_LT(index.value, schema.columns.size());
      chunk_.columns.push_back({.type = schema.column(index).type});
    }
    plan_chunk();
    add_dictionaries();
    plan_runs();
  }

  absl::StatusOr<const ScanChunk*> next() override;

  std::string_view symbol_text(size_t column, SymbolId id) const override {
    const size_t lanes = snapshot_.lanes.size();
    return dictionaries_[column][id.value % lanes].text(SymbolId{static_cast<uint32_t>(id.value / lanes)});
  }

  uint64_t row_id(size_t row) const override;

 private:
  // Rows of a chunk that follow one another in a run, too.
  struct Stretch {
    size_t row = 0;   // of the chunk: the first one
    uint64_t id = 0;  // of that row
  };

  TimeWindow time_window() const { return {.min = options_.timestamp_min, .max = options_.timestamp_max}; }
  void add_dictionaries();
  void plan_chunk();
  void plan_runs();
  void plan_lane(size_t lane);
  void begin_stretch(uint64_t id);
  void clear_chunk();
  absl::Status fill_chunk();
  absl::Status open_group();
  absl::StatusOr<size_t> merge_heads(size_t count_max);
  absl::StatusOr<size_t> append_rows(RunReader& reader, size_t count_max);
  absl::Status resolve_symbols(size_t column, size_t lane, size_t row_first);

  TableSnapshot snapshot_;
  ScanOptions options_;
  engine::FilePool& files_;
  std::vector<std::vector<DictionaryReader>> dictionaries_;  // by wanted column, then lane; empty unless a symbol
  std::vector<RunPlace> runs_;                               // that have rows in the time window, by first timestamp
  uint64_t rows_planned_ = 0;                                // of all runs
  size_t runs_opened_ = 0;
  std::vector<RunReader> group_;  // runs that overlap in time; merged when there are several
  std::priority_queue<RunReader*, std::vector<RunReader*>, LaterHead> heads_;
  ScanChunk chunk_;
  std::vector<Stretch> stretches_;               // of the chunk, in order of its rows
  size_t rows_max_ = scan_chunk_rows_max;        // of the chunk
  size_t texts_size_max_ = scan_chunk_size_max;  // of each of its columns
};

// Few rows when there are many columns.
void RunScan::plan_chunk() {
  size_t row_size = 0;
  size_t text_columns = 0;
  for (const ColumnVector& column : chunk_.columns) {
    row_size += sizeof(uint64_t) + sizeof(uint8_t);  // the word, and whether it is there
    if (column.kind() == Kind::texts) {
      row_size += sizeof(uint32_t);
      ++text_columns;
    } else if (!is_word(column.kind())) {
      row_size += width_of(column.kind());
    }
  }
  if (row_size != 0) rows_max_ = std::clamp<size_t>(scan_chunk_size_max / row_size, 1, scan_chunk_rows_max);
  if (text_columns != 0) texts_size_max_ = scan_chunk_size_max / text_columns;
}

void RunScan::add_dictionaries() {
  dictionaries_.resize(options_.columns.size());
  for (size_t i = 0; i < options_.columns.size(); ++i) {
    const Column& column = snapshot_.schema->column(options_.columns[i]);
    if (!is_symbol(column.type)) continue;
    for (const LaneSnapshotRef& lane : snapshot_.lanes) {
      const auto extent = std::ranges::find(lane->dictionaries, column.id, &DictionaryExtent::column);
      dictionaries_[i].emplace_back(files_, lane->lane, column.id, extent == lane->dictionaries.end() ? nullptr : &*extent);
    }
  }
}

void RunScan::plan_runs() {
  for (size_t lane = 0; lane < snapshot_.lanes.size(); ++lane) plan_lane(lane);
  std::ranges::stable_sort(runs_, {}, &RunPlace::timestamp_min);
}

void RunScan::plan_lane(size_t lane) {
  for (const ManifestRef& partition : snapshot_.lanes[lane]->partitions) {
    for (size_t i = 0; i < partition->runs.size(); ++i) {
      const Run& run = partition->runs[i];
      const uint64_t rows_before = rows_planned_;
      rows_planned_ += run.rows;  // whatever the window: a row has the same id in every scan
      if (run.rows == 0 || run.timestamp_max < options_.timestamp_min || run.timestamp_min > options_.timestamp_max) continue;
      runs_.push_back(
          {.lane = lane, .partition = partition.get(), .run = &run, .order = (lane << 32) + i, .rows_before = rows_before});
    }
  }
}

absl::StatusOr<const ScanChunk*> RunScan::next() {
  clear_chunk();
  RETURN_IF_ERROR(fill_chunk());
  return &chunk_;
}

// What one large row took is given back: there may be many columns, and another one is large in each row.
void RunScan::clear_chunk() {
  chunk_.rows = 0;
  stretches_.clear();
  for (ColumnVector& column : chunk_.columns) {
    column.clear();
    if (column.kind() == Kind::texts && column.bytes.capacity() > 2 * texts_size_max_) std::string().swap(column.bytes);
  }
}

absl::Status RunScan::fill_chunk() {
  while (chunk_.rows < rows_max_) {
    const bool group_done = heads_.empty() && (group_.empty() || group_.front().rows_left() == 0 || group_.size() > 1);
    if (group_done) {
      if (runs_opened_ == runs_.size()) break;
      RETURN_IF_ERROR(open_group());
      continue;
    }
    const size_t room = rows_max_ - chunk_.rows;
    size_t count = 0;
    if (heads_.empty()) {
      RunReader& reader = group_.front();
      ASSIGN_OR_RETURN(count, append_rows(reader, static_cast<size_t>(std::min<uint64_t>(room, reader.rows_left()))));
    } else {
      ASSIGN_OR_RETURN(count, merge_heads(room));
    }
    if (count == 0) break;  // the next row has texts that do not fit
  }
  return absl::OkStatus();
}

// Opens the next run, and with it all that overlap: their rows have to be merged. Rows that nobody looks into need no order.
absl::Status RunScan::open_group() {
  VERIFY(heads_.empty());  // they point into the group
  VERIFY_LT(runs_opened_, runs_.size());
  group_.clear();
  const size_t first = runs_opened_;
  int64_t timestamp_last = runs_[first].timestamp_max();
  size_t end = first + 1;
  for (; !options_.columns.empty() && end < runs_.size() && runs_[end].timestamp_min() <= timestamp_last; ++end) {
    timestamp_last = std::max(timestamp_last, runs_[end].timestamp_max());
  }
  const size_t windows = (end - first) * (options_.columns.size() + 1);
  if (windows > windows_max) {
    return engine::resource_exhausted("table " + snapshot_.schema->name + ": " + std::to_string(end - first) + " runs of " +
                                      std::to_string(options_.columns.size()) +
                                      " columns to be merged are too many: select fewer columns");
  }
  const size_t window_size = std::clamp(scan_memory_max / windows, window_size_min, window_size_max);
  group_.reserve(end - first);
  for (runs_opened_ = first; runs_opened_ < end; ++runs_opened_) {
    ASSIGN_OR_RETURN(RunReader reader,
                     RunReader::open(files_, *snapshot_.schema, runs_[runs_opened_], options_.columns, window_size));
    RETURN_IF_ERROR(reader.restrict(time_window()));
    group_.push_back(std::move(reader));
  }
  if (group_.size() == 1) return absl::OkStatus();
  for (RunReader& reader : group_) {
    if (reader.rows_left() == 0) continue;
    RETURN_IF_ERROR(reader.load_timestamp());
    heads_.push(&reader);
  }
  return absl::OkStatus();
}

// Takes from the first run rows that come before the head of every other, and says how many.
absl::StatusOr<size_t> RunScan::merge_heads(size_t count_max) {
  VERIFY(!heads_.empty());
  RunReader& reader = *heads_.top();
  heads_.pop();
  const bool is_last = heads_.empty();
  const size_t before = is_last ? static_cast<size_t>(std::min<uint64_t>(count_max, reader.rows_left()))
                                : reader.count_before(heads_.top()->timestamp(), heads_.top()->place().order, count_max);
  VERIFY_GT(before, 0U);
  ASSIGN_OR_RETURN(const size_t count, append_rows(reader, before));
  if (reader.rows_left() == 0) return count;
  RETURN_IF_ERROR(reader.load_timestamp());
  heads_.push(&reader);
  return count;
}

absl::StatusOr<size_t> RunScan::append_rows(RunReader& reader, size_t count_max) {
  const size_t row_first = chunk_.rows;
  begin_stretch(reader.row_id());
  ASSIGN_OR_RETURN(const size_t count, reader.append(count_max, texts_size_max_, chunk_));
  for (size_t i = 0; i < chunk_.columns.size(); ++i) {
    if (is_symbol(chunk_.columns[i].type)) RETURN_IF_ERROR(resolve_symbols(i, reader.place().lane, row_first));
  }
  return count;
}

// The next rows of the chunk have the ids from `id` on. Where rows of several runs take turns there may be a stretch for each
// row; none comes for a run that goes on where it stood.
void RunScan::begin_stretch(uint64_t id) {
  if (!stretches_.empty() && stretches_.back().id + (chunk_.rows - stretches_.back().row) == id) return;
  stretches_.push_back({.row = chunk_.rows, .id = id});
}

uint64_t RunScan::row_id(size_t row) const {
  VERIFY_LT(row, chunk_.rows);
  const Stretch& stretch = *std::prev(std::ranges::upper_bound(stretches_, row, {}, &Stretch::row));
  return stretch.id + (row - stretch.row);
}

// Makes the lane's ids of the rows from `row_first` on ids of this scan: id * lanes + lane.
absl::Status RunScan::resolve_symbols(size_t column, size_t lane, size_t row_first) {
  VERIFY_LT(lane, snapshot_.lanes.size());
  ColumnVector& target = chunk_.columns[column];
  uint64_t id_max = 0;
  bool any = false;
  for (size_t row = row_first; row < target.words.size(); ++row) {
    if (target.present[row] == 0) continue;
    any = true;
    id_max = std::max(id_max, target.words[row]);
    target.words[row] = target.words[row] * snapshot_.lanes.size() + lane;
  }
  return any ? dictionaries_[column][lane].read_up_to(SymbolId{static_cast<uint32_t>(id_max)}) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TableScan>> TableScan::open(engine::FilePool& files, TableSnapshot snapshot,
                                                           ScanOptions options) {
  VERIFY(snapshot.schema != nullptr);
  VERIFY_LE(snapshot.lanes.size() * symbols_max, UINT32_MAX);
  return std::unique_ptr<TableScan>(std::make_unique<RunScan>(files, std::move(snapshot), std::move(options)));
}

}  // namespace storage
