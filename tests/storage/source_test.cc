#include "storage/source/source.h"

#include <memory>
#include <vector>

#include "engine/shard/mesh.h"
#include "engine/shard/shard.h"
#include "tests/catch.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_world.h"

namespace storage {
namespace {

constexpr engine::ShardId here{1};
constexpr engine::ShardId owner{2};
constexpr uint32_t batches_max = 16;

class Waiter final : public AskWaiter {
 public:
  void on_answer() override {}
};

class Ignore final : public engine::MeshReceiver {
 public:
  void on_message(engine::ShardId, const engine::MeshMessage&) override {}
};

// Who takes the batches that are sent to the owner.
class Taker final : public engine::MeshReceiver {
 public:
  void on_message(engine::ShardId, const engine::MeshMessage& message) override {
    batches.push_back(message.as<RoutedBatch*>());
  }

  std::vector<RoutedBatch*> batches;
};

// A source whose owner reads nothing of what it is sent.
class Bench {
 public:
  Bench()
      : world_({.seed = 1}),
        backend_(world_),
        mesh_({.endpoint_count = 3,
               .forward_count_max = 8,
               .reserved_count_max = batches_max + asks_out_max,
               .return_count_max = 8}),
        shard_(mesh_, here, backend_),
        source_(shard_, {.batches_max = batches_max, .rows_max = 1}, 0) {
    TableAsk& ask = table_ask_;
    ask.waiter = &waiter_;
    source_.ask_table(ask);
    ask.table = TableId{7};
    ask.owner = owner;
    ask.schema = std::make_shared<const Schema>(
        make_schema(ask.table, {.name = "t", .designated = {0}, .columns = {{"timestamp", ColumnType::timestamp_us}}}));
    source_.on_message(engine::ShardId{0}, make_message(MessageKind::table_answer, &ask));
  }

  // As the listener hands sockets over, and the catalog new tables.
  uint32_t fill_with_others() {
    uint32_t count = 0;
    while (shard_.endpoint().try_send(owner, engine::MeshMessage::make(0, count))) ++count;
    return count;
  }

  // False: every batch is out.
  bool send_batch() {
    SourceTable& table = *source_.find("t");
    OpenBatch* batch = source_.begin_row(table.place(), &sender_, 1, 0);
    if (batch == nullptr) return false;
    batch->set_word({0}, 1000);
    source_.finish_row(table.place());
    return true;
  }

  void wait_for_room(RoomWaiter& waiter) { source_.wait_for_room(waiter); }

  std::vector<RoutedBatch*> take_batches() {
    Taker taker;
    while (mesh_.endpoint(owner).drain(taker) != 0) continue;
    return taker.batches;
  }
  void send_home(RoutedBatch& batch) { source_.on_message(owner, make_message(MessageKind::batch_home, &batch)); }

  void ask_for_columns() {
    asks_.push_back(std::make_unique<ColumnsAsk>());
    asks_.back()->waiter = &waiter_;
    asks_.back()->lane = source_.find("t")->lane();
    source_.ask_columns(*asks_.back());
  }

  size_t drain() {
    Ignore ignore;
    size_t total = 0;
    while (const size_t count = mesh_.endpoint(owner).drain(ignore)) total += count;
    return total;
  }

 private:
  sim::SimWorld world_;
  sim::SimBackend backend_;
  engine::ShardMesh mesh_;
  engine::Shard shard_;
  Source source_;
  Waiter waiter_;
  Sender sender_;
  TableAsk table_ask_;
  std::vector<std::unique_ptr<ColumnsAsk>> asks_;
};

TEST_CASE("source: an owner that reads nothing takes every batch and every ask, however many others filled its ring") {
  Bench bench;
  const uint32_t others = bench.fill_with_others();
  CHECK(others >= 8);
  uint32_t batches = 0;
  while (bench.send_batch()) ++batches;
  CHECK(batches == batches_max);
  for (uint32_t i = 0; i < 2 * asks_out_max; ++i) bench.ask_for_columns();
  CHECK(bench.drain() == others + batches_max + asks_out_max);
}

class RoomSeeker final : public RoomWaiter {
 public:
  RoomSeeker(Bench& bench, bool takes) : bench_(bench), takes_(takes) { bench.wait_for_room(*this); }

  void on_room() override {
    ++calls;
    if (takes_) CHECK(bench_.send_batch());
  }

  int calls = 0;

 private:
  Bench& bench_;
  bool takes_;
};

TEST_CASE("source: a batch that comes home calls who waits longest, and the next one only when it was not taken") {
  Bench bench;
  while (bench.send_batch()) continue;
  const std::vector<RoutedBatch*> out = bench.take_batches();
  REQUIRE(out.size() == batches_max);
  const RoomSeeker first(bench, true);
  const RoomSeeker gives_up(bench, false);
  const RoomSeeker third(bench, true);
  const RoomSeeker last(bench, true);
  bench.send_home(*out[0]);
  CHECK((first.calls == 1 && gives_up.calls == 0));
  bench.send_home(*out[1]);
  CHECK((gives_up.calls == 1 && third.calls == 1 && last.calls == 0));
  bench.send_home(*out[2]);
  CHECK(last.calls == 1);
}

}  // namespace
}  // namespace storage
