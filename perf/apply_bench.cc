// What a row costs its owner after it is durable: appending its sealed batch to a block, and applying blocks to column files.
// The disk is left out: every request completes at once, so that the time is that of our code. Time is per row.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/prng.h"
#include "engine/base/verify.h"
#include "engine/reactor/reactor.h"
#include "storage/apply/lane_writer.h"
#include "storage/apply/row_block.h"
#include "storage/apply/row_order.h"
#include "storage/batch/batch_view.h"
#include "storage/batch/column_batch.h"

namespace {

using storage::ColumnType;

constexpr size_t batches_of_block = 32;

// Every file operation succeeds at once and does nothing.
class InstantBackend final : public engine::IoBackend {
 public:
  size_t submit(std::span<const engine::IoRequest> requests) override {
    for (const engine::IoRequest& request : requests) {
      const auto size = static_cast<int32_t>(request.op == engine::IoOp::write ? request.buffer.size() : 0);
      results_.push_back({.completion = request.completion, .result = size});
    }
    return requests.size();
  }
  size_t reap(std::span<engine::IoResult> results, engine::Instant) override {
    size_t count = 0;
    for (; count < results.size() && !results_.empty(); ++count) {
      results[count] = results_.front();
      results_.pop_front();
    }
    return count;
  }
  void release_buffer(engine::BufferId) override { UNREACHABLE("no sockets"); }
  engine::Instant now() const override { return {}; }
  engine::WallTime wall_now() const override { return {}; }
  uint64_t random() override { return 0; }
  void wake(engine::IoBackend&) override {}
  engine::FileId reserve_file() override { return {file_next_++}; }
  engine::FileId adopt_socket(int32_t) override { UNREACHABLE("no sockets"); }
  absl::StatusOr<std::vector<engine::DirectoryEntry>> list_directory(std::string_view) override {
    return std::vector<engine::DirectoryEntry>();
  }
  absl::StatusOr<engine::BoundSocket> listen_tcp(engine::SocketAddress) override { UNREACHABLE("no sockets"); }
  absl::StatusOr<engine::BoundSocket> bind_udp(const engine::UdpBinding&) override { UNREACHABLE("no sockets"); }
  engine::Delivery delivery(engine::FileId) override { return engine::Delivery::confirmed; }
  uint32_t datagrams_lost(engine::FileId) override { return 0; }

 private:
  std::deque<engine::IoResult> results_;
  uint32_t file_next_ = 0;
};

struct Shape {
  size_t symbols;
  size_t doubles;
  size_t longs;
};
constexpr Shape trades{.symbols = 2, .doubles = 2, .longs = 0};
constexpr Shape tsbs_cpu{.symbols = 10, .doubles = 0, .longs = 10};

storage::SchemaRef make_schema(const Shape& shape) {
  storage::TableWish wish{.name = "t", .columns = {{"timestamp", ColumnType::timestamp_ns}}};
  const auto add = [&wish](size_t count, const char* prefix, ColumnType type) {
    for (size_t i = 0; i < count; ++i) wish.columns.push_back({prefix + std::to_string(i), type});
  };
  add(shape.symbols, "s", ColumnType::symbol);
  add(shape.doubles, "d", ColumnType::float64);
  add(shape.longs, "l", ColumnType::int64);
  return std::make_shared<const storage::Schema>(storage::make_schema(storage::TableId{1}, wish));
}

struct SealedBatch {
  std::vector<std::byte> body;
  std::vector<storage::ResolvedSymbols> symbols;
};

// Batches of one sender; their timestamps ascend from `start_ns`.
std::vector<SealedBatch> make_batches(const storage::SchemaRef& schema, size_t count, int64_t start_ns, int64_t step_ns) {
  constexpr uint32_t distinct = 100;
  engine::Prng prng(1);
  std::vector<SealedBatch> batches(count);
  storage::OpenBatch open;
  int64_t timestamp = start_ns;
  for (SealedBatch& batch : batches) {
    open.open(schema);
    for (uint32_t i = 0; i < schema->columns.size(); ++i) {
      if (schema->columns[i].type != ColumnType::symbol) continue;
      batch.symbols.push_back({schema->columns[i].id, {}});
      for (uint32_t id = 0; id < distinct; ++id) {
        open.add_symbol({i}, storage::SymbolId{id});
        batch.symbols.back().ids.push_back(storage::SymbolId{id});
      }
    }
    for (size_t row = 0; row < storage::batch_rows_max; ++row) {
      open.begin_row();
      open.set_word({0}, static_cast<uint64_t>(timestamp += step_ns));
      for (uint32_t i = 1; i < schema->columns.size(); ++i) {
        switch (schema->columns[i].type) {
          case ColumnType::symbol:
            open.set_symbol({i}, static_cast<uint32_t>(prng.below(distinct)));
            break;
          case ColumnType::float64:
            open.set_word({i}, prng.next());
            break;
          default:
            open.set_word({i}, prng.below(100));
        }
      }
    }
    std::vector<storage::BatchSymbols> symbols;
    open.seal(batch.body, symbols);
  }
  return batches;
}

// Moves the timestamps of a sealed batch by `delta_ns`.
void shift(SealedBatch& batch, int64_t delta_ns) {
  auto header = engine::load<storage::BatchHeader>(batch.body.data());
  header.timestamp_min += delta_ns;
  header.timestamp_max += delta_ns;
  engine::store(batch.body.data(), header);
  std::byte* const place = batch.body.data() + sizeof(header) + header.designated * sizeof(storage::BatchEntry);
  auto entry = engine::load<storage::BatchEntry>(place);
  entry.base += static_cast<uint64_t>(delta_ns);
  engine::store(place, entry);
}

void append_all(storage::RowBlock& block, std::span<const SealedBatch> batches, uint64_t& txn) {
  for (const SealedBatch& batch : batches) {
    block.append(storage::Txn{++txn}, storage::BatchView::parse(batch.body).value(), batch.symbols);
  }
}

void count_rows(benchmark::State& state) {
  const auto rows = static_cast<double>(batches_of_block * storage::batch_rows_max);
  state.counters["row"] = benchmark::Counter(rows, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert,
                                             benchmark::Counter::kIs1000);
}

void append_block(benchmark::State& state, const Shape& shape) {
  const std::vector<SealedBatch> batches = make_batches(make_schema(shape), batches_of_block, 0, 1000);
  storage::RowBlock block;
  uint64_t txn = 0;
  for (auto _ : state) {
    block.clear();
    append_all(block, batches, txn);
  }
  count_rows(state);
}

class Applier final : public storage::LaneWriterListener {
 public:
  explicit Applier(const storage::SchemaRef& schema)
      : reactor_(backend_),
        io_(reactor_),
        writer_(std::make_unique<storage::LaneWriter>(io_, schema, storage::LaneId{.table = schema->table}, *this)) {}

