#include "storage/table_writer.h"

#include <utility>

#include "engine/verify.h"
#include "storage/file_names.h"
#include "storage/lane_apply.h"
#include "storage/lane_checkpoint.h"
#include "storage/lane_state.h"
#include "storage/partition_key.h"

namespace storage {

namespace {

class LaneWriter final : public TableWriter, private RoundWaiter, private RoundListener {
 public:
  LaneWriter(TableIo& io, SchemaRef schema, LaneId lane, TableWriterListener& listener, const CrowdingLimits& crowding)
      : io_(io), listener_(listener), crowding_(crowding), apply_(state_), checkpoint_(state_) {
    state_.schema = std::move(schema);
    state_.lane = lane;
    publish();
  }

  absl::Status load() override;
  void set_schema(SchemaRef schema) override;
  bool idle() const override { return step_ == Step::none; }
  void apply(RowBlock block) override;
  void checkpoint() override;
  Txn applied() const override { return state_.applied; }
  Txn checkpointed() const override { return state_.checkpointed; }
  bool dirty() const override;
  LaneSnapshotRef snapshot() const override { return snapshot_; }
  CrowdedRef crowded() const override { return crowded_; }
  SymbolDictionary& dictionary(ColumnId column) override;
  const SchemaRef& schema() const override { return state_.schema; }
  LaneId lane() const override { return state_.lane; }

 private:
  // none -> apply or checkpoint -> none; failed is the end.
  enum class Step : uint8_t { none, apply, checkpoint, failed };

  void on_round_free(IoRound& round) override;
  void on_round_done(const absl::Status& status) override;
  bool plan();
  void finish();
  void publish();

  TableIo& io_;
  TableWriterListener& listener_;
  const CrowdingLimits crowding_;
  LaneState state_;
  LaneApply apply_;
  LaneCheckpoint checkpoint_;
  LaneSnapshotRef snapshot_;
  CrowdedRef crowded_;
  Step step_ = Step::none;
  absl::Status start_status_;  // why the step cannot begin
  IoRound* round_ = nullptr;   // while the step has one
};

absl::Status LaneWriter::load() {
  VERIFY(idle());
  RETURN_IF_ERROR(load_lane(io_.reactor().backend(), state_));
  publish();
  return absl::OkStatus();
}

void LaneWriter::set_schema(SchemaRef schema) {
  VERIFY_EQ(schema->table, state_.schema->table);
  VERIFY_GE(schema->version, state_.schema->version);
  state_.schema = std::move(schema);
}

void LaneWriter::apply(RowBlock block) {
  VERIFY(idle());
  step_ = Step::apply;
  start_status_ = apply_.start(std::move(block));
  io_.acquire(*this);
}

void LaneWriter::checkpoint() {
  VERIFY(idle());
  step_ = Step::checkpoint;
  checkpoint_.start();
  io_.acquire(*this);
}

bool LaneWriter::dirty() const {
  const bool owns_schema = state_.lane.lane == LaneNumber{0};
  return state_.applied != state_.checkpointed || state_.dictionaries_changed ||
         (owns_schema && state_.schema->version > state_.schema_version_durable);
}

SymbolDictionary& LaneWriter::dictionary(ColumnId column) {
  std::unique_ptr<DictionaryState>& dictionary = state_.dictionaries[column];
  if (dictionary == nullptr) {
    dictionary = std::make_unique<DictionaryState>(dictionary_path(state_.lane, column));
    dictionary->extent.column = column;
    dictionary->extent.file.kind = FileKind::texts;
  }
  return dictionary->symbols;
}

void LaneWriter::on_round_free(IoRound& round) {
  round_ = &round;
  if (start_status_.ok()) plan();
  round_->run(*this);  // also when it is empty: it ends in a later turn
}

void LaneWriter::on_round_done(const absl::Status& status) {
  const absl::Status result = start_status_.ok() ? status : start_status_;
  if (result.ok() && plan()) {
    round_->run(*this);
    return;
  }
  io_.give_back(*std::exchange(round_, nullptr));
  if (result.ok()) {
    finish();
  } else {
    step_ = Step::failed;
    listener_.on_failed(*this, result);
  }
}

bool LaneWriter::plan() { return step_ == Step::apply ? apply_.plan(*round_) : checkpoint_.plan(*round_); }

void LaneWriter::finish() {
  if (std::exchange(step_, Step::none) == Step::apply) {
    RowBlock spent = apply_.finish();
    publish();
    listener_.on_applied(*this, std::move(spent));
  } else {
    checkpoint_.finish();
    listener_.on_checkpointed(*this);
  }
}

// Switches readers to the newest manifests.
void LaneWriter::publish() {
  auto snapshot = std::make_shared<LaneSnapshot>();
  snapshot->lane = state_.lane;
  snapshot->applied = state_.applied;
  snapshot->committed = state_.applied;
  std::vector<CrowdedPartition> crowded;
  for (const auto& [key, partition] : state_.partitions) {
    const std::vector<Run>& runs = partition.manifest->runs;
    if (!runs.empty()) snapshot->partitions.push_back(partition.manifest);
    size_t columns = 0;
    for (const Run& run : runs) columns += run.columns.size();
    if (runs.size() < crowding_.crowded_from && columns < crowding_.columns_crowded_from) continue;
    const Schema& schema = *state_.schema;
    const PartitionRange range = partition_of(key.value, schema.partition_unit, schema.designated_column().type);
    crowded.push_back({.timestamp_first = key.value,
                       .timestamp_last = range.timestamp_last,
                       .floor = runs.back().timestamp_max,
                       .runs = runs.size(),
                       .is_closed = runs.size() >= crowding_.closed_from || columns >= crowding_.columns_closed_from});
  }
  crowded_ = crowded.empty() ? nullptr : std::make_shared<const std::vector<CrowdedPartition>>(std::move(crowded));
  for (const auto& [column, dictionary] : state_.dictionaries) {
    if (dictionary->extent.count != 0) snapshot->dictionaries.push_back(dictionary->extent);
  }
  snapshot_ = std::move(snapshot);
}

}  // namespace

std::unique_ptr<TableWriter> TableWriter::create(TableIo& io, SchemaRef schema, LaneId lane, TableWriterListener& listener,
                                                 const CrowdingLimits& crowding) {
  VERIFY_EQ(schema->table, lane.table);
  return std::make_unique<LaneWriter>(io, std::move(schema), lane, listener, crowding);
}

}  // namespace storage
