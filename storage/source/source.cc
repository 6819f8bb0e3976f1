#include "storage/source/source.h"

#include <algorithm>
#include <utility>

#include "engine/base/crc32c.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"

namespace storage {
namespace {

constexpr size_t spellings_per_table_max = 4;

uint64_t rows_of(const RoutedBatch& batch) {
  uint64_t rows = 0;
  for (const BatchShare& share : batch.shares) rows += share.rows;
  return rows;
}

// What a huge row has blown up does not stay that big in the pool.
void trim(RoutedBatch& batch) {
  if (batch.body.capacity() > 2 * batch_size_full) std::vector<std::byte>().swap(batch.body);
  std::vector<BatchSymbols>().swap(batch.symbols);  // whose texts are made anew for each batch
}

}  // namespace

SourceTable::SourceTable(engine::ShardId owner, SchemaRef schema, uint64_t hash_seed)
    : owner_(owner), schema_(std::move(schema)) {
  for (const Column& column : schema_->columns) {
    symbols_.push_back(is_symbol(column.type) ? std::make_unique<SymbolCache>(hash_seed) : nullptr);
  }
}

Source::Source(engine::Shard& shard, const SourceOptions& options, uint64_t hash_seed)
    : shard_(shard),
      options_(options),
      hash_seed_(hash_seed),
      spellings_(0, engine::TextHash{hash_seed}),
      folded_(0, engine::TextHash{hash_seed}) {
  VERIFY_GT(options.batches_max, 1U);
  VERIFY_LE(options.rows_max, batch_rows_max);
  for (uint32_t i = 0; i < options.batches_max; ++i) {
    batches_.push_back(std::make_unique<RoutedBatch>());
    batches_.back()->source = shard.id();
    free_.push_back(batches_.back().get());
  }
}

SourceTable* Source::find(std::string_view name) {
  const auto exact = spellings_.find(name);
  if (exact != spellings_.end()) return exact->second;
  const auto folded = folded_.find(fold_name(name));
  if (folded == folded_.end()) return nullptr;
  if (spellings_.size() < spellings_per_table_max * tables_.size()) spellings_.emplace(std::string(name), folded->second);
  return folded->second;
}

const SourceTable* Source::find(TableId table) const {
  const auto found = tables_.find(table);
  return found == tables_.end() ? nullptr : found->second.get();
}

void Source::ask_table(TableAsk& ask) {
  ask.source = shard_.id();
  ask.rejection = absl::OkStatus();
  send_ask(engine::ShardId{0}, make_message(MessageKind::table_ask, &ask));
}

void Source::ask_columns(ColumnsAsk& ask) {
  const auto found = tables_.find(ask.lane.table);
  VERIFY(found != tables_.end());
  ask.source = shard_.id();
  ask.rejection = absl::OkStatus();
  send_ask(found->second->owner(), make_message(MessageKind::columns_ask, &ask));
}

void Source::send_ask(engine::ShardId target, const engine::MeshMessage& message) {
  if (asks_out_ == asks_out_max) {
    asks_.push_back({.target = target, .message = message});
    return;
  }
  ++asks_out_;
  VERIFY_LE(asks_out_, asks_out_max);
  shard_.endpoint().send_reserved(target, message);  // a ring has room for asks_out_max asks and every batch
}

void Source::ask_done() {
  VERIFY_GT(asks_out_, 0U);
  --asks_out_;
  if (asks_.empty()) return;
  const WaitingAsk next = asks_.front();
  asks_.pop_front();
  send_ask(next.target, next.message);
}

OpenBatch* Source::begin_row(SourceTable& table, Sender& sender, size_t cells, size_t text_size) {
  if (table.batch_ != nullptr && !table.batch_->open.has_room(cells, text_size, options_.size_max)) seal_early(table);
  if (table.batch_ == nullptr) {
    if (free_.empty()) return nullptr;
    table.batch_ = free_.back();
    free_.pop_back();
    table.batch_->lane = table.lane();
    table.batch_->shares.clear();
    table.batch_->open.open(table.schema_);
    ++table.serial_;
    open_.push_back(&table);
  }
  share(*table.batch_, sender);
  table.batch_->open.begin_row();
  return &table.batch_->open;
}

void Source::share(RoutedBatch& batch, Sender& sender) {
  if (sender.interval_empty()) touched_.push_back(&sender);
  sender.count_row();
  if (!batch.shares.empty()) {
    BatchShare& last = batch.shares.back();
    if (last.sender == &sender && last.interval == sender.interval()) {
      ++last.rows;
      return;
    }
  }
  batch.shares.push_back({.sender = &sender, .interval = sender.interval(), .rows = 1});
  sender.batch_out();
}

uint32_t Source::symbol(SourceTable& table, ColumnIndex column, std::string_view text) {
  return table.symbols_[column.value]->local_index(table.batch_->open, table.serial_, column, text);
}

void Source::finish_row(SourceTable& table) {
  const OpenBatch& batch = table.batch_->open;
  if (batch.rows() < options_.rows_max && batch.size_max() < options_.size_full) return;
  seal_early(table);
}

void Source::seal_early(SourceTable& table) {
  std::erase(open_, &table);
  seal(table);
}

void Source::seal(SourceTable& table) {
  VERIFY(table.batch_ != nullptr);
  RoutedBatch& batch = *std::exchange(table.batch_, nullptr);
  batch.rows = batch.open.rows();
  VERIFY_EQ(rows_of(batch), batch.rows);
  batch.open.seal(batch.body, batch.symbols);
  batch.body_crc = engine::crc32c(batch.body);
  batch.rejection = absl::OkStatus();
  shard_.endpoint().send_reserved(table.owner_, make_message(MessageKind::batch, &batch));  // as above
}

bool Source::on_turn(engine::Instant) {
  for (SourceTable* table : open_) seal(*table);
  open_.clear();
  for (Sender* sender : touched_) sender->close_interval();
  touched_.clear();
  return false;
}

void Source::wait_for_room(RoomWaiter& waiter) {
  VERIFY(free_.empty());  // or nothing might call it
  room_waiters_.push_back(&waiter);
}

void Source::forget(RoomWaiter& waiter) { std::erase(room_waiters_, &waiter); }

absl::Status Source::take_rejection() { return std::exchange(rejection_, absl::OkStatus()); }

void Source::on_message(engine::ShardId, const engine::MeshMessage& message) {
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::batch_home:
      return on_batch_home(*message.as<RoutedBatch*>());
    case MessageKind::table_answer:
      return on_table(*message.as<TableAsk*>());
    case MessageKind::columns_answer:
      return on_columns(*message.as<ColumnsAsk*>());
    default:
      UNREACHABLE("message kind of a source");
  }
}

