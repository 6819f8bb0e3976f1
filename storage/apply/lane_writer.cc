#include "storage/apply/lane_writer.h"

#include <utility>

#include "engine/base/verify.h"
#include "storage/schema/partition_key.h"
#include "storage/table/file_names.h"

namespace storage {

LaneWriter::LaneWriter(Rounds& rounds, SchemaRef schema, LaneId lane, LaneWriterListener& listener,
                       const CrowdingLimits& crowding)
    : rounds_(rounds), listener_(listener), crowding_(crowding), apply_(state_), checkpoint_(state_) {
  VERIFY_EQ(schema->table, lane.table);
  state_.schema = std::move(schema);
  state_.lane = lane;
  state_.hash_seed = rounds.reactor().backend().random();
  publish();
}

absl::Status LaneWriter::load(Names names) {
  VERIFY(idle());
  RETURN_IF_ERROR(load_lane(rounds_.reactor().backend(), state_, names));
  publish();
  return absl::OkStatus();
}

void LaneWriter::set_schema(SchemaRef schema) {
  VERIFY_EQ(schema->table, state_.schema->table);
  VERIFY_GE(schema->version, state_.schema->version);
  state_.schema = std::move(schema);
}

void LaneWriter::move_to(Step step) {
  switch (step_) {
    case Step::none:
      VERIFY(step == Step::apply || step == Step::checkpoint);
      break;
    case Step::apply:
    case Step::checkpoint:
      VERIFY(step == Step::none || step == Step::failed);
      break;
    case Step::failed:
      UNREACHABLE("a lane writer that has failed");
  }
  step_ = step;
}

void LaneWriter::apply(RowBlock block, BlockEnd end) {
  move_to(Step::apply);
  end_ = end;
  apply_.start(std::move(block));
  rounds_.acquire(*this);
}

void LaneWriter::checkpoint() {
  move_to(Step::checkpoint);
  checkpoint_.start();
  rounds_.acquire(*this);
}

bool LaneWriter::dirty() const {
  const bool owns_schema = state_.lane.lane == lane_first;
  return state_.applied != state_.checkpointed || state_.dictionaries_changed ||
         (owns_schema && state_.schema->version > state_.schema_version_durable);
}

SymbolDictionary& LaneWriter::dictionary(ColumnId column) {
  std::unique_ptr<DictionaryState>& dictionary = state_.dictionaries[column];
  if (dictionary == nullptr) {
    dictionary = std::make_unique<DictionaryState>(state_.lane, column, state_.hash_seed);
  }
  return dictionary->symbols;
}

void LaneWriter::on_round_free(IoRound& round) {
  VERIFY(round_ == nullptr);
  round_ = &round;
  plan();
  round_->run(*this);  // also when it is empty: it ends in a later turn
}

void LaneWriter::on_round_done(const absl::Status& status) {
  VERIFY(round_ != nullptr);
  if (status.ok() && plan()) {
    round_->run(*this);
    return;
  }
  rounds_.give_back(*std::exchange(round_, nullptr));
  if (status.ok()) {
    finish();
  } else {
    move_to(Step::failed);
    listener_.on_failed(*this, status);
  }
}

bool LaneWriter::plan() {
  VERIFY(step_ == Step::apply || step_ == Step::checkpoint);
  return step_ == Step::apply ? apply_.plan(*round_) : checkpoint_.plan(*round_);
}

void LaneWriter::finish() {
  const Step ended = step_;
  move_to(Step::none);
  if (ended == Step::apply) {
    RowBlock spent = apply_.finish(end_);
    publish();
    listener_.on_applied(*this, std::move(spent));
  } else {
    checkpoint_.finish();
    listener_.on_checkpointed(*this);
  }
}

// Switches readers to the newest manifests.
void LaneWriter::publish() {
  VERIFY_LE(state_.checkpointed, state_.applied);
  VERIFY(snapshot_ == nullptr || snapshot_->applied <= state_.applied);
  auto snapshot = std::make_shared<LaneSnapshot>();
  snapshot->lane = state_.lane;
  snapshot->applied = state_.applied;
  snapshot->durable = state_.applied;
  std::vector<CrowdedPartition> crowded;
  for (const auto& [key, partition] : state_.partitions) {
    VERIFY_EQ(partition.manifest->key, key);
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

}  // namespace storage
