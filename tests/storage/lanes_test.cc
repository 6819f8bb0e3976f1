// Turns of the lanes of a shard: who is due, whose checkpoint comes, which frames are still needed, when a reader is answered.
#include "storage/owner/lanes.h"

#include <memory>
#include <string>
#include <vector>

#include "engine/reactor/reactor.h"
#include "storage/batch/column_batch.h"
#include "storage/owner/snapshot_desk.h"
#include "tests/catch.h"
#include "tests/sim/sim_machine.h"

namespace storage {
namespace {

constexpr LaneId lane_of(uint32_t table) { return {.table = TableId{table}, .lane = lane_first}; }

TEST_CASE("lane_schedule: lanes come when they are due, and once") {
  LaneSchedule schedule;
  CHECK(schedule.next() == engine::instant_never);
  CHECK_FALSE(schedule.take_due(engine::Instant{1000}));
  schedule.set(lane_of(1), engine::Instant{300});
  schedule.set(lane_of(2), engine::Instant{100});
  schedule.set(lane_of(3), engine::Instant{200});
  schedule.set(lane_of(3), LaneSchedule::at_once);
  schedule.set(lane_of(2), engine::Instant{500});  // an earlier time stays
  schedule.set(lane_of(2), engine::instant_never);
  CHECK(schedule.take_due(engine::Instant{0}) == lane_of(3));
  CHECK_FALSE(schedule.take_due(engine::Instant{99}));
  CHECK(schedule.next() == engine::Instant{100});
  CHECK(schedule.take_due(engine::Instant{300}) == lane_of(2));
  CHECK(schedule.take_due(engine::Instant{300}) == lane_of(1));
  CHECK(schedule.next() == engine::instant_never);
}

// Lanes on a simulated machine; frames are durable when they are made.
class Bench final : private LanesListener, private SnapshotDeskListener {
 public:
  explicit Bench(const OwnerOptions& options = {}) : options_(options) {
    machine_.world.set_auto_advance(true);
    lanes_ = std::make_unique<Lanes>(reactor_, options_, counters_, static_cast<LanesListener&>(*this));
    desk_ = std::make_unique<SnapshotDesk>(*lanes_, static_cast<SnapshotDeskListener&>(*this));
  }

  Lane& make_lane(uint32_t table) {
    const TableWish wish{.name = "t" + std::to_string(table), .columns = {{"timestamp", ColumnType::timestamp_us}}};
    Lane& lane = lanes_->make(std::make_shared<const Schema>(make_schema(TableId{table}, wish)));
    const Txn txn = lane.commits().next();
    lanes_->hold(lane, txn, Lsn{++lsn_});
    lanes_->add_schema(lane, txn, lane.schema());
    return lane;
  }

  Lsn add_row(Lane& lane) {
    RoutedBatch batch;
    fill(batch, lane, ++lsn_);
    const Txn txn = lane.commits().next();
    lanes_->hold(lane, txn, Lsn{lsn_});
    lanes_->add_rows(lane, txn, batch, {});
    return Lsn{lsn_};
  }

  // A request of so many parts of a row each.
  void add_request(Lane& lane, uint64_t parts) {
    CommitRows rows;
    RoutedBatch batch;
    for (uint64_t i = 0; i < parts; ++i) {
      fill(batch, lane, ++lsn_);
      rows.add(batch, {}, lanes_->row_room());
    }
    const Txn txn = lane.commits().next();
    lanes_->hold(lane, txn, Lsn{++lsn_});
    lanes_->add_request(lane, txn, {.source = {}, .number = 1}, std::move(rows));
  }

  uint64_t rows_of(const Lane& lane) const {
    uint64_t rows = 0;
    for (const ManifestRef& partition : lane.writer().snapshot()->partitions) rows += partition->rows();
    return rows;
  }

  void turn(Lanes::Pace pace = Lanes::Pace::calm) {
    lanes_->serve(machine_.world.now(), pace);
    reactor_.turn(machine_.world.now() + engine::microseconds(100));
  }

