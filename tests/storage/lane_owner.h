// The owner of one lane, for tests: runs the steps of a table writer on any backend and waits for their end.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/reactor/reactor.h"
#include "storage/apply/lane_writer.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_world.h"
#include "tests/storage/table_model.h"
#include "tests/storage/table_workload.h"

namespace tests {

inline constexpr storage::LaneId test_lane{storage::TableId{7}, storage::LaneNumber{0}};

// Small, so that steps take several rounds, files are closed and opened again, and files outgrow their extents.
inline constexpr storage::RoundOptions small_rounds{.rounds_max = 2,
                                                    .round_size_max = 16 * engine::block_size,
                                                    .in_flight_max = 5,
                                                    .files_max = 10,
                                                    .extent_size_min = 8192,
                                                    .extent_size_max = 16384};

class LaneOwner final : public storage::LaneWriterListener {
 public:
  LaneOwner(engine::IoBackend& backend, storage::SchemaRef schema, const storage::RoundOptions& options = small_rounds)
      : reactor_(backend),
        io_(reactor_, options),
        writer_(std::make_unique<storage::LaneWriter>(io_, std::move(schema), test_lane, *this)) {}

  storage::LaneWriter& writer() { return *writer_; }
  const absl::Status& status() const { return status_; }  // why the last step failed
  const storage::Rounds& io() const { return io_; }

  // False when the step failed.
  bool apply(storage::RowBlock block, storage::BlockEnd end = storage::BlockEnd::whole) {
    writer_->apply(std::move(block), end);
    return wait();
  }
  bool checkpoint() {
    writer_->checkpoint();
    return wait();
  }

  // Applies the next `count` commits of the workload in one block.
  bool apply_next(Workload& workload, size_t count) {
    storage::RowBlock block;
    for (size_t i = 0; i < count; ++i) Workload::append(block, workload.commit(*writer_));
    return apply(std::move(block));
  }

  // The rows of the published snapshot. `errors` gets what is wrong with its files.
  std::vector<Cells> read(const ReadFile& read, std::vector<std::string>& errors) const {
    return read_lane(*writer_->schema(), *writer_->snapshot(), read, errors);
  }

 private:
  void on_applied(storage::LaneWriter&, storage::RowBlock) override { is_done_ = true; }
  void on_checkpointed(storage::LaneWriter&) override { is_done_ = true; }
  void on_failed(storage::LaneWriter&, const absl::Status& status) override {
    status_ = status;
    is_done_ = true;
  }

  bool wait() {
    VERIFY(!is_done_);
    while (!is_done_) reactor_.turn(engine::instant_never);
    is_done_ = false;
    return status_.ok();
  }

  engine::Reactor reactor_;
  storage::Rounds io_;
  std::unique_ptr<storage::LaneWriter> writer_;
  bool is_done_ = false;
  absl::Status status_;
};

// One with a simulated machine below.
class SimLaneOwner {
 public:
  SimLaneOwner(sim::SimWorld& world, storage::SchemaRef schema)
      : world_(world), backend_(world), owner_(backend_, std::move(schema)) {
    world.set_auto_advance(true);
  }

  LaneOwner* operator->() { return &owner_; }
  storage::LaneWriter& writer() { return owner_.writer(); }

  ReadFile reader() const {
    return [&world = world_](std::string_view path) { return world.disk().read_current(path); };
  }

  // The published snapshot shows exactly the rows of the applied commits, and its files are sound.
  bool holds(const Workload& workload) {
    std::vector<std::string> errors;
    const std::vector<Cells> rows = owner_.read(reader(), errors);
    return errors.empty() && rows == sorted_cells(workload.rows(), owner_.writer().applied());
  }

 private:
  sim::SimWorld& world_;
  sim::SimBackend backend_;
  LaneOwner owner_;
};

}  // namespace tests