void Source::on_batch_home(RoutedBatch& batch) {
  VERIFY_EQ(batch.source, shard_.id());
  VERIFY_LT(free_.size(), batches_.size());
  SourceTable& table = *tables_.at(batch.lane.table);
  VERIFY(table.batch_ != &batch);
  table.crowded_ = std::exchange(batch.crowded, nullptr);
  const bool rejected = !batch.rejection.ok();
  if (rejected) {
    rejection_ = batch.rejection;
    rows_rejected_ += batch.rows;
  } else {
    learn_symbols(table, batch);
  }
  for (const BatchShare& share : batch.shares) share.sender->batch_home(share.interval, rejected ? share.rows : 0);
  trim(batch);
  free_.push_back(&batch);
  serve_waiters();
}

// As many as find a batch: thousands may wait, and with all of them called each batch that comes home would cost a look at
// every one. Nobody waits for ever: who takes the last batch seals it at the end of the turn at the latest, and it comes home
// and calls the next one; who takes none leaves it to the next one at once. The loop ends, since only who finds no batch waits.
void Source::serve_waiters() {
  while (!room_waiters_.empty() && !free_.empty()) {
    RoomWaiter& waiter = *room_waiters_.front();
    room_waiters_.pop_front();
    waiter.on_room();
  }
}

void Source::learn_symbols(SourceTable& table, const RoutedBatch& batch) {
  for (const BatchSymbols& symbols : batch.symbols) {
    const auto column = std::ranges::find(table.schema_->columns, symbols.column, &Column::id);
    VERIFY(column != table.schema_->columns.end());
    VERIFY(is_symbol(column->type));
    SymbolCache& cache = *table.symbols_[static_cast<size_t>(column - table.schema_->columns.begin())];
    for (const BatchSymbols::Entry& entry : symbols.entries) {
      if (entry.sent_text) cache.learn(symbols.text(entry), entry.id);
    }
  }
}

void Source::on_table(TableAsk& ask) {
  if (ask.rejection.ok()) {
    VERIFY_EQ(ask.schema->table, ask.table);
    std::unique_ptr<SourceTable>& table = tables_[ask.table];
    if (table == nullptr) {
      table = std::make_unique<SourceTable>(ask.owner, ask.schema, hash_seed_);
      folded_.emplace(fold_name(ask.schema->name), table.get());
      spellings_.emplace(ask.schema->name, table.get());
    } else {
      set_schema(*table, ask.schema);
    }
  }
  ask_done();
  ask.waiter->on_answer();
}

void Source::on_columns(ColumnsAsk& ask) {
  if (ask.rejection.ok()) set_schema(*tables_.at(ask.lane.table), ask.schema);
  ask_done();
  ask.waiter->on_answer();
}

// A batch is built for one version: rows gathered for the older one go out first.
void Source::set_schema(SourceTable& table, SchemaRef schema) {
  VERIFY_EQ(schema->table, table.schema_->table);
  if (schema->version <= table.schema_->version) return;
  VERIFY_GT(schema->columns.size(), table.schema_->columns.size());
  if (table.batch_ != nullptr && !engine::sabotaged("open_batch_not_sealed")) {
    std::erase(open_, &table);
    seal(table);
  }
  for (size_t i = table.schema_->columns.size(); i < schema->columns.size(); ++i) {
    const bool symbols = is_symbol(schema->columns[i].type);
    table.symbols_.push_back(symbols ? std::make_unique<SymbolCache>(hash_seed_) : nullptr);
  }
  table.schema_ = std::move(schema);
  VERIFY_EQ(table.symbols_.size(), table.schema_->columns.size());
}

}  // namespace storage