  void settle() {
    for (int turns = 0; !lanes_->are_quiet(); ++turns) {
      REQUIRE(turns < 10'000);
      turn(Lanes::Pace::hurry);
    }
  }

  engine::Instant now() const { return machine_.world.now(); }
  Lanes& lanes() { return *lanes_; }
  SnapshotDesk& desk() { return *desk_; }
  const OwnerCounters& counters() const { return counters_; }
  int answers() const { return answers_; }
  const std::vector<Lsn>& needed_at_checkpoints() const { return needed_at_checkpoints_; }

 private:
  static void fill(RoutedBatch& batch, const Lane& lane, uint64_t timestamp) {
    batch.lane = lane.id();
    batch.open.open(lane.schema());
    batch.open.begin_row();
    batch.open.set_word({0}, timestamp);
    batch.rows = 1;
    batch.open.seal(batch.body, batch.symbols);
  }

  void on_applied(Lane& lane) override { desk_->on_applied(lane); }
  void on_checkpointed(storage::Lane&) override { needed_at_checkpoints_.push_back(lanes_->oldest_needed(Lsn{lsn_ + 1})); }
  void on_disk_failed(const absl::Status& status) override { FAIL(engine::message_of(status)); }
  void on_answered(SnapshotAsk&) override { ++answers_; }

  const OwnerOptions options_;
  sim::SimMachine machine_{1};
  engine::Reactor reactor_{machine_.backend()};
  OwnerCounters counters_;
  std::unique_ptr<Lanes> lanes_;
  std::unique_ptr<SnapshotDesk> desk_;
  uint64_t lsn_ = 0;
  int answers_ = 0;
  std::vector<Lsn> needed_at_checkpoints_;
};

// Whatever size a lane is applied at, rows are pending again when an apply ends.
TEST_CASE("lanes: under a load that never ends each lane is checkpointed, after one apply at most") {
  const OwnerOptions options{.apply_size_min = 1, .checkpoint_pause = engine::milliseconds(10), .checkpoints_at_once_max = 1};
  Bench bench(options);
  std::vector<Lane*> lanes;
  for (uint32_t table = 1; table <= 3; ++table) lanes.push_back(&bench.make_lane(table));
  std::vector<Txn> checkpointed(lanes.size());
  std::vector<engine::Instant> checkpointed_at(lanes.size(), bench.now());
  engine::Duration oldest{};
  const engine::Instant end = bench.now() + engine::milliseconds(600);
  while (bench.now() < end) {
    for (Lane* lane : lanes) bench.add_row(*lane);
    bench.turn();
    for (size_t i = 0; i < lanes.size(); ++i) {
      oldest = std::max(oldest, bench.now() - checkpointed_at[i]);
      if (lanes[i]->writer().checkpointed() == checkpointed[i]) continue;
      checkpointed[i] = lanes[i]->writer().checkpointed();
      checkpointed_at[i] = bench.now();
    }
  }
  CHECK(bench.counters().applies > 20);
  CHECK(bench.counters().checkpoints > 6);
  CHECK(oldest < engine::milliseconds(300));
  bench.settle();
}

TEST_CASE("lanes: what the log may forget is what no lane needs") {
  Bench bench({.checkpoints_at_once_max = 1});
  Lane& first = bench.make_lane(1);
  Lane& second = bench.make_lane(2);
  CHECK(bench.lanes().oldest_needed(Lsn{99}) == Lsn{1});
  bench.settle();
  CHECK(bench.needed_at_checkpoints() == std::vector<Lsn>{Lsn{2}, Lsn{3}});
  CHECK(bench.lanes().oldest_needed(Lsn{99}) == Lsn{99});
  CHECK_FALSE(bench.lanes().needs_any_up_to(Lsn{99}));
  const Lsn needed = bench.add_row(second);
  bench.add_row(first);
  CHECK(bench.lanes().oldest_needed(Lsn{99}) == needed);
  CHECK(bench.lanes().needs_any_up_to(needed));
  CHECK_FALSE(bench.lanes().needs_any_up_to(Lsn{needed.value - 1}));
  bench.settle();
  CHECK_FALSE(bench.lanes().needs_any_up_to(Lsn{99}));
}

TEST_CASE("lanes: only those that are due are looked at, and quiet ones not at all") {
  Bench bench({.apply_age_max = engine::seconds(1), .checkpoint_pause = engine::seconds(100)});
  Lane& lane = bench.make_lane(1);
  bench.settle();
  CHECK(bench.lanes().next_due() == engine::instant_never);
  bench.add_row(lane);
  bench.turn();
  CHECK(bench.counters().applies == 1);
  CHECK(bench.lanes().next_due() > bench.now() + engine::milliseconds(900));
  CHECK(bench.lanes().next_due() <= bench.now() + engine::seconds(1));
  const engine::Instant due = bench.lanes().next_due();
  while (bench.now() <= due) bench.turn();
  while (bench.counters().applies == 1) bench.turn();
  CHECK(bench.now() < due + engine::milliseconds(500));
  bench.settle();
}

TEST_CASE("lanes: a commit larger than a block is published as one, and what came behind it after it") {
  Bench bench({.apply_size_min = 4096, .apply_age_max = engine::seconds(100), .checkpoint_pause = engine::milliseconds(1)});
  Lane& lane = bench.make_lane(1);
  Lane& other = bench.make_lane(2);
  bench.settle();
  bench.add_row(lane);
  constexpr uint64_t parts = 6000;
  bench.add_request(lane, parts);
  const Txn large = lane.commits().last();
  bench.add_row(lane);
  bench.add_row(lane);
  CHECK(bench.lanes().row_room().size() > 0);
  std::vector<uint64_t> seen;
  bool is_other_applied = false;
  for (int turns = 0; lane.writer().applied() != lane.commits().last(); ++turns) {
    REQUIRE(turns < 100'000);
    if (turns == 50) bench.add_row(other);
    bench.turn(Lanes::Pace::hurry);
    if (lane.writer().applied() < large) is_other_applied |= other.writer().applied() == Txn{2};
    const uint64_t rows = bench.rows_of(lane);
    if (seen.empty() || seen.back() != rows) seen.push_back(rows);
  }
  CHECK(is_other_applied);  // and checkpointed: it does not wait for the large one
  CHECK(bench.counters().slices > 5);
  std::erase(seen, 0U);
  REQUIRE(seen.size() >= 2);
  CHECK(seen.front() == 1);
  CHECK(seen[1] >= parts + 1);
  CHECK(seen.back() == parts + 3);
  CHECK(bench.lanes().row_room().size() == 0);
  CHECK(bench.lanes().pending_size() == 0);
  bench.settle();
}

TEST_CASE("snapshot_desk: a fresh ask waits for what is durable, another one does not") {
  Bench bench({.apply_age_max = engine::seconds(100), .checkpoint_pause = engine::seconds(100)});
  Lane& first = bench.make_lane(1);
  Lane& second = bench.make_lane(2);
  bench.settle();
  bench.add_row(first);
  bench.add_row(second);
  bench.add_row(second);

  SnapshotAsk stale;
  bench.desk().ask(stale);
  CHECK(bench.answers() == 1);
  CHECK(stale.tables.at(0).rows() == 0);
  CHECK(stale.tables.at(0).lanes.at(0)->durable == Txn{2});

  SnapshotAsk fresh{.fresh = true};
  bench.desk().ask(fresh);
  CHECK(bench.answers() == 1);
  bench.add_row(first);  // came later: not waited for
  for (int turns = 0; bench.answers() == 1; ++turns) {
    REQUIRE(turns < 1000);
    bench.turn();
  }
  REQUIRE(fresh.tables.size() == 2);
  CHECK(fresh.tables.at(0).rows() >= 1);
  CHECK(fresh.tables.at(1).rows() == 2);

  SnapshotAsk one{.table = TableId{2}, .fresh = true};
  bench.desk().ask(one);
  CHECK(bench.answers() == 3);
  CHECK(one.tables.at(0).schema->table == TableId{2});
  bench.settle();
}

}  // namespace
}  // namespace storage
