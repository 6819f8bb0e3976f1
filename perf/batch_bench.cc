// What a row costs its source after it was judged: its cells put into the open batch, symbols looked up, and the full batch
// sealed and checksummed. The rows are those of line_parser_bench.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/base/crc32c.h"
#include "engine/base/verify.h"
#include "net/judge/row_judge.h"
#include "net/line/parser.h"
#include "perf/rows.h"
#include "storage/batch/column_batch.h"
#include "storage/schema/schema.h"
#include "storage/source/symbol_cache.h"

namespace {

struct Row {
  int64_t timestamp = 0;
  std::vector<net::JudgedCell> cells;  // texts are in Rows::text
  size_t text_size = 0;
};

// The source's side of one table, as storage::Source does it.
class Filling {
 public:
  explicit Filling(const perf::Rows& rows) {
    net::LineParser parser;
    net::RowJudge judge(1);
    std::string_view rest = rows.text;
    for (;;) {
      const net::LineStep step = parser.consume(rest);
      rest.remove_prefix(step.consumed);
      if (step.event != net::LineEvent::line) break;
      if (schema_ == nullptr) {
        VERIFY(judge.judge(parser.line(), nullptr) == net::Judgement::needs_table);
        schema_ = std::make_shared<const storage::Schema>(storage::make_schema(storage::TableId{1}, judge.table_wish()));
      }
      VERIFY(judge.judge(parser.line(), schema_.get()) == net::Judgement::row);
      const net::JudgedRow& row = judge.row();
      rows_.push_back(
          {.timestamp = row.timestamp, .cells = {row.cells.begin(), row.cells.end()}, .text_size = parser.line().raw.size()});
    }
    for (size_t i = 0; i < schema_->columns.size(); ++i) symbols_.push_back(std::make_unique<storage::SymbolCache>(1));
    learn_symbols();
    open();
  }

  const std::vector<Row>& rows() const { return rows_; }

  // True when the batch is full.
  bool append(const Row& row) {
    VERIFY(batch_.has_room(row.cells.size() + 1, row.text_size, storage::batch_size_max));
    batch_.begin_row();
    batch_.set_word(schema_->designated, static_cast<uint64_t>(row.timestamp));
    for (const net::JudgedCell& cell : row.cells) {
      if (cell.type == storage::ColumnType::symbol) {
        batch_.set_symbol(cell.column, symbols_[cell.column.value]->local_index(batch_, serial_, cell.column, cell.text));
      } else {
        batch_.set_word(cell.column, cell.word);
      }
    }
    return batch_.rows() == storage::batch_rows_max || batch_.size_max() >= storage::batch_size_full;
  }

  void seal() {
    batch_.seal(body_, sealed_symbols_);
    benchmark::DoNotOptimize(engine::crc32c(body_));
    open();
  }

 private:
  void open() {
    batch_.open(schema_);
    ++serial_;
  }

  // As if the owner had answered.
  void learn_symbols() {
    uint32_t id = 0;
    for (const Row& row : rows_) {
      for (const net::JudgedCell& cell : row.cells) {
        if (cell.type == storage::ColumnType::symbol) symbols_[cell.column.value]->learn(cell.text, storage::SymbolId{id++});
      }
    }
  }

  storage::SchemaRef schema_;
  std::vector<Row> rows_;
  std::vector<std::unique_ptr<storage::SymbolCache>> symbols_;  // by column
  storage::OpenBatch batch_;
  uint64_t serial_ = 0;
  std::vector<std::byte> body_;
  std::vector<storage::BatchSymbols> sealed_symbols_;
};

template <auto make_rows>
void fill_and_seal(benchmark::State& state) {
  const perf::Rows rows = make_rows();
  Filling filling(rows);
  for (auto _ : state) {
    for (const Row& row : filling.rows()) {
      if (filling.append(row)) filling.seal();
    }
  }
  perf::set_counters(state, rows);
}

// Only the sealing is timed.
template <auto make_rows>
void seal(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  const perf::Rows rows = make_rows();
  Filling filling(rows);
  for (auto _ : state) {
    Clock::duration spent{};
    for (const Row& row : filling.rows()) {
      const bool is_last = &row == &filling.rows().back();
      if (!filling.append(row) && !is_last) continue;
      const Clock::time_point start = Clock::now();
      filling.seal();
      spent += Clock::now() - start;
    }
    state.SetIterationTime(std::chrono::duration<double>(spent).count());
  }
  perf::set_counters(state, rows);
}

}  // namespace

BENCHMARK(fill_and_seal<perf::make_trades>)->Name("batch_fill_and_seal/trades");
BENCHMARK(fill_and_seal<perf::make_tsbs_cpu>)->Name("batch_fill_and_seal/tsbs-cpu");
BENCHMARK(seal<perf::make_trades>)->Name("batch_seal/trades")->UseManualTime();
BENCHMARK(seal<perf::make_tsbs_cpu>)->Name("batch_seal/tsbs-cpu")->UseManualTime();
