// What a crash leaves of a lane's files, and what replay makes of it.
#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "storage/schema/partition_key.h"
#include "storage/table/file_names.h"
#include "tests/catch.h"
#include "tests/quick.h"
#include "tests/storage/lane_owner.h"

namespace storage {
namespace {

using tests::SimLaneOwner;
using tests::Workload;

// What load() shows after a crash: of each partition a prefix of its commits, at least up to the last checkpoint.
void check_prefix(SimLaneOwner& owner, const Workload& workload, Txn checkpointed) {
  LaneWriter& writer = owner.writer();
  REQUIRE(writer.checkpointed() >= checkpointed);
  const Schema& schema = *workload.schema();
  const ColumnType type = schema.designated_column().type;
  std::map<PartitionKey, std::vector<tests::ModelRow>> rows;
  for (const tests::ModelRow& row : workload.rows()) {
    rows[partition_of(row.timestamp, schema.partition_unit, type).key].push_back(row);
  }
  std::vector<std::string> errors;
  const LaneSnapshotRef snapshot = writer.snapshot();
  std::map<PartitionKey, Txn> applied;
  for (const ManifestRef& partition : snapshot->partitions) {
    applied[partition->key] = partition->applied;
    REQUIRE(tests::read_partition(schema, *snapshot, *partition, owner.reader(), errors) ==
            tests::sorted_cells(rows[partition->key], partition->applied));
  }
  REQUIRE(errors == std::vector<std::string>{});
  for (const auto& [key, partition_rows] : rows) {
    const Txn limit = std::max(applied[key], writer.checkpointed());
    REQUIRE(tests::sorted_cells(partition_rows, applied[key]).size() == tests::sorted_cells(partition_rows, limit).size());
  }
}

// Whole blocks that a mapping reader sees are right again once the WAL was replayed, without help of the manifests' tails.
void check_tails(sim::SimWorld& world, SimLaneOwner& owner) {
  const LaneSnapshotRef snapshot = owner.writer().snapshot();
  for (const ManifestRef& partition : snapshot->partitions) {
    const std::string directory = partition_directory(*owner.writer().schema(), tests::test_lane.lane, partition->key);
    for (const Run& run : partition->runs) {
      for (const RunColumn& column : run.columns) {
        for (const CommittedFile& file : column.files) {
          const std::string path = column_path(run_directory(directory, run.id), column.column, file.kind);
          const auto bytes = world.disk().read_current(path);
          REQUIRE(bytes.has_value());
          REQUIRE(bytes->size() >= file.size);
          const auto tail = std::span(*bytes).subspan(file.size - file.tail.size(), file.tail.size());
          if (!std::ranges::equal(tail, file.tail)) FAIL(path << ": torn");
        }
      }
    }
  }
}

// Steps until the power fails. Returns the last checkpoint that completed.
Txn run_until_crash(sim::SimWorld& world, SimLaneOwner& owner, Workload& workload, int steps) {
  Txn checkpointed;
  for (int i = 0; i < steps && world.outage() == sim::Outage::none; ++i) {
    if (i == steps / 3 || i == steps / 2) {
      workload.add_columns();
      owner.writer().set_schema(workload.schema());
    }
    if (!owner->apply_next(workload, 2)) break;
    if (i % 3 == 2) {
      if (!owner->checkpoint()) break;
      checkpointed = owner.writer().checkpointed();
    }
  }
  return checkpointed;
}

void replay(SimLaneOwner& owner, const Workload& workload) {
  const Txn checkpointed = owner.writer().checkpointed();
  REQUIRE(owner->apply(workload.replay(owner.writer(), checkpointed)));
}

// Crash after the n-th change of the disk, load, compare, replay, compare, checkpoint, crash, compare.
bool crash_at(uint64_t seed, uint64_t effect, const tests::WorkloadOptions& options, sim::Outage outage) {
  INFO("seed " << seed << ", crash after change " << effect);
  sim::SimWorld world({.seed = seed});
  Workload workload(seed, options);
  Txn checkpointed;
  bool crashed = false;
  {
    SimLaneOwner owner(world, workload.schema());
    if (outage == sim::Outage::power) {
      world.power_off_after(effect);
    } else {
      world.kill_after(effect);
    }
    checkpointed = run_until_crash(world, owner, workload, 9);
    crashed = world.outage() != sim::Outage::none;
    if (!crashed) world.power_off();
  }
  world.restart();
  {
    SimLaneOwner owner(world, workload.schema());
    REQUIRE(owner.writer().load() == absl::OkStatus());
    check_prefix(owner, workload, checkpointed);
    replay(owner, workload);
    REQUIRE(owner.holds(workload));
    check_tails(world, owner);
    REQUIRE(owner->checkpoint());
    world.power_off();
  }
  world.restart();
  SimLaneOwner owner(world, workload.schema());
  REQUIRE(owner.writer().load() == absl::OkStatus());
  REQUIRE(owner.writer().checkpointed() == workload.last_txn());
  REQUIRE(owner.holds(workload));
  return crashed;
}

TEST_CASE("table_writer, crash: an error of any operation ends the step, and the next process has all rows", "[sim]") {
  int failed = 0;
  for (uint64_t after = 0;; ++after) {
    INFO("operation " << after);
    sim::SimWorld world({.seed = after + 1});
    Workload workload(after % 7, {.rows_max = 20, .disorder_us = 3'000'000'000});
    {
      SimLaneOwner owner(world, workload.schema());
      world.disk().fail({.after = after, .error = EIO});
      bool ok = true;
      for (int i = 0; i < 4 && ok; ++i) ok = owner->apply_next(workload, 2) && (i % 2 == 0 || owner->checkpoint());
      if (ok) break;
      ++failed;
      CHECK(std::string(engine::message_of(owner->status())).ends_with(": Input/output error"));
      world.disk().clear_fail_points();
      world.kill();
    }
    world.restart();
    SimLaneOwner owner(world, workload.schema());
    REQUIRE(owner.writer().load() == absl::OkStatus());
    replay(owner, workload);
    REQUIRE(owner.holds(workload));
  }
  CHECK(failed > 100);
}

TEST_CASE("table_writer, crash: a power failure at any change of the disk", "[sim]") {
  const tests::WorkloadOptions options{.rows_max = 20, .disorder_us = 3'000'000'000, .step_us = 200'000'000};
  uint64_t effect = 1;
  while (crash_at(effect % 5 + 1, effect, options, sim::Outage::power)) effect += tests::stories(7, 97);
  CHECK(effect > 300);
}

TEST_CASE("table_writer, crash: a killed process at any change of the disk", "[sim]") {
  const tests::WorkloadOptions options{
      .partition_unit = PartitionUnit::day, .rows_max = 60, .disorder_us = 3'000'000'000, .block_texts = true};
  uint64_t effect = 1;
  while (crash_at(effect % 5 + 11, effect, options, sim::Outage::process)) effect += tests::stories(11, 97);
  CHECK(effect > 100);
}

}  // namespace
}  // namespace storage