  // Appends and applies; the block is used again.
  void run(std::span<const SealedBatch> batches) {
    append_all(block_, batches, txn_);
    is_done_ = false;
    writer_->apply(std::move(block_));
    while (!is_done_) reactor_.turn(engine::Instant{});
  }

 private:
  void on_applied(storage::LaneWriter&, storage::RowBlock spent) override {
    block_ = std::move(spent);
    is_done_ = true;
  }
  void on_checkpointed(storage::LaneWriter&) override {}
  void on_failed(storage::LaneWriter&, const absl::Status&) override { UNREACHABLE("an error without a disk"); }

  InstantBackend backend_;
  engine::Reactor reactor_;
  storage::Rounds io_;
  std::unique_ptr<storage::LaneWriter> writer_;
  storage::RowBlock block_;
  uint64_t txn_ = 0;
  bool is_done_ = false;
};

void append_and_apply(benchmark::State& state, const Shape& shape, size_t senders) {
  // Senders take turns batch by batch, each in order and `senders` times slower than all together.
  const storage::SchemaRef schema = make_schema(shape);
  constexpr int64_t step_ns = 1000;
  std::vector<std::vector<SealedBatch>> of_senders;
  for (size_t sender = 0; sender < senders; ++sender) {
    of_senders.push_back(make_batches(schema, batches_of_block / senders, static_cast<int64_t>(sender),
                                      step_ns * static_cast<int64_t>(senders)));
  }
  std::vector<SealedBatch> batches;
  for (size_t i = 0; i < batches_of_block; ++i) batches.push_back(std::move(of_senders[i % senders][i / senders]));
  Applier applier(schema);
  applier.run(batches);
  for (auto _ : state) {
    for (SealedBatch& batch : batches) shift(batch, step_ns * static_cast<int64_t>(batches_of_block * storage::batch_rows_max));
    applier.run(batches);
  }
  count_rows(state);
}

// A block of 4 MiB sorted: `sequences` of them, each in order and a day behind the one before, row by row in turns.
void order_rows(benchmark::State& state, size_t sequences) {
  constexpr int64_t day_ns = 86'400'000'000'000;
  std::vector<int64_t> timestamps(batches_of_block * storage::batch_rows_max);
  for (size_t i = 0; i < timestamps.size(); ++i) {
    timestamps[i] = static_cast<int64_t>(i / sequences) * 1000 + static_cast<int64_t>(i % sequences) * -day_ns;
  }
  for (auto _ : state) benchmark::DoNotOptimize(storage::order_by_timestamp(timestamps));
  count_rows(state);
}

BENCHMARK_CAPTURE(order_rows, in_order, 1);
BENCHMARK_CAPTURE(order_rows, live_and_backfill, 2);
BENCHMARK_CAPTURE(order_rows, sequences_16, 16);
BENCHMARK_CAPTURE(order_rows, falling, batches_of_block* storage::batch_rows_max);
BENCHMARK_CAPTURE(append_block, trades, trades);
BENCHMARK_CAPTURE(append_block, tsbs_cpu, tsbs_cpu);
BENCHMARK_CAPTURE(append_and_apply, trades_1_sender, trades, 1);
BENCHMARK_CAPTURE(append_and_apply, trades_4_senders, trades, 4);
BENCHMARK_CAPTURE(append_and_apply, tsbs_cpu_1_sender, tsbs_cpu, 1);
BENCHMARK_CAPTURE(append_and_apply, tsbs_cpu_4_senders, tsbs_cpu, 4);

}  // namespace
